package product_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/stock"
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
		for name, f := range map[string]product.Filter{
			"of all":        {Before: middle, Limit: 20},
			"of a merchant": {Before: middle, Limit: 20, MerchantID: "m"},
			"of a look":     {Before: middle, Limit: 20, Until: product.Place{CreatedAt: catalogtest.Start, ID: "p"}},
			"of a category": {Before: middle, Limit: 20, CategoryID: "c"},
			"of both":       {Before: middle, Limit: 20, CategoryID: "c", MerchantID: "m"},
		} {
			if db.Engine() == database.SQLite {
				begins := "archived_at=? AND created_at"
				if f.CategoryID != "" {
					begins = "category_id=? AND created_at"
				}
				statement, args := f.Statement(db.Engine())
				if plan := dbtest.Plan(t, db, statement, args...); !strings.Contains(plan, begins) || strings.Contains(plan, "TEMP B-TREE") {
					t.Errorf("%s: does not begin at the page:\n%s", name, plan)
				}
			} else if n := rowsRead(t, db, f); n > 300 {
				t.Errorf("%s: %d rows read for 20 products", name, n)
			}
		}
	}, migrations.Files)
}

// manyProducts lists products of one merchant, a second apart, all in one category, and
// tells where the middle is.
func manyProducts(t *testing.T, db *database.DB, count int) (middle product.Place) {
	t.Helper()
	write(t, db, func(ctx context.Context, tx *database.Tx) error {
		for i := range count {
			at := catalogtest.Start.Add(time.Duration(i) * time.Second)
			p := product.Product{ID: ids.New("prd", at), MerchantID: "m", SKU: fmt.Sprint(i), Price: money.Money{Amount: 1, Currency: "EUR"}, CreatedAt: at}
			if i == count/2 {
				middle = product.Place{CreatedAt: at, ID: p.ID}
			}
			p.Stock.ProductID = p.ID
			if err := errors.Join(product.Insert(ctx, tx, p), stock.Insert(ctx, tx, p.Stock)); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO catalog_category_listings (category_id, created_at, product_id, merchant_id)
			SELECT 'c', created_at, id, merchant_id FROM catalog_products`)
		return err
	})
	return middle
}

// rowsRead counts the steps a server takes to read a page.
func rowsRead(t *testing.T, db *database.DB, f product.Filter) int {
	t.Helper()
	return dbtest.Steps(t, db, func(ctx context.Context, tx *database.Tx) error {
		list, err := product.ListProducts(ctx, tx, f)
		if err == nil && len(list) != 20 {
			err = fmt.Errorf("a page of %d", len(list))
		}
		return err
	})
}

// put adds a product with stock and returns its id.
func put(t *testing.T, db *database.DB, p product.Product) string {
	t.Helper()
	if p.ID == "" {
		p.ID = ids.New("prd", catalogtest.Start)
	}
	if p.SKU == "" {
		p.SKU = p.ID
	}
	if p.CreatedAt.IsZero() {
		p.CreatedAt = catalogtest.Start
	}
	p.Price, p.Stock.ProductID = money.Money{Amount: 100, Currency: "EUR"}, p.ID
	write(t, db, func(ctx context.Context, tx *database.Tx) error {
		return errors.Join(product.Insert(ctx, tx, p), stock.Insert(ctx, tx, p.Stock))
	})
	return p.ID
}

func write(t *testing.T, db *database.DB, fn func(context.Context, *database.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for i, title := range []string{"50% off", "50 off", "snake_case", "snakecase", `back\slash`, "wow!", "Crème Brûlée", "O'Brien"} {
			put(t, db, product.Product{MerchantID: "m", Title: title, SKU: fmt.Sprint("A-", i), Description: "Described", CreatedAt: catalogtest.Start.Add(time.Duration(i) * time.Second)})
		}
		for q, want := range map[string][]string{
			"%": {"50% off"}, "_": {"snake_case"}, `\`: {`back\slash`}, "!": {"wow!"}, "CRÈME": {"Crème Brûlée"}, "o'b": {"O'Brien"},
			"OFF 50": {"50 off", "50% off"}, "off descr": {"50 off", "50% off"}, "off x": nil, `\%`: nil, "!%": nil,
		} {
			if diff := cmp.Diff(want, titlesFor(t, db, product.Filter{Words: strings.Fields(q), Limit: 9})); diff != "" {
				t.Errorf("%q:\n%s", q, diff)
			}
		}
		if got := titlesFor(t, db, product.Filter{MerchantID: "other", Limit: 9}); got != nil {
			t.Errorf("another merchant lists %q", got)
		}
	}, migrations.Files)
}

func TestListTurnsPagesOverEqualTimes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for i := range 7 {
			put(t, db, product.Product{Title: fmt.Sprint(i), CreatedAt: catalogtest.Start.Add(time.Duration(i/3) * time.Second)})
		}
		all, seen := productsFor(t, db, product.Filter{Limit: 9}), []product.Product(nil)
		for f := (product.Filter{Limit: 2}); ; {
			page := productsFor(t, db, f)
			if seen = append(seen, page...); len(page) < 2 {
				break
			}
			f.Before.CreatedAt, f.Before.ID = page[1].CreatedAt, page[1].ID
		}
		if diff := cmp.Diff(all, seen); diff != "" || len(all) != 7 {
			t.Errorf("%d products\n%s", len(all), diff)
		}
	}, migrations.Files)
}

func productsFor(t *testing.T, db *database.DB, f product.Filter) (out []product.Product) {
	t.Helper()
	err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) (err error) {
		out, err = product.ListProducts(ctx, q, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func titlesFor(t *testing.T, db *database.DB, f product.Filter) (out []string) {
	t.Helper()
	for _, p := range productsFor(t, db, f) {
		out = append(out, p.Title)
	}
	return out
}
