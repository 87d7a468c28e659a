// Package backfill gives products that earlier releases stored what they would be stored
// with today: a pass over all of them for each such thing, a hundred in a transaction,
// that resumes where it stopped.
package backfill

import (
	"context"
	"errors"
	"fmt"

	"app/platform/database"
)

// Service makes the passes. It is safe for concurrent use.
type Service struct {
	// DB is a migrated database.
	DB *database.DB
}

// batch bounds the products of one transaction.
const batch = 100

// placeOfPass is the product up to which a pass over all of them has come, and whether
// it has begun.
func placeOfPass(ctx context.Context, tx *database.Tx, name string) (at string, begun bool, err error) {
	err = database.Found("place of pass", tx.QueryRow(ctx, `SELECT product_id FROM catalog_folded WHERE name = ?`, name).Scan(&at))
	if errors.Is(err, database.ErrNotFound) {
		return "", false, nil
	}
	return at, err == nil, err
}

// movePlace writes how far a pass has come. Another process may have been faster.
func movePlace(ctx context.Context, tx *database.Tx, name, at string, begun bool) error {
	move := `UPDATE catalog_folded SET product_id = ? WHERE name = ?`
	if !begun {
		move = `INSERT INTO catalog_folded (product_id, name) VALUES (?, ?)`
	}
	if _, err := tx.Exec(ctx, move, at, name); err != nil && !database.IsDuplicate(err) {
		return fmt.Errorf("move place of pass: %w", err)
	}
	return nil
}
