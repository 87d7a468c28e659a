// Package pass remembers how far the module has come in going over all of its products,
// to bring up to date what earlier releases stored.
package pass

import (
	"context"
	"errors"
	"fmt"

	"app/platform/database"
)

// Batch bounds the products of one transaction.
const Batch = 100

// Place is the product up to which the pass of this name has come, in the order of their
// ids; Begun reports whether it has come anywhere.
type Place struct {
	Name, ProductID string
	Begun           bool
}

// Of reads the place of a pass.
func Of(ctx context.Context, tx *database.Tx, name string) (Place, error) {
	p := Place{Name: name, Begun: true}
	err := database.Found("place of pass", tx.QueryRow(ctx, `SELECT product_id FROM catalog_folded WHERE name = ?`, name).Scan(&p.ProductID))
	if errors.Is(err, database.ErrNotFound) {
		return Place{Name: name}, nil
	}
	return p, err
}

// Move writes that the pass has come to the product. Another process may have been
// faster.
func (p Place) Move(ctx context.Context, tx *database.Tx, productID string) error {
	move := `UPDATE catalog_folded SET product_id = ? WHERE name = ?`
	if !p.Begun {
		move = `INSERT INTO catalog_folded (product_id, name) VALUES (?, ?)`
	}
	if _, err := tx.Exec(ctx, move, productID, p.Name); err != nil && !database.IsDuplicate(err) {
		return fmt.Errorf("move place of pass: %w", err)
	}
	return nil
}
