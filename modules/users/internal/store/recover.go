package store

import (
	"context"
	"time"

	"app/platform/database"
)

const (
	setPassword = `UPDATE users_accounts SET password_hash = ?, hash_kind = '' WHERE id = ?`
	setEmail    = `UPDATE users_accounts SET email = ?, email_key = ?, verified_at = ?, version = version + 1 WHERE id = ? AND email_key = ?`
)

// SetPassword gives the account another password. The same one again is fine.
func SetPassword(ctx context.Context, tx *database.Tx, id, hash string) error {
	return Exec(ctx, tx, "set password", setPassword, hash, id)
}

// SetEmail gives the account another address, which has just been shown to be its
// owner's; from is the one before, in lower case. ErrDuplicate: the address has an
// account. ErrChanged: the account's address is another by now.
func SetEmail(ctx context.Context, tx *database.Tx, id, from, email, key string, now time.Time) error {
	err := tx.One(ctx, "set address", setEmail, email, key, database.Micros(now), id, from)
	if database.IsDuplicate(err) {
		return ErrDuplicate
	}
	return err
}
