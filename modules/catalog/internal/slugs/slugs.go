// Package slugs finds a slug for each product of a merchant that no other one has which
// the merchant lists.
package slugs

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"app/platform/database"
	"app/platform/slug"
)

// kind is what a slug is made of when the title gives nothing for one.
const kind = "product"

const (
	// maxNumber bounds the numbers that tell slugs of one title apart. Beyond it the end
	// of the product's id does, so that a thousand products of one title are no more
	// work than ten.
	maxNumber = 16
	// idSuffix is as much of an id as leaves room for what was made of the title.
	idSuffix = slug.Max - slug.MaxMade - 1
	// tries bounds how often a slug is made that others take at the same time, and
	// numberTries how often it is a number of which they are many.
	tries, numberTries = 4, 2
)

// Product is what a slug is made of, and whose it is.
type Product struct{ ID, MerchantID, Title string }

// WriteFree makes slugs of the product's title and writes one, again when somebody else
// has taken it meanwhile. It returns the one that was written; the error of write is
// database.ErrDuplicate when something is taken, and that of WriteFree when it is not
// the slug that stands in the way.
func WriteFree(ctx context.Context, tx *database.Tx, p Product, write func(free string) error) (string, error) {
	for try := range tries {
		free, err := p.makeFree(ctx, tx, try)
		if err != nil {
			return "", err
		}
		err = write(free)
		if !errors.Is(err, database.ErrDuplicate) {
			return free, err
		}
		taken, err := listTaken(ctx, tx, p.MerchantID, free)
		if err != nil {
			return "", err
		}
		if !taken[free] {
			break
		}
	}
	return "", database.ErrDuplicate
}

// makeFree makes a slug that the merchant lists no product under: the plain one, then
// "-2" to "-16", then the end of the id, which is also for whoever has lost a number to
// others. A title that changes leaves the slug as it is, since people keep addresses.
func (p Product) makeFree(ctx context.Context, tx *database.Tx, try int) (string, error) {
	made := slug.Of(p.Title, kind)
	last := made + "-" + p.ID[max(0, len(p.ID)-idSuffix):]
	if try >= numberTries {
		return last, nil
	}
	candidates := make([]string, maxNumber)
	for i := range candidates {
		candidates[i] = slug.Numbered(made, i+1)
	}
	taken, err := listTaken(ctx, tx, p.MerchantID, candidates...)
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

const selectTaken = `SELECT slug_key FROM catalog_products WHERE merchant_id = ? AND archived_at = 0 AND slug_key IN (?`

// listTaken lists those of the slugs under which the merchant lists a product.
func listTaken(ctx context.Context, tx *database.Tx, merchantID string, slugs ...string) (map[string]bool, error) {
	args := []any{merchantID}
	for _, each := range slugs {
		args = append(args, each)
	}
	rows, err := tx.Query(ctx, selectTaken+strings.Repeat(", ?", len(slugs)-1)+`)`, args...)
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
