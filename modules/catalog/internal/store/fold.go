package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"app/platform/database"
	"app/platform/text"
)

const (
	// maxSearch is what a TEXT column of MySQL holds, in bytes. No real text comes near
	// it: 5,000 characters would have to become more than 13 bytes each.
	maxSearch = 65_535
	maxFold   = 64 // bytes of catalog_products.sku_fold
)

// searchText is what List finds a product by.
func searchText(p Product) string {
	return text.Cut(text.Key(p.Title+"\n"+p.SKU+"\n"+p.Description), maxSearch)
}

// foldSKU is what two spellings of a sku have in common, or its digest where that is
// too long for its column.
func foldSKU(sku string) string {
	key := text.Key(sku)
	if len(key) <= maxFold {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// retryAfterFreeingSKU runs a change of p once more when it meets a sku_fold that is
// out of date: the release before this column archives products and changes their skus
// without it.
func retryAfterFreeingSKU(ctx context.Context, tx *database.Tx, p Product, change func() error) error {
	err := change()
	if !errors.Is(err, ErrDuplicate) {
		return err
	}
	fold := foldSKU(p.SKU)
	var id, sku string
	var archived int64
	err = wrapStoreError("select product by sku_fold", tx.QueryRow(ctx, `SELECT id, sku, archived_at FROM catalog_products WHERE merchant_id = ? AND sku_fold = ?`,
		p.MerchantID, fold).Scan(&id, &sku, &archived))
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && archived == 0 && foldSKU(sku) == fold:
		return ErrDuplicate
	case err != nil:
		return err
	}
	_, err = updateRow(ctx, tx, "sku_fold", `UPDATE catalog_products SET sku_fold = NULL WHERE id = ? AND sku_fold = ?`, id, fold)
	if err != nil {
		return err
	}
	return change()
}

// unfolded is a product as Fold looks at it.
type unfolded struct {
	Product

	search string
	bare   bool // without a sku_fold
}

func scanUnfolded(row scanner, p *unfolded) error {
	var archived int64
	err := row.Scan(&p.ID, &p.MerchantID, &p.Title, &p.Description, &p.SKU, &p.Version, &p.search, &archived, &p.bare)
	p.Archived = archived != 0
	return err
}

// foldedProducts is the row of catalog_folded that says how far Fold has come.
const foldedProducts = "products"

// Fold gives the next so many products the search text and the sku_fold that they would
// be given today, and reports whether there may be more. What others change at the same
// time has them already. Of products of a merchant whose skus are one by now the first
// keeps the sku_fold, and the others go without.
func Fold(ctx context.Context, tx *database.Tx, limit int) (more bool, err error) {
	var at string
	err = wrapStoreError("select place", tx.QueryRow(ctx, `SELECT product_id FROM catalog_folded WHERE name = ?`, foldedProducts).Scan(&at))
	begun := !errors.Is(err, ErrNotFound)
	if err != nil && begun {
		return false, err
	}
	next, err := selectRows(ctx, tx, "products", scanUnfolded, `SELECT id, merchant_id, title, description, sku, version, search, archived_at,
		sku_fold IS NULL FROM catalog_products WHERE id > ? ORDER BY id LIMIT ?`, at, limit)
	if err != nil || len(next) == 0 {
		return false, err
	}
	for _, p := range next {
		if err := p.saveFoldedColumns(ctx, tx); err != nil {
			return false, err
		}
	}
	place := `UPDATE catalog_folded SET product_id = ? WHERE name = ?`
	if !begun {
		place = `INSERT INTO catalog_folded (product_id, name) VALUES (?, ?)`
	}
	if _, err := tx.Exec(ctx, place, next[len(next)-1].ID, foldedProducts); err != nil && !database.IsDuplicate(err) {
		return false, fmt.Errorf("move place: %w", err)
	}
	return len(next) == limit, nil
}

func (p unfolded) saveFoldedColumns(ctx context.Context, tx *database.Tx) error {
	if search := searchText(p.Product); search != p.search {
		if _, err := updateRow(ctx, tx, "search text", `UPDATE catalog_products SET search = ? WHERE id = ? AND version = ?`, search, p.ID, p.Version); err != nil {
			return err
		}
	}
	if p.Archived || !p.bare {
		return nil
	}
	_, err := updateRow(ctx, tx, "sku_fold", `UPDATE catalog_products SET sku_fold = ? WHERE id = ? AND version = ? AND archived_at = 0`, foldSKU(p.SKU), p.ID, p.Version)
	if database.IsDuplicate(err) {
		return nil // the merchant had both before
	}
	return err
}
