package collection_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/collection"
	"app/modules/catalog/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/fault"
	"app/platform/ids"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// A field that a form leaves out would be lost, and fails here.
func TestFormsHaveEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, collection.RowOf, collection.OfRow)
	dbtest.RoundTrip(t, collection.OfRow, collection.RowOf)
	dbtest.WantFilled(t, collection.Render(dbtest.Filled[collection.Collection](t)))
	dbtest.WantFilled(t, collection.DraftOf(dbtest.Filled[collection.CreateBody](t)))
	change := collection.ChangeOf(dbtest.Filled[collection.ChangeBody](t))
	slug := "summer"
	change.Slug = &slug
	changed, err := change.ApplyTo(collection.Collection{})
	if err != nil {
		t.Fatal(err)
	}
	dbtest.WantFilled(t, changed, "ID", "MerchantID", "Version", "CreatedAt")
}

// The schema holds what the code checks, on both engines.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		write := func(fn func(context.Context, *database.Tx) error) error { return db.Write(t.Context(), fn) }
		insert := func(id, merchantID, slug string) error {
			c := collection.Collection{ID: id, MerchantID: merchantID, Slug: slug, CreatedAt: catalogtest.Start}
			return write(func(ctx context.Context, tx *database.Tx) error { return collection.Insert(ctx, tx, c) })
		}
		replace := func(productIDs ...string) error {
			return write(func(ctx context.Context, tx *database.Tx) error {
				return collection.ReplacePlaces(ctx, tx, "1", productIDs)
			})
		}
		if err := errors.Join(insert("1", "m", "one"), insert("2", "m", "two"), insert("3", "other", "one")); err != nil {
			t.Fatal(err)
		}
		if err := insert("4", "m", "one"); !errors.Is(err, database.ErrDuplicate) {
			t.Errorf("a slug twice: %v", err)
		}
		if err := replace("a", "b", "a"); !errors.Is(err, database.ErrDuplicate) {
			t.Errorf("a product twice: %v", err)
		}
		many := strings.Fields(strings.Repeat("p ", collection.MaxProducts+1))
		for i := range many {
			many[i] += fmt.Sprint(i)
		}
		if err := replace(many[1:]...); err != nil {
			t.Errorf("as many as there may be: %v", err)
		}
		if err := replace(many...); err == nil {
			t.Error("one more than there may be: accepted")
		}
	}, migrations.Files)
}

// A collection is bounded for whoever calls, not only by the form of requests.
func TestACollectionIsBounded(t *testing.T) {
	t.Parallel()
	s := catalogtest.Open(t)
	c, err := s.Picked.Create(s.Manager(), collection.Draft{MerchantID: catalogtest.Merchant, Name: "n", Slug: "summer"})
	s.Must(err)
	many := make([]string, collection.MaxProducts+1)
	for i := range many {
		many[i] = ids.New("prd", catalogtest.Start)
	}
	_, err = s.Picked.SetProducts(s.Manager(), c.ID, func(int64) error { return nil }, many)
	if fields := fault.From(err).Fields; len(fields) != 1 || fields[0].Pointer != "/product_ids" {
		t.Errorf("%v: %v", err, fields)
	}
}

// Of two that put products at the same time both are there, or the first in vain.
func TestPutAtTheSameTime(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		c, err := s.Picked.Create(s.Manager(), collection.Draft{MerchantID: catalogtest.Merchant, Name: "n", Slug: "summer"})
		s.Must(err)
		a, b := s.Product(1), s.Product(1)
		done := 0
		for _, err := range catalogtest.Together(8, func(i int) error {
			_, err := s.Picked.SetProducts(s.Manager(), c.ID, func(int64) error { return nil }, [][]string{{a, b}, {b, a}}[i%2])
			return err
		}) {
			switch {
			case err == nil:
				done++
			case !fault.ChangedMeanwhile.Matches(err):
				t.Error(err)
			}
		}
		now, err := s.Picked.ByID(t.Context(), c.ID)
		if places := s.Column(`SELECT product_id FROM catalog_collection_products`); err != nil || len(places) != 2 || now.Version != int64(done+1) {
			t.Errorf("%v; %d done, version %d, products %v", err, done, now.Version, places)
		}
	})
}
