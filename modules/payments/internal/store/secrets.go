package store

import (
	"context"
	"time"

	"app/platform/database"
)

// InsertSecret keeps a secret under a name. ErrDuplicate when there is one already.
func InsertSecret(ctx context.Context, tx *database.Tx, name, secret string, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO payments_secrets (name, secret, created_at) VALUES (?, ?, ?)`, name, secret, database.Micros(now))
	return database.Inserted("secret", err)
}

// Secret reads a secret. ErrNotFound.
func Secret(ctx context.Context, tx *database.Tx, name string) (string, error) {
	var secret string
	err := tx.QueryRow(ctx, `SELECT secret FROM payments_secrets WHERE name = ?`, name).Scan(&secret)
	return secret, database.Found("secret", err)
}
