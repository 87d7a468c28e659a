package product

import (
	"context"
	"fmt"
	"strings"
	"time"

	"app/platform/database"
	"app/platform/operation"
)

// This file is for the subjects that stand on products and answer with one.

// Reply is a product with its tag.
type Reply = productReply

// ReplyWith answers with a product as it is at a time.
func ReplyWith(p Product, now time.Time) *Reply { return taggedReply(p, now) }

// MatchOf compares If-Match with a product's own version.
func MatchOf(c operation.Conditional) Match { return productMatch(c) }

// ChangeListed makes a change of the version of a listed product that it reads, and
// reads again when the error of the change is database.ErrChanged. Errors: not_found,
// those of match and of change, aborted.
func ChangeListed(ctx context.Context, tx *database.Tx, id string, match Match, change func(p Product) error) error {
	return retryChange(ctx, tx, id, match, change)
}

// SetCategories writes the ids of the categories of the version of a listed product that
// was read, and returns the next version. The error is database.ErrChanged when the one
// that was read has been overtaken.
func SetCategories(ctx context.Context, tx *database.Tx, p Product, categoryIDs []string) (Product, error) {
	err := tx.One(ctx, "update categories of product",
		`UPDATE catalog_products SET category_ids = ?, version = version + 1 WHERE id = ? AND version = ? AND archived_at = 0`,
		joinIDs(categoryIDs), p.ID, p.Version)
	p.CategoryIDs = categoryIDs
	p.Version++
	return p, err
}

// unlistProduct takes a product off the lists of its categories, where it would be
// passed over each time.
func unlistProduct(ctx context.Context, tx *database.Tx, id string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM catalog_category_listings WHERE product_id = ?`, id); err != nil {
		return fmt.Errorf("delete listings: %w", err)
	}
	return nil
}

// joinIDs is a list of ids in one column.
func joinIDs(list []string) string { return strings.Join(list, " ") }

// splitIDs is the list of ids in a column, nil for an empty one.
func splitIDs(column string) []string {
	if column == "" {
		return nil
	}
	return strings.Split(column, " ")
}
