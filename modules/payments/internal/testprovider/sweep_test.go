package testprovider_test

import (
	"context"
	"testing"
	"time"

	"app/modules/payments/internal/provider"
	"app/platform/database"
)

const keep = 24 * time.Hour

// sweep lets time pass and sweeps.
func (d *desk) sweep(after time.Duration) {
	d.t.Helper()
	d.advance(after)
	if more, err := d.Sweep(context.Background()); err != nil || more {
		d.t.Errorf("more: %t, %v", more, err)
	}
}

func (d *desk) wantRows(charges, refunds, webhooks int) {
	d.t.Helper()
	for table, want := range map[string]int{"charges": charges, "refunds": refunds, "webhooks": webhooks} {
		var n int
		err := d.DB.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
			return q.QueryRow(ctx, `SELECT COUNT(*) FROM payments_test_`+table).Scan(&n)
		})
		if err != nil || n != want {
			d.t.Errorf("%d %s, %v, want %d", n, table, err, want)
		}
	}
}

// What is old is forgotten, but for what is still to come of it.
func TestSweep(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		refunded := provider.RefundRequest{Key: "rfd_1", Charge: "pay_test_ok", Amount: 500, Currency: "EUR"}
		for _, method := range []string{"test_ok", "test_duplicate", "test_declined"} {
			if _, err := d.charge(method); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Refund(context.Background(), refunded); err != nil {
			t.Fatal(err)
		}
		d.work()
		if _, err := d.charge("test_slow"); err != nil { // captured when somebody works
			t.Fatal(err)
		}
		d.sweep(keep)
		d.wantRows(4, 1, 3)
		d.advance(time.Second)
		d.sweep(0)
		d.wantRows(1, 0, 0)
		d.wantLookup("pay_test_slow", provider.Charge{Key: "pay_test_slow", Status: provider.Pending, Currency: "EUR"})
		d.wantLookup("pay_test_ok", provider.Charge{Key: "pay_test_ok", Status: provider.Unknown})
	})
}
