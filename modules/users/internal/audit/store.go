package audit

import (
	"context"
	"time"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// Record is one record of something that matters to an account's safety.
type Record struct {
	ID        string // aud_...
	AccountID string // empty where an attempt was made on an address without an account
	Event     string
	Outcome   string
	Detail    string // at most 100 characters
	SessionID string
	Network   string
	UserAgent string // at most 200 characters
	RequestID string
	CreatedAt time.Time
}

const (
	auditColumns = `id, account_id, event, outcome, detail, session_id, network, user_agent, request_id, created_at`

	insertAudit = `INSERT INTO users_audit (` + auditColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	auditOf     = `SELECT ` + auditColumns + ` FROM users_audit WHERE account_id = ? AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?`
	oldStrays   = `SELECT id FROM users_audit WHERE account_id = '' AND created_at < ? LIMIT 100`
	oldAudits   = `SELECT id FROM users_audit WHERE created_at < ? LIMIT 100`
	deleteAudit = `DELETE FROM users_audit WHERE id = ?`
)

// insertRecord adds a record.
func insertRecord(ctx context.Context, tx *database.Tx, a Record) error {
	_, err := tx.Exec(ctx, insertAudit, a.ID, a.AccountID, a.Event, a.Outcome, a.Detail, a.SessionID, a.Network, a.UserAgent,
		a.RequestID, database.Micros(a.CreatedAt))
	return database.Inserted("audit record", err)
}

// recordsOf reads an account's records, the newest first, after the one with the id when
// it is not empty.
func recordsOf(ctx context.Context, tx *database.Tx, accountID, after string, limit int) (out []Record, err error) {
	rows, err := tx.Query(ctx, auditOf, accountID, after, after, limit)
	if err != nil {
		return nil, database.Found("audit records", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var a Record
		var created int64
		err := rows.Scan(&a.ID, &a.AccountID, &a.Event, &a.Outcome, &a.Detail, &a.SessionID, &a.Network, &a.UserAgent, &a.RequestID, &created)
		if err != nil {
			return nil, database.Found("audit record", err)
		}
		a.CreatedAt = database.Time(created)
		out = append(out, a)
	}
	return out, database.Found("audit records", rows.Err())
}

// Sweep removes at most 100 records older than a time.
func Sweep(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	return store.DeleteEach(ctx, tx, "audit records", oldAudits, deleteAudit, database.Micros(before))
}

// SweepStrays removes at most 100 records without an account that are older than
// a time.
func SweepStrays(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	return store.DeleteEach(ctx, tx, "audit records", oldStrays, deleteAudit, database.Micros(before))
}
