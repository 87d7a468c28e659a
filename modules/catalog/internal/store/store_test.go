package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/store"
	"app/modules/catalog/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/ids"
	"app/platform/money"
)

var start = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

// put adds a product with stock and returns its id.
func put(t *testing.T, db *database.DB, p store.Product) string {
	t.Helper()
	if p.ID == "" {
		p.ID = ids.New("prd", start)
	}
	if p.SKU == "" {
		p.SKU = p.ID
	}
	if p.CreatedAt.IsZero() {
		p.CreatedAt = start
	}
	p.Price, p.Stock.ProductID = money.Money{Amount: 100, Currency: "EUR"}, p.ID
	write(t, db, func(ctx context.Context, tx *database.Tx) error {
		return errors.Join(store.InsertProduct(ctx, tx, p), store.InsertStock(ctx, tx, p.Stock))
	})
	return p.ID
}

func write(t *testing.T, db *database.DB, fn func(context.Context, *database.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func stockOf(t *testing.T, db *database.DB, id string) (s store.Stock) {
	t.Helper()
	err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
		p, err := store.ProductByID(ctx, q, id)
		s = p.Stock
		return err
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
		id := put(t, db, store.Product{Stock: store.Stock{OnHand: 50}})
		var taken, refused atomic.Int64
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() {
				for range 3 {
					var ok bool
					err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) (err error) {
						ok, err = store.Shift{ProductID: id, Held: 1}.Apply(ctx, tx)
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
		want := store.Stock{ProductID: id, OnHand: 50, Held: 50, Version: 51}
		if diff := cmp.Diff(want, stockOf(t, db, id)); diff != "" {
			t.Error(diff)
		}
	}, migrations.Files)
}

func TestSchemaRefusesBrokenStock(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		id := put(t, db, store.Product{Stock: store.Stock{OnHand: 5}})
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
		"more than can be on hand":          {delta: store.MaxOnHand - 9},
		"the current version":               {delta: 1, version: 2, want: true},
		"an older version":                  {delta: 1, version: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := dbtest.Open(t, migrations.Files)
			id := put(t, db, store.Product{Stock: store.Stock{OnHand: 10}})
			var ok bool
			write(t, db, func(ctx context.Context, tx *database.Tx) (err error) {
				if err := (store.Shift{ProductID: id, Held: 4, Sold: 2}).MustApply(ctx, tx); err != nil {
					return err
				}
				ok, err = store.Correct(ctx, tx, id, c.delta, c.version)
				return err
			})
			want := store.Stock{ProductID: id, OnHand: 10, Held: 4, Sold: 2, Version: 2}
			if c.want {
				want.OnHand, want.Version = want.OnHand+c.delta, 3
			}
			if diff := cmp.Diff(want, stockOf(t, db, id)); ok != c.want || diff != "" {
				t.Errorf("%t, want %t\n%s", ok, c.want, diff)
			}
		})
	}
}

// A hold lapses when it is still held and its time has passed, whatever a sweep has
// read before.
func TestLapseHold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for name, c := range map[string]struct {
			state store.State
			left  time.Duration
			want  bool
		}{
			"held and due":     {store.Held, 0, true},
			"held with time":   {store.Held, time.Microsecond, false},
			"sold meanwhile":   {store.Sold, -time.Hour, false},
			"cancelled":        {store.Cancelled, -time.Hour, false},
			"released already": {store.Released, -time.Hour, false},
		} {
			id, ok := ids.New("ord", start), false
			write(t, db, func(ctx context.Context, tx *database.Tx) (err error) {
				if err := store.InsertHold(ctx, tx, store.Hold{OrderID: id, State: c.state, CreatedAt: start, ExpiresAt: start.Add(c.left)}); err != nil {
					return err
				}
				ok, err = store.LapseHold(ctx, tx, id, start)
				return err
			})
			if ok != c.want {
				t.Errorf("%s: lapsed %t, want %t", name, ok, c.want)
			}
		}
	}, migrations.Files)
}

func TestList(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for i, title := range []string{"50% off", "50 off", "snake_case", "snakecase", `back\slash`, "wow!", "Crème Brûlée", "O'Brien"} {
			put(t, db, store.Product{MerchantID: "m", Title: title, SKU: fmt.Sprint("A-", i), Description: "Described", CreatedAt: start.Add(time.Duration(i) * time.Second)})
		}
		for q, want := range map[string][]string{
			"%": {"50% off"}, "_": {"snake_case"}, `\`: {`back\slash`}, "!": {"wow!"}, "CRÈME": {"Crème Brûlée"}, "o'b": {"O'Brien"},
			"OFF 50": {"50 off", "50% off"}, "off descr": {"50 off", "50% off"}, "off x": nil, `\%`: nil, "!%": nil,
		} {
			if diff := cmp.Diff(want, titles(t, db, store.Filter{Words: strings.Fields(q), Limit: 9})); diff != "" {
				t.Errorf("%q:\n%s", q, diff)
			}
		}
		if got := titles(t, db, store.Filter{MerchantID: "other", Limit: 9}); got != nil {
			t.Errorf("another merchant lists %q", got)
		}
	}, migrations.Files)
}

func TestListTurnsPagesOverEqualTimes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for i := range 7 {
			put(t, db, store.Product{Title: fmt.Sprint(i), CreatedAt: start.Add(time.Duration(i/3) * time.Second)})
		}
		all, seen := products(t, db, store.Filter{Limit: 9}), []store.Product(nil)
		for f := (store.Filter{Limit: 2}); ; {
			page := products(t, db, f)
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

func products(t *testing.T, db *database.DB, f store.Filter) (out []store.Product) {
	t.Helper()
	err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) (err error) {
		out, err = store.List(ctx, q, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func titles(t *testing.T, db *database.DB, f store.Filter) (out []string) {
	t.Helper()
	for _, p := range products(t, db, f) {
		out = append(out, p.Title)
	}
	return out
}
