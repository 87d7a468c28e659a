// Package backfill gives products that earlier releases listed what they are found by
// today.
package backfill

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"app/modules/catalog/internal/pass"
	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/sku"
	"app/platform/database"
)

// FoldOnce looks at the next 100 products and gives those that were listed by an
// earlier release what searches and skus are compared by today; more reports whether
// there are others. Until then they are found as before. Processes may run it at the
// same time.
func FoldOnce(ctx context.Context, db *database.DB) (more bool, err error) {
	return database.Write(ctx, db, foldNextProducts)
}

// foldRow is what a product is found by, in the database.
type foldRow struct {
	bun.BaseModel `bun:"table:catalog_products,alias:p"`

	ID          string `bun:"id,pk"`
	ArchivedAt  int64  `bun:"archived_at"` // 0 while it is listed
	MerchantID  string `bun:"merchant_id"`
	Title       string `bun:"title"`
	Description string `bun:"description"`
	SKU         string `bun:"sku"`
	SKUFold     string `bun:"sku_fold,nullzero"`
	Search      string `bun:"search"`
	Version     int64  `bun:"version"`
}

// foldedProducts is the name of the pass that FoldOnce makes.
const foldedProducts = "products"

// foldNextProducts gives the next products the search text and the sku_fold that they
// would be given today, and reports whether there may be more. What others change at
// the same time has them already. Of products of a merchant whose skus are one by now
// the first keeps the sku_fold, and the others go without.
func foldNextProducts(ctx context.Context, tx *database.Tx) (more bool, err error) {
	place, err := pass.Of(ctx, tx, foldedProducts)
	if err != nil {
		return false, err
	}
	var next []foldRow
	err = tx.Bun().NewSelect().Model(&next).Where("p.id > ?", place.ProductID).OrderExpr("p.id").Limit(pass.Batch).Scan(ctx)
	if err != nil || len(next) == 0 {
		return false, err
	}
	for _, row := range next {
		if err := foldProduct(ctx, tx, row); err != nil {
			return false, err
		}
	}
	return len(next) == pass.Batch, place.Move(ctx, tx, next[len(next)-1].ID)
}

// foldProduct writes what of a product is out of date.
func foldProduct(ctx context.Context, tx *database.Tx, row foldRow) error {
	search := product.SearchText(product.Product{Title: row.Title, SKU: row.SKU, Description: row.Description})
	if search != row.Search {
		_, err := tx.Bun().NewUpdate().Model((*foldRow)(nil)).
			Set("search = ?", search).Where("id = ? AND version = ?", row.ID, row.Version).Exec(ctx)
		if err != nil {
			return fmt.Errorf("update search text: %w", err)
		}
	}
	if row.ArchivedAt != 0 || row.SKUFold != "" {
		return nil
	}
	_, err := tx.Bun().NewUpdate().Model((*foldRow)(nil)).
		Set("sku_fold = ?", sku.Fold(row.SKU)).Where("id = ? AND version = ? AND archived_at = 0", row.ID, row.Version).Exec(ctx)
	if err != nil && !database.IsDuplicate(err) { // a duplicate: the merchant had both before
		return fmt.Errorf("update sku_fold: %w", err)
	}
	return nil
}
