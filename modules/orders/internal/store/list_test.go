package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/orders/internal/store"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/money"
)

var start = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

// A page costs the same wherever it is in the list: its statement begins at its first order.
func TestOrdersReadsThePageOnly(t *testing.T) {
	t.Parallel()
	const many = 1500
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		manyOrders(t, db, many)
		for name, f := range map[string]store.Filter{"of a buyer": {BuyerID: "u"}, "of a merchant": {MerchantID: "m"}} {
			f.Limit, f.BeforeAt, f.BeforeID = 20, placedAt(many/2), orderID(many/2)
			var ids, want []string
			steps := 0
			read(t, db, func(ctx context.Context, tx *database.Tx) (err error) {
				ids, steps, err = page(ctx, tx, f)
				return err
			})
			for i := range 20 {
				want = append(want, orderID(many/2-1-i))
			}
			if diff := cmp.Diff(want, ids); diff != "" {
				t.Errorf("%s: -want +got\n%s", name, diff)
			}
			if steps > 300 {
				t.Errorf("%s: %d rows read for 20 orders", name, steps)
			}
			if db.Engine() == database.SQLite {
				if plan := planOf(t, db, f); !strings.Contains(plan, "created_at<?") || strings.Contains(plan, "TEMP B-TREE") {
					t.Errorf("%s: does not begin at the page:\n%s", name, plan)
				}
			}
		}
	}, store.Migrations())
}

// placedAt has three orders at each moment.
func placedAt(n int) time.Time { return start.Add(time.Duration(n/3) * time.Second) }

func orderID(n int) string { return fmt.Sprintf("ord_%05d", n) }

func manyOrders(t *testing.T, db *database.DB, count int) {
	t.Helper()
	euro := money.Money{Amount: 1, Currency: "EUR"}
	err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		for i := range count {
			err := store.InsertOrder(ctx, tx, store.Order{
				ID: orderID(i), BuyerID: "u", Status: "paid", PaymentStatus: "succeeded", Total: euro, CheckoutKey: orderID(i), Version: 1, CreatedAt: placedAt(i), ExpiresAt: start, UpdatedAt: start,
				Lines: []store.Line{{ProductID: "p", MerchantID: "m", Quantity: 1, Price: euro, Total: euro}},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// page reads one, and counts the steps that a server takes through indices and tables for it; 0 on SQLite.
func page(ctx context.Context, tx *database.Tx, f store.Filter) (ids []string, steps int, err error) {
	before, err := stepsTaken(ctx, tx)
	if err != nil {
		return nil, 0, err
	}
	list, err := store.Orders(ctx, tx, f)
	if err != nil {
		return nil, 0, err
	}
	for _, o := range list {
		ids = append(ids, o.ID)
	}
	steps, err = stepsTaken(ctx, tx)
	return ids, steps - before, err
}

// stepsTaken is the account of the server's connection, to which reading it adds a few.
func stepsTaken(ctx context.Context, tx *database.Tx) (steps int, err error) {
	if tx.Engine() == database.SQLite {
		return 0, nil
	}
	rows, err := tx.Query(ctx, `SHOW SESSION STATUS LIKE 'Handler\_read\_%'`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		if err := rows.Scan(new(string), &n); err != nil {
			return 0, err
		}
		steps += n
	}
	return steps, rows.Err()
}

// planOf is how SQLite would run the statement.
func planOf(t *testing.T, db *database.DB, f store.Filter) (plan string) {
	t.Helper()
	statement, args := f.Statement(db.Engine())
	read(t, db, func(ctx context.Context, tx *database.Tx) error {
		rows, err := tx.Query(ctx, "EXPLAIN QUERY PLAN "+statement, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var step string
			if err := rows.Scan(new(int), new(int), new(int), &step); err != nil {
				return err
			}
			plan += step + "\n"
		}
		return rows.Err()
	})
	return plan
}

func read(t *testing.T, db *database.DB, fn func(context.Context, *database.Tx) error) {
	t.Helper()
	if err := db.Read(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}
