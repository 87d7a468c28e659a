package store

import (
	"context"

	"app/modules/merchants/merchantsv1"
	"app/platform/database"
)

// Profile is what other modules may know of a merchant.
type Profile struct {
	Name   string
	Slug   string
	Status Status
	Owner  string // the owner of longest standing
}

// ProfileOf reads a merchant's profile in one statement. ErrNotFound.
func ProfileOf(ctx context.Context, q *database.Tx, merchant string) (p Profile, err error) {
	err = q.QueryRow(ctx, `SELECT m.name, m.slug, m.status, COALESCE((SELECT b.user_id FROM merchants_members b
		WHERE b.merchant_id = m.id AND b.role = ? ORDER BY b.created_at, b.user_id LIMIT 1), '') FROM merchants_merchants m WHERE m.id = ?`,
		int32(merchantsv1.Role_ROLE_OWNER), merchant).Scan(&p.Name, &p.Slug, &p.Status, &p.Owner)
	return p, database.Found("profile", err)
}
