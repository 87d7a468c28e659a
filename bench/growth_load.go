package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"app/platform/database"
	"app/platform/ids"
)

// Very many products are not listed one by one over the API, which would take an hour,
// but copied within the catalog's database while nobody serves it: each is the product
// that was listed last, with an id, a sku and a time of its own, and so are its stock
// and the entry of its first units in the journal. inspect then asks the shop for them.

// loadBatch is how many products one transaction adds.
const loadBatch = 10_000

// listing is a product as the list has it.
type listing struct {
	ID  string `json:"id"`
	SKU string `json:"sku"`
	// At is when it was listed, in microseconds since 1970: newer ones come first in
	// the list.
	At int64 `json:"at"`
}

const (
	countProducts  = `SELECT COUNT(*) FROM catalog_products WHERE 1 = ?`
	newestProduct  = `SELECT id, sku, created_at FROM catalog_products WHERE archived_at = ? ORDER BY created_at DESC, id DESC LIMIT 1`
	cloneOfProduct = `INSERT INTO catalog_products
	(id, merchant_id, title, description, sku, sku_key, search, price_amount, currency, version, archived_at, created_at)
	SELECT n.value ->> 'id', merchant_id, replace(title, sku, n.value ->> 'sku'), description, n.value ->> 'sku', n.value ->> 'sku',
		replace(search, lower(sku), lower(n.value ->> 'sku')), price_amount, currency, 1, 0, n.value ->> 'at'
	FROM json_each(?) AS n JOIN catalog_products p ON p.id = ?`
	cloneOfStock = `INSERT INTO catalog_stock (product_id, on_hand, held, sold, low_threshold, version)
	SELECT n.value ->> 'id', on_hand, 0, 0, low_threshold, 1
	FROM json_each(?) AS n JOIN catalog_stock s ON s.product_id = ?`
	cloneOfMovement = `INSERT INTO catalog_movements (id, product_id, kind, delta, reason, actor, order_id, created_at)
	SELECT replace(n.value ->> 'id', 'prd_', 'mov_'), n.value ->> 'id', kind, delta, reason, actor, order_id, n.value ->> 'at'
	FROM json_each(?) AS n JOIN catalog_movements m ON m.product_id = ? AND m.kind = 'received'`
)

// loadProducts adds products to the catalog of a data folder until there are total.
// Nobody else may write there.
func loadProducts(ctx context.Context, data string, total int) (err error) {
	db, err := database.Open(ctx, database.Options{Module: "catalog", DataDir: data})
	if err != nil {
		return fmt.Errorf("load products: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var have int
	var model listing
	err = db.Read(ctx, func(ctx context.Context, tx *database.Tx) error {
		return errors.Join(tx.QueryRow(ctx, countProducts, 1).Scan(&have), tx.QueryRow(ctx, newestProduct, 0).Scan(&model.ID, &model.SKU, &model.At))
	})
	if err != nil {
		return fmt.Errorf("load products: %w", err)
	}
	begun, first := time.Now(), have
	for have < total {
		some := clones(model, first, have, min(loadBatch, total-have))
		if err := loadSome(ctx, db, model, some); err != nil {
			return fmt.Errorf("load products: %w", err)
		}
		if have += len(some); have%(10*loadBatch) == 0 {
			fmt.Printf("  %s products of %s after %.0f s\n", number(float64(have)), number(float64(total)), time.Since(begun).Seconds())
		}
	}
	return nil
}

// clones are products after the model, one each microsecond. Number n is to be found by
// the words that product n mod 1,000 of any market is found by, so that among many
// products as large a share has a word as among few.
func clones(model listing, first, from, count int) []listing {
	list := make([]listing, count)
	for i := range list {
		n := from + i
		at := model.At + int64(n-first+1)
		list[i] = listing{ID: ids.New("prd", time.UnixMicro(at)), SKU: fmt.Sprintf("BENCH-%04d-%04d", n%products, n/products), At: at}
	}
	return list
}

// loadSome adds one batch.
func loadSome(ctx context.Context, db *database.DB, model listing, some []listing) error {
	list, err := json.Marshal(some)
	if err != nil {
		return err //nolint:wrapcheck // they always encode
	}
	//nolint:wrapcheck // the caller says what it was for
	return db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		for _, statement := range []string{cloneOfProduct, cloneOfStock, cloneOfMovement} {
			result, err := tx.Exec(ctx, statement, string(list), model.ID)
			if err != nil {
				return err
			}
			if n, err := result.RowsAffected(); err != nil || n != int64(len(some)) {
				return fmt.Errorf("%d rows of %d copied: %w", n, len(some), errors.Join(err, errNoModel))
			}
		}
		return nil
	})
}

// errNoModel is a product that is not as those that the harness lists, with first units
// and nothing else.
var errNoModel = errors.New("the newest product is no model for others")
