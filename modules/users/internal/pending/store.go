// Package pending keeps sign-ins that wait for a second factor.
package pending

import (
	"context"
	"time"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// Life is how long a sign-in waits for its second factor.
const Life = 5 * time.Minute

// SignIn is a sign-in that waits for its second factor.
type SignIn struct {
	TicketHash string
	AccountID  string
	Methods    string // what has been shown already, with spaces between
	Transport  string // "token" or "cookie"
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

const (
	insertPending = `INSERT INTO users_pending (ticket_hash, account_id, methods, transport, tries, created_at, expires_at, spent_at)
		VALUES (?, ?, ?, ?, 0, ?, ?, NULL)`
	pendingByHash  = `SELECT ticket_hash, account_id, methods, transport, created_at, expires_at FROM users_pending WHERE ticket_hash = ?`
	tryPending     = `UPDATE users_pending SET tries = tries + 1 WHERE ticket_hash = ? AND tries < 5 AND spent_at IS NULL AND expires_at > ?`
	spendPending   = `UPDATE users_pending SET spent_at = ? WHERE ticket_hash = ? AND spent_at IS NULL AND expires_at > ?`
	dropPendingsOf = `UPDATE users_pending SET spent_at = ? WHERE account_id = ? AND spent_at IS NULL`
	oldPendings    = `SELECT ticket_hash FROM users_pending WHERE expires_at < ? LIMIT 100`
	deletePending  = `DELETE FROM users_pending WHERE ticket_hash = ?`
)

// Insert adds a half-done sign-in.
func Insert(ctx context.Context, tx *database.Tx, p SignIn) error {
	_, err := tx.Exec(ctx, insertPending, p.TicketHash, p.AccountID, p.Methods, p.Transport, database.Micros(p.CreatedAt), database.Micros(p.ExpiresAt))
	return database.Inserted("pending sign-in", err)
}

// ByHash reads a half-done sign-in, also one that is over. ErrNotFound.
func ByHash(ctx context.Context, tx *database.Tx, hash string) (p SignIn, err error) {
	var created, expires int64
	err = tx.QueryRow(ctx, pendingByHash, hash).Scan(&p.TicketHash, &p.AccountID, &p.Methods, &p.Transport, &created, &expires)
	if err != nil {
		return SignIn{}, database.Found("pending sign-in", err)
	}
	p.CreatedAt, p.ExpiresAt = database.Time(created), database.Time(expires)
	return p, nil
}

// Try counts a try before it is made. ErrChanged: no try is left, or the ticket
// is spent or over.
func Try(ctx context.Context, tx *database.Tx, hash string, now time.Time) error {
	return tx.One(ctx, "try pending sign-in", tryPending, hash, database.Micros(now))
}

// Spend uses a ticket up. ErrChanged: it was used before, or is over.
func Spend(ctx context.Context, tx *database.Tx, hash string, now time.Time) error {
	return tx.One(ctx, "spend pending sign-in", spendPending, database.Micros(now), hash, database.Micros(now))
}

// DropOf uses up all tickets of an account, as when its password has changed.
func DropOf(ctx context.Context, tx *database.Tx, accountID string, now time.Time) error {
	return store.Exec(ctx, tx, "drop pending sign-ins", dropPendingsOf, database.Micros(now), accountID)
}

// Sweep removes at most 100 that ended by themselves before a time.
func Sweep(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	return store.DeleteEach(ctx, tx, "pending sign-ins", oldPendings, deletePending, database.Micros(before))
}
