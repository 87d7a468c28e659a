package revocation

import (
	"context"
	"time"

	"app/modules/users/usersv1"
	"app/platform/database"
)

// Log is the list of revocations. Safe for concurrent use.
type Log struct {
	db  *database.DB
	now func() time.Time
}

// NewLog makes the list. It reads nothing yet.
func NewLog(db *database.DB, now func() time.Time) *Log { return &Log{db, now} }

// Publish tells every gateway, within seconds of the commit, that something
// is not valid any more.
func (l *Log) Publish(ctx context.Context, tx *database.Tx, kind usersv1.RevocationKind, subject string) error {
	now := l.now()
	return insert(ctx, tx, Revocation{Kind: int(kind), Subject: subject, CreatedAt: now, ExpiresAt: now.Add(life)})
}

// Since reads what has been revoked after an epoch and still matters. An epoch
// from the future, as after a restore of the database, is answered with the newest and
// nothing else.
func (l *Log) Since(ctx context.Context, after int64) (out Revoked, err error) {
	err = l.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		// The epoch first: what is committed between the two statements comes again
		// with the next answer.
		if out.Epoch, err = newestEpoch(ctx, q); err != nil || out.Epoch <= after {
			return err
		}
		out.List, out.More, err = listSince(ctx, q, after, l.now())
		return err
	})
	if out.More {
		out.Epoch = out.List[len(out.List)-1].Epoch
	}
	return out, err
}
