package product

import (
	"context"
	"errors"
	"fmt"

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
	p.Slug, err = WriteFreeSlug(ctx, tx, p, func(free string) error {
		p.Slug = free
		return Insert(ctx, tx, p)
	})
	return p, err
}

// WriteFreeSlug makes slugs of a product's title and writes one, again when somebody
// else has taken it meanwhile. The error is database.ErrDuplicate when it is not the
// slug that stands in the way.
func WriteFreeSlug(ctx context.Context, tx *database.Tx, p Product, write func(free string) error) (string, error) {
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
