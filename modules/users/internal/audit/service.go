package audit

import (
	"context"
	"time"

	"app/modules/users/internal/store"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// Log is the audit log. Safe for concurrent use.
type Log struct {
	db  *database.DB
	now func() time.Time
}

// NewLog makes the log. It reads nothing yet.
func NewLog(db *database.DB, now func() time.Time) *Log { return &Log{db, now} }

// Record writes an entry of the audit log, with the time, the client and the
// request that ctx knows, in the transaction of what it tells of. What is refused is
// recorded in a transaction that commits: it must not fail for the refusal.
func (l *Log) Record(ctx context.Context, tx *database.Tx, e Entry) error {
	now, client := l.now(), callctx.ClientOf(ctx)
	if e.SessionID == "" {
		e.SessionID = identity.FromContext(ctx).SessionID
	}
	return insertRecord(ctx, tx, Record{
		ID: ids.New("aud", now), AccountID: e.AccountID, Event: string(e.Event), Outcome: store.Fit(e.Outcome, 32), Detail: store.Fit(e.Detail, 100),
		SessionID: e.SessionID, Network: store.Fit(client.Network, 64), UserAgent: store.Fit(client.Agent, 200), RequestID: store.Fit(callctx.RequestID(ctx), 64),
		CreatedAt: now,
	})
}

// Own reads the caller's own audit log, the newest record first, after the one with
// the id when it is not empty. Error: Unauthenticated.
func (l *Log) Own(ctx context.Context, after string, limit int) ([]Record, error) {
	caller := identity.FromContext(ctx)
	if caller.UserID == "" {
		return nil, fault.NotSignedIn.New()
	}
	return l.Of(ctx, caller.UserID, after, limit)
}

// Of reads the audit log of an account, for administrators; of the empty id, the
// attempts on addresses without an account.
func (l *Log) Of(ctx context.Context, accountID, after string, limit int) (out []Record, err error) {
	err = l.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		out, err = recordsOf(ctx, q, accountID, after, limit)
		return err
	})
	return out, err
}
