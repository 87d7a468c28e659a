package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"app/modules/catalog/internal/store"
	"app/modules/catalog/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/ids"
	"app/platform/money"
)

// A page costs the same wherever it is in the list: its statement begins at its first
// product.
func TestListReadsThePageOnly(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		middle := manyProducts(t, db, 2000)
		for name, f := range map[string]store.Filter{
			"of all":        {Before: middle, Limit: 20},
			"of a merchant": {Before: middle, Limit: 20, MerchantID: "m"},
			"of a look":     {Before: middle, Limit: 20, Until: store.Place{CreatedAt: start, ID: "p"}},
		} {
			if db.Engine() == database.SQLite {
				statement, args := f.Statement(db.Engine())
				if plan := dbtest.Plan(t, db, statement, args...); !strings.Contains(plan, "archived_at=? AND created_at") || strings.Contains(plan, "TEMP B-TREE") {
					t.Errorf("%s: does not begin at the page:\n%s", name, plan)
				}
			} else if n := rowsRead(t, db, f); n > 300 {
				t.Errorf("%s: %d rows read for 20 products", name, n)
			}
		}
	}, migrations.Files)
}

// manyProducts lists products of one merchant, a second apart, and tells where the
// middle is.
func manyProducts(t *testing.T, db *database.DB, count int) (middle store.Place) {
	t.Helper()
	write(t, db, func(ctx context.Context, tx *database.Tx) error {
		for i := range count {
			at := start.Add(time.Duration(i) * time.Second)
			p := store.Product{ID: ids.New("prd", at), MerchantID: "m", SKU: fmt.Sprint(i), Price: money.Money{Amount: 1, Currency: "EUR"}, CreatedAt: at}
			if i == count/2 {
				middle = store.Place{CreatedAt: at, ID: p.ID}
			}
			p.Stock.ProductID = p.ID
			if err := errors.Join(store.InsertProduct(ctx, tx, p), store.InsertStock(ctx, tx, p.Stock)); err != nil {
				return err
			}
		}
		return nil
	})
	return middle
}

// rowsRead counts the steps a server takes to read a page.
func rowsRead(t *testing.T, db *database.DB, f store.Filter) int {
	t.Helper()
	return dbtest.Steps(t, db, func(ctx context.Context, tx *database.Tx) error {
		list, err := store.List(ctx, tx, f)
		if err == nil && len(list) != 20 {
			err = fmt.Errorf("a page of %d", len(list))
		}
		return err
	})
}
