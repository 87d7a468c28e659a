package product_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/stock"
	"app/modules/catalog/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/metadata"
)

func TestProductIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		first := dbtest.Filled[product.Product](t)
		first.Archived, first.Version = false, 1
		first.Stock = stock.Stock{ProductID: first.ID, OnHand: 9, LowThreshold: 2, Version: 1}
		write(t, db, func(ctx context.Context, tx *database.Tx) error {
			return errors.Join(product.Insert(ctx, tx, first), stock.Insert(ctx, tx, first.Stock))
		})
		wantRead(t, db, first)
		next := first
		next.Title, next.Description, next.SKU = "Other title", "Other text", "Other sku"
		next.Price.Amount++
		next.MinQuantity++
		next.MaxQuantity++
		next.PublicFrom = next.PublicFrom.Add(-time.Hour)
		next.Metadata = metadata.Metadata{"erp": `4711 "<\'`}
		write(t, db, func(ctx context.Context, tx *database.Tx) error { return product.Update(ctx, tx, first, next) })
		next.Version = 2
		wantRead(t, db, next)
		err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error { return product.Update(ctx, tx, first, first) })
		if !errors.Is(err, database.ErrChanged) {
			t.Errorf("over a version that was overtaken: %v", err)
		}
	}, migrations.Files)
}

// wantRead reads a product alone and in a list.
func wantRead(t *testing.T, db *database.DB, want product.Product) {
	t.Helper()
	alone, err := database.Read(t.Context(), db, func(ctx context.Context, q *database.Tx) (product.Product, error) {
		return product.ListedByID(ctx, q, want.ID)
	})
	if diff := cmp.Diff(want, alone); err != nil || diff != "" {
		t.Errorf("err %v, product (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]product.Product{want}, productsFor(t, db, product.Filter{Limit: 9, At: want.PublicFrom})); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
}
