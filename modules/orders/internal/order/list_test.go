package order_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/orders/internal/order"
	"app/modules/orders/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/money"
)

var start = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

// A page costs the same wherever it is in the list: its statement begins at its first
// order.
func TestOrdersReadsThePageOnly(t *testing.T) {
	t.Parallel()
	const many = 1500
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		manyOrders(t, db, many)
		for name, f := range map[string]order.Filter{"of a buyer": {BuyerID: "u"}, "of a merchant": {MerchantID: "m"}} {
			f.Limit, f.BeforeAt, f.BeforeID = 20, placedAt(many/2), orderID(many/2)
			var ids, want []string
			steps := dbtest.Steps(t, db, func(ctx context.Context, tx *database.Tx) error {
				list, err := order.List(ctx, tx, f)
				for _, o := range list {
					ids = append(ids, o.ID)
				}
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
				statement, args := f.Statement(db.Engine())
				if plan := dbtest.Plan(t, db, statement, args...); !strings.Contains(plan, "created_at<?") || strings.Contains(plan, "TEMP B-TREE") {
					t.Errorf("%s: does not begin at the page:\n%s", name, plan)
				}
			}
		}
	}, migrations.Files)
}

// placedAt has three orders at each moment.
func placedAt(n int) time.Time { return start.Add(time.Duration(n/3) * time.Second) }

func orderID(n int) string { return fmt.Sprintf("ord_%05d", n) }

func manyOrders(t *testing.T, db *database.DB, count int) {
	t.Helper()
	euro := money.Money{Amount: 1, Currency: "EUR"}
	err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		for i := range count {
			err := order.Insert(ctx, tx, order.Order{
				ID: orderID(i), BuyerID: "u", Status: "paid", PaymentStatus: "succeeded", Total: euro, CheckoutKey: orderID(i), Version: 1, CreatedAt: placedAt(i), ExpiresAt: start, UpdatedAt: start,
				Lines: []order.Line{{ProductID: "p", MerchantID: "m", Quantity: 1, Price: euro, Total: euro}},
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
