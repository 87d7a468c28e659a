package revocation

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// revocationRow is a row of users_revocations.
type revocationRow struct {
	bun.BaseModel `bun:"table:users_revocations,alias:r"`

	Epoch     int64              `bun:"epoch,pk"`
	Kind      int                `bun:"kind"`
	Subject   string             `bun:"subject"`
	CreatedAt database.Timestamp `bun:"created_at"`
	ExpiresAt database.Timestamp `bun:"expires_at"`
}

var revocations = database.ModelOf[revocationRow]()

func newRevocationRow(r Revocation) revocationRow {
	return revocationRow{
		Epoch: r.Epoch, Kind: r.Kind, Subject: r.Subject,
		CreatedAt: database.Timestamp{Time: r.CreatedAt}, ExpiresAt: database.Timestamp{Time: r.ExpiresAt},
	}
}

func (r revocationRow) toRevocation() Revocation {
	return Revocation{Epoch: r.Epoch, Kind: r.Kind, Subject: r.Subject, CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time}
}

const (
	nextEpoch        = `UPDATE users_epochs SET value = value + 1 WHERE name = 'revocations'`
	readEpoch        = `SELECT value FROM users_epochs WHERE name = 'revocations'`
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
	var err error
	if r.Epoch, err = newestEpoch(ctx, tx); err != nil {
		return err
	}
	return revocations.Insert(ctx, tx, "revocation", newRevocationRow(r))
}

// newestEpoch reads the newest epoch.
func newestEpoch(ctx context.Context, tx *database.Tx) (epoch int64, err error) {
	err = tx.QueryRow(ctx, readEpoch).Scan(&epoch)
	return epoch, database.Found("epoch", err)
}

// listSince reads what has been revoked after an epoch and still matters, at most a
// thousand in order; more reports whether others follow.
func listSince(ctx context.Context, tx *database.Tx, after int64, now time.Time) (out []Revocation, more bool, err error) {
	rows, err := revocations.List(ctx, tx, "revocations",
		`WHERE r.epoch > ? AND r.expires_at > ? ORDER BY r.epoch LIMIT ?`, after, database.Micros(now), revocationPage+1)
	if more = len(rows) > revocationPage; more {
		rows = rows[:revocationPage]
	}
	return store.Convert(rows, revocationRow.toRevocation), more, err
}

// Sweep removes at most 100 that do not matter since a time.
func Sweep(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	return store.DeleteEach(ctx, tx, "revocations", oldRevocations, deleteRevocation, database.Micros(before))
}
