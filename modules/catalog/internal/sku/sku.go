// Package sku compares what merchants call their products: two spellings of one sku are
// one sku.
package sku

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"app/platform/database"
	"app/platform/text"
)

// row is a product's sku in the database.
type row struct {
	bun.BaseModel `bun:"table:catalog_products,alias:p"`

	ID         string `bun:"id,pk"`
	ArchivedAt int64  `bun:"archived_at"` // 0 while it is listed
	MerchantID string `bun:"merchant_id"`
	SKU        string `bun:"sku"`
	SKUFold    string `bun:"sku_fold,nullzero"`
}

// RetryAfterFreeing runs a change that gives a product of a merchant the sku, and runs it
// once more when it meets a sku_fold that is
// out of date: the release before this column archives products and changes their skus
// without it.
func RetryAfterFreeing(ctx context.Context, tx *database.Tx, merchantID, sku string, change func() error) error {
	err := change()
	if !errors.Is(err, database.ErrDuplicate) {
		return err
	}
	fold := Fold(sku)
	var other row
	err = database.Found("product by sku_fold", tx.Bun().NewSelect().Model(&other).
		Where("p.merchant_id = ? AND p.sku_fold = ?", merchantID, fold).Scan(ctx))
	switch {
	case errors.Is(err, database.ErrNotFound) || err == nil && other.ArchivedAt == 0 && Fold(other.SKU) == fold:
		return database.ErrDuplicate
	case err != nil:
		return err
	}
	_, err = tx.Bun().NewUpdate().Model((*row)(nil)).
		Set("sku_fold = NULL").Where("id = ? AND sku_fold = ?", other.ID, fold).Exec(ctx)
	if err != nil {
		return fmt.Errorf("update sku_fold: %w", err)
	}
	return change()
}

// maxFold is the bytes of catalog_products.sku_fold.
const maxFold = 64

// Fold is what two spellings of a sku have in common, or its digest where that is
// too long for its column.
func Fold(sku string) string {
	key := text.Key(sku)
	if len(key) <= maxFold {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
