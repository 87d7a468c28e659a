package slugs

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"app/modules/catalog/internal/pass"
	"app/platform/database"
)

// FillOnce looks at the next 100 products and makes a slug for those that an earlier
// release listed; more reports whether there are others. Processes may run it at the
// same time.
func FillOnce(ctx context.Context, db *database.DB) (more bool, err error) {
	return database.Write(ctx, db, fillNext)
}

// passName is the name of the pass that FillOnce makes.
const passName = "slugs"

// slugRow is what a slug is made of, in the database.
type slugRow struct {
	bun.BaseModel `bun:"table:catalog_products,alias:p"`

	ID         string `bun:"id,pk"`
	ArchivedAt int64  `bun:"archived_at"` // 0 while it is listed
	MerchantID string `bun:"merchant_id"`
	Title      string `bun:"title"`
	Slug       string `bun:"slug"`
}

func fillNext(ctx context.Context, tx *database.Tx) (more bool, err error) {
	place, err := pass.Of(ctx, tx, passName)
	if err != nil {
		return false, err
	}
	var next []slugRow
	err = tx.Bun().NewSelect().Model(&next).Where("p.id > ?", place.ProductID).OrderExpr("p.id").Limit(pass.Batch).Scan(ctx)
	if err != nil || len(next) == 0 {
		return false, err
	}
	for _, row := range next {
		if row.Slug != "" || row.ArchivedAt != 0 {
			continue
		}
		if err := fillProduct(ctx, tx, row); err != nil {
			return false, err
		}
	}
	return len(next) == pass.Batch, place.Move(ctx, tx, next[len(next)-1].ID)
}

// fillProduct gives a listed product a slug, unless somebody else has since. The version
// goes up, because clients see the slug.
func fillProduct(ctx context.Context, tx *database.Tx, row slugRow) error {
	p := Product{ID: row.ID, MerchantID: row.MerchantID, Title: row.Title}
	_, err := WriteFree(ctx, tx, p, func(free string) error {
		_, err := tx.Bun().NewUpdate().Model((*slugRow)(nil)).
			Set("slug = ?", free).Set("slug_key = ?", free).Set("version = version + 1").
			Where("id = ? AND slug = '' AND archived_at = 0", row.ID).Exec(ctx)
		if database.IsDuplicate(err) {
			return database.ErrDuplicate
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("write slug of %s: %w", row.ID, err)
	}
	return nil
}
