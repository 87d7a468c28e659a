package audit

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// recordRow is a row of users_audit.
type recordRow struct {
	bun.BaseModel `bun:"table:users_audit,alias:r"`

	ID        string             `bun:"id,pk"`
	AccountID string             `bun:"account_id"`
	Event     string             `bun:"event"`
	Outcome   string             `bun:"outcome"`
	Detail    string             `bun:"detail"`
	SessionID string             `bun:"session_id"`
	Network   string             `bun:"network"`
	UserAgent string             `bun:"user_agent"`
	RequestID string             `bun:"request_id"`
	CreatedAt database.Timestamp `bun:"created_at"`
}

var records = database.ModelOf[recordRow]()

func newRecordRow(a Record) recordRow {
	return recordRow{
		ID: a.ID, AccountID: a.AccountID, Event: a.Event, Outcome: a.Outcome, Detail: a.Detail, SessionID: a.SessionID,
		Network: a.Network, UserAgent: a.UserAgent, RequestID: a.RequestID, CreatedAt: database.Timestamp{Time: a.CreatedAt},
	}
}

func (r recordRow) toRecord() Record {
	return Record{
		ID: r.ID, AccountID: r.AccountID, Event: r.Event, Outcome: r.Outcome, Detail: r.Detail, SessionID: r.SessionID,
		Network: r.Network, UserAgent: r.UserAgent, RequestID: r.RequestID, CreatedAt: r.CreatedAt.Time,
	}
}

const (
	oldStrays   = `SELECT id FROM users_audit WHERE account_id = '' AND created_at < ? LIMIT 100`
	oldAudits   = `SELECT id FROM users_audit WHERE created_at < ? LIMIT 100`
	deleteAudit = `DELETE FROM users_audit WHERE id = ?`
)

// insertRecord adds a record.
func insertRecord(ctx context.Context, tx *database.Tx, a Record) error {
	return records.Insert(ctx, tx, "audit record", newRecordRow(a))
}

// recordsOf reads an account's records, the newest first, after the one with the id when
// it is not empty.
func recordsOf(ctx context.Context, tx *database.Tx, accountID, after string, limit int) ([]Record, error) {
	rows, err := records.List(ctx, tx, "audit records",
		`WHERE r.account_id = ? AND (? = '' OR r.id < ?) ORDER BY r.id DESC LIMIT ?`, accountID, after, after, limit)
	return store.Convert(rows, recordRow.toRecord), err
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
