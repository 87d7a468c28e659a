package ceremony

import (
	"context"
	"time"

	"app/modules/users/internal/store"
	"app/platform/database"
)

const (
	columns = `id, purpose, account_id, ticket_hash, session_id, data, created_at, expires_at`

	insertSQL = `INSERT INTO users_ceremonies (` + columns + `, spent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)`
	byIDSQL   = `SELECT ` + columns + ` FROM users_ceremonies WHERE id = ?`
	spendSQL  = `UPDATE users_ceremonies SET spent_at = ? WHERE id = ? AND spent_at IS NULL AND expires_at > ?`
	oldSQL    = `SELECT id FROM users_ceremonies WHERE expires_at < ? LIMIT 100`
	deleteSQL = `DELETE FROM users_ceremonies WHERE id = ?`
)

// Insert adds a challenge.
func Insert(ctx context.Context, tx *database.Tx, c Ceremony) error {
	_, err := tx.Exec(ctx, insertSQL, c.ID, c.Purpose, c.AccountID, c.TicketHash, c.SessionID, c.Data,
		database.Micros(c.CreatedAt), database.Micros(c.ExpiresAt))
	return database.Inserted("ceremony", err)
}

// ByID reads a challenge, also one that is over. ErrNotFound.
func ByID(ctx context.Context, tx *database.Tx, id string) (c Ceremony, err error) {
	var created, expires int64
	err = tx.QueryRow(ctx, byIDSQL, id).Scan(&c.ID, &c.Purpose, &c.AccountID, &c.TicketHash, &c.SessionID, &c.Data, &created, &expires)
	if err != nil {
		return Ceremony{}, database.Found("ceremony", err)
	}
	c.CreatedAt, c.ExpiresAt = database.Time(created), database.Time(expires)
	return c, nil
}

// Spend uses a challenge up. ErrChanged: it was used before, or is over.
func Spend(ctx context.Context, tx *database.Tx, id string, now time.Time) error {
	return tx.One(ctx, "spend ceremony", spendSQL, database.Micros(now), id, database.Micros(now))
}

// Sweep removes at most 100 challenges that ended by themselves before a time.
func Sweep(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	return store.DeleteEach(ctx, tx, "ceremonies", oldSQL, deleteSQL, database.Micros(before))
}
