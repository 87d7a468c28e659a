package product

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"app/platform/database"
	"app/platform/slug"
)

// slugKind is what a slug is made of when the title gives nothing for one.
const slugKind = "product"

const (
	// maxNumber bounds the numbers that tell slugs of one title apart. Beyond it the end
	// of the product's id does, so that a thousand products of one title are no more
	// work than ten.
	maxNumber = 16
	// idSuffix is as much of an id as leaves room for what was made of the title.
	idSuffix = slug.Max - slug.MaxMade - 1
	// slugTries bounds how often a slug is made that others take at the same time, and
	// numberTries how often it is a number of which they are many.
	slugTries, numberTries = 4, 2
)

// insertWithSlug adds a product as Insert does, and returns it with its slug: the one
// that was given, or one made of its title that the merchant lists no other product
// under.
func insertWithSlug(ctx context.Context, tx *database.Tx, p Product) (Product, error) {
	if p.Slug != "" {
		return p, Insert(ctx, tx, p)
	}
	var err error
	p.Slug, err = writeFreeSlug(ctx, tx, p, func(free string) error {
		p.Slug = free
		return Insert(ctx, tx, p)
	})
	return p, err
}

// writeFreeSlug makes slugs of a product's title and writes one, again when somebody
// else has taken it meanwhile. The error is database.ErrDuplicate when it is not the
// slug that stands in the way.
func writeFreeSlug(ctx context.Context, tx *database.Tx, p Product, write func(free string) error) (string, error) {
	for try := range slugTries {
		free, err := makeFreeSlug(ctx, tx, p, try)
		if err != nil {
			return "", err
		}
		err = write(free)
		if !errors.Is(err, database.ErrDuplicate) {
			return free, err
		}
		taken, err := takenSlugs(ctx, tx, p.MerchantID, []string{free})
		if err != nil {
			return "", err
		}
		if !taken[free] {
			break
		}
	}
	return "", database.ErrDuplicate
}

// makeFreeSlug makes a slug of a product's title that the merchant lists no product
// under: the plain one, then "-2" to "-16", then the end of the id, which is also for
// whoever has lost a number to others. A title that changes leaves the slug as it is,
// since people keep addresses.
func makeFreeSlug(ctx context.Context, tx *database.Tx, p Product, try int) (string, error) {
	made := slug.Of(p.Title, slugKind)
	last := made + "-" + p.ID[max(0, len(p.ID)-idSuffix):]
	if try >= numberTries {
		return last, nil
	}
	candidates := make([]string, maxNumber)
	for i := range candidates {
		candidates[i] = slug.Numbered(made, i+1)
	}
	taken, err := takenSlugs(ctx, tx, p.MerchantID, candidates)
	if err != nil {
		return "", err
	}
	for _, candidate := range candidates {
		if !taken[candidate] {
			return candidate, nil
		}
	}
	return last, nil
}

// takenSlugs are those of the slugs under which the merchant lists a product.
func takenSlugs(ctx context.Context, tx *database.Tx, merchantID string, slugs []string) (map[string]bool, error) {
	keys, args := anyOf(slugs)
	rows, err := tx.Query(ctx, `SELECT slug_key FROM catalog_products WHERE merchant_id = ? AND archived_at = 0 AND slug_key IN `+keys,
		append([]any{merchantID}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("list slugs: %w", err)
	}
	defer rows.Close()
	taken := map[string]bool{}
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, fmt.Errorf("list slugs: %w", err)
		}
		taken[key] = true
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list slugs: %w", err)
	}
	return taken, nil
}

// SlugOnce looks at the next 100 products and makes a slug for those that an earlier
// release listed; more reports whether there are others. Processes may run it at the
// same time.
func (s *Service) SlugOnce(ctx context.Context) (more bool, err error) {
	return database.Write(ctx, s.DB, slugNextProducts)
}

// sluggedProducts is the row of catalog_folded that says how far SlugOnce has come.
const sluggedProducts = "slugs"

// slugRow is what a slug is made of, in the database.
type slugRow struct {
	bun.BaseModel `bun:"table:catalog_products,alias:p"`

	ID         string `bun:"id,pk"`
	ArchivedAt int64  `bun:"archived_at"` // 0 while it is listed
	MerchantID string `bun:"merchant_id"`
	Title      string `bun:"title"`
	Slug       string `bun:"slug"`
}

func slugNextProducts(ctx context.Context, tx *database.Tx) (more bool, err error) {
	at, begun, err := placeOfPass(ctx, tx, sluggedProducts)
	if err != nil {
		return false, err
	}
	var next []slugRow
	err = tx.Bun().NewSelect().Model(&next).Where("p.id > ?", at).OrderExpr("p.id").Limit(foldBatch).Scan(ctx)
	if err != nil || len(next) == 0 {
		return false, err
	}
	for _, row := range next {
		if row.Slug != "" || row.ArchivedAt != 0 {
			continue
		}
		if err := slugProduct(ctx, tx, row); err != nil {
			return false, err
		}
	}
	return len(next) == foldBatch, movePlace(ctx, tx, sluggedProducts, next[len(next)-1].ID, begun)
}

// slugProduct gives a listed product a slug, unless somebody else has since. The version
// goes up, because clients see the slug.
func slugProduct(ctx context.Context, tx *database.Tx, row slugRow) error {
	p := Product{ID: row.ID, MerchantID: row.MerchantID, Title: row.Title}
	_, err := writeFreeSlug(ctx, tx, p, func(free string) error {
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
