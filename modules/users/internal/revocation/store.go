package revocation

import (
	"context"
	"time"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// Revocation is one thing that is not valid any more.
type Revocation struct {
	Epoch     int64
	Kind      int // a usersv1.RevocationKind
	Subject   string
	CreatedAt time.Time
	ExpiresAt time.Time // when it may be forgotten
}

const (
	nextEpoch        = `UPDATE users_epochs SET value = value + 1 WHERE name = 'revocations'`
	readEpoch        = `SELECT value FROM users_epochs WHERE name = 'revocations'`
	insertRevocation = `INSERT INTO users_revocations (epoch, kind, subject, created_at, expires_at) VALUES (?, ?, ?, ?, ?)`
	revocationsSince = `SELECT epoch, kind, subject, created_at, expires_at FROM users_revocations WHERE epoch > ? AND expires_at > ?
		ORDER BY epoch LIMIT 1001`
	oldRevocations   = `SELECT epoch FROM users_revocations WHERE expires_at < ? LIMIT 100`
	deleteRevocation = `DELETE FROM users_revocations WHERE epoch = ?`
)

// revocationPage is how many revocations are read at once.
const revocationPage = 1000

// insert adds a revocation under the next epoch. The counter stays locked until the
// transaction ends: epochs become visible in their order, so that whoever has seen one
// has seen all before it.
func insert(ctx context.Context, tx *database.Tx, r Revocation) error {
	if err := tx.One(ctx, "count epoch", nextEpoch); err != nil {
		return err
	}
	epoch, err := newestEpoch(ctx, tx)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, insertRevocation, epoch, r.Kind, r.Subject, database.Micros(r.CreatedAt), database.Micros(r.ExpiresAt))
	return database.Inserted("revocation", err)
}

// newestEpoch reads the newest epoch.
func newestEpoch(ctx context.Context, tx *database.Tx) (epoch int64, err error) {
	err = tx.QueryRow(ctx, readEpoch).Scan(&epoch)
	return epoch, database.Found("epoch", err)
}

// listSince reads what has been revoked after an epoch and still matters, at most a
// thousand in order; more reports whether others follow.
func listSince(ctx context.Context, tx *database.Tx, after int64, now time.Time) (out []Revocation, more bool, err error) {
	rows, err := tx.Query(ctx, revocationsSince, after, database.Micros(now))
	if err != nil {
		return nil, false, database.Found("revocations", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r Revocation
		var created, expires int64
		if err := rows.Scan(&r.Epoch, &r.Kind, &r.Subject, &created, &expires); err != nil {
			return nil, false, database.Found("revocation", err)
		}
		r.CreatedAt, r.ExpiresAt = database.Time(created), database.Time(expires)
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, false, database.Found("revocations", err)
	}
	if len(out) > revocationPage {
		return out[:revocationPage], true, nil
	}
	return out, false, nil
}

// Sweep removes at most 100 that do not matter since a time.
func Sweep(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	return store.DeleteEach(ctx, tx, "revocations", oldRevocations, deleteRevocation, database.Micros(before))
}
