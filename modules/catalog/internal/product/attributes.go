package product

import (
	"context"

	"app/modules/catalog/internal/facts"
	"app/platform/database"
)

// SetAttributes writes the attributes of the version of a listed product that was read,
// each value as JSON by its code, and returns the next version. The error is
// database.ErrChanged when the one that was read has been overtaken.
func SetAttributes(ctx context.Context, tx *database.Tx, p Product, attributes map[string]string) (Product, error) {
	row := productRow{Attributes: facts.Join(attributes)}
	err := expectOne(tx.Bun().NewUpdate().Model(&row).Column("attributes").Set("version = version + 1").
		Where("id = ? AND version = ? AND archived_at = 0", p.ID, p.Version).Exec(ctx))
	p.Attributes = attributes
	p.Version++
	return p, err
}
