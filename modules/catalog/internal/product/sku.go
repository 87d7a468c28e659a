package product

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"app/platform/database"
)

// skuRow is a product's sku in the database.
type skuRow struct {
	bun.BaseModel `bun:"table:catalog_products,alias:p"`

	ID         string `bun:"id,pk"`
	ArchivedAt int64  `bun:"archived_at"` // 0 while it is listed
	MerchantID string `bun:"merchant_id"`
	SKU        string `bun:"sku"`
	SKUFold    string `bun:"sku_fold,nullzero"`
}

// retryAfterFreeingSKU runs a change of p once more when it meets a sku_fold that is
// out of date: the release before this column archives products and changes their skus
// without it.
func retryAfterFreeingSKU(ctx context.Context, tx *database.Tx, p Product, change func() error) error {
	err := change()
	if !errors.Is(err, database.ErrDuplicate) {
		return err
	}
	fold := FoldSKU(p.SKU)
	var other skuRow
	err = database.Found("product by sku_fold", tx.Bun().NewSelect().Model(&other).
		Where("p.merchant_id = ? AND p.sku_fold = ?", p.MerchantID, fold).Scan(ctx))
	switch {
	case errors.Is(err, database.ErrNotFound) || err == nil && other.ArchivedAt == 0 && FoldSKU(other.SKU) == fold:
		return database.ErrDuplicate
	case err != nil:
		return err
	}
	_, err = tx.Bun().NewUpdate().Model((*skuRow)(nil)).
		Set("sku_fold = NULL").Where("id = ? AND sku_fold = ?", other.ID, fold).Exec(ctx)
	if err != nil {
		return fmt.Errorf("update sku_fold: %w", err)
	}
	return change()
}
