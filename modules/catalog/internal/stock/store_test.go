package stock_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/stock"
	"app/modules/catalog/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/ids"
)

// A field that a row leaves out would be lost, and fails here.
func TestRowsHaveEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, stock.RowOf, stock.Row.Stock)
	dbtest.RoundTrip(t, stock.Row.Stock, stock.RowOf)
	dbtest.WantFilled(t, stock.MovementRowOf(dbtest.Filled[stock.Movement](t)))
}

func TestReplyHasEveryField(t *testing.T) {
	t.Parallel()
	s := dbtest.Filled[stock.Stock](t)
	s.OnHand += 100
	dbtest.WantFilled(t, stock.NewBody(s))
}

// put makes the stock of a product and returns the product's id.
func put(t *testing.T, db *database.DB, onHand int64) string {
	t.Helper()
	id := ids.New("prd", catalogtest.Start)
	write(t, db, func(ctx context.Context, tx *database.Tx) error {
		return stock.Insert(ctx, tx, stock.Stock{ProductID: id, OnHand: onHand})
	})
	return id
}

func write(t *testing.T, db *database.DB, fn func(context.Context, *database.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func stockOf(t *testing.T, db *database.DB, id string) stock.Stock {
	t.Helper()
	s, err := database.Read(t.Context(), db, func(ctx context.Context, q *database.Tx) (stock.Stock, error) {
		return stock.Read(ctx, q, id)
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestFailure05_LockedCheckAlone takes units with nothing but the conditional update:
// nobody looks first.
func TestFailure05_LockedCheckAlone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		id := put(t, db, 50)
		var taken, refused atomic.Int64
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() {
				for range 3 {
					var ok bool
					err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) (err error) {
						ok, err = stock.Shift{ProductID: id, Held: 1}.Apply(ctx, tx)
						return err
					})
					switch {
					case err != nil:
						t.Error(err)
					case ok:
						taken.Add(1)
					default:
						refused.Add(1)
					}
				}
			})
		}
		all.Wait()
		if taken.Load() != 50 || refused.Load() != 70 {
			t.Errorf("taken %d, refused %d, want 50 and 70", taken.Load(), refused.Load())
		}
		want := stock.Stock{ProductID: id, OnHand: 50, Held: 50, Version: 51}
		if diff := cmp.Diff(want, stockOf(t, db, id)); diff != "" {
			t.Error(diff)
		}
	}, migrations.Files)
}

func TestSchemaRefusesBrokenStock(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		id := put(t, db, 5)
		for name, set := range map[string]string{
			"negative on hand":   "on_hand = -1",
			"negative held":      "held = -1",
			"negative sold":      "sold = -1",
			"promised too often": "held = 3, sold = 3",
		} {
			err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
				_, err := tx.Exec(ctx, "UPDATE catalog_stock SET "+set+" WHERE product_id = ?", id)
				return err
			})
			if !database.IsCheck(err) {
				t.Errorf("%s: %v, want a broken constraint", name, err)
			}
		}
	}, migrations.Files)
}

func TestCorrect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		delta, version int64
		want           bool
	}{
		"more units":                        {delta: 7, want: true},
		"all that is neither held nor sold": {delta: -4, want: true},
		"one that is held":                  {delta: -5},
		"more than can be on hand":          {delta: stock.MaxOnHand - 9},
		"the current version":               {delta: 1, version: 2, want: true},
		"an older version":                  {delta: 1, version: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := dbtest.Open(t, migrations.Files)
			id := put(t, db, 10)
			var ok bool
			write(t, db, func(ctx context.Context, tx *database.Tx) (err error) {
				if err := (stock.Shift{ProductID: id, Held: 4, Sold: 2}).MustApply(ctx, tx); err != nil {
					return err
				}
				ok, err = stock.AdjustOnHand(ctx, tx, id, c.delta, c.version)
				return err
			})
			want := stock.Stock{ProductID: id, OnHand: 10, Held: 4, Sold: 2, Version: 2}
			if c.want {
				want.OnHand, want.Version = want.OnHand+c.delta, 3
			}
			if diff := cmp.Diff(want, stockOf(t, db, id)); ok != c.want || diff != "" {
				t.Errorf("%t, want %t\n%s", ok, c.want, diff)
			}
		})
	}
}
