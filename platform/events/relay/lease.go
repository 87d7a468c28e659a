package relay

import (
	"context"
	"fmt"
	"time"

	"app/platform/database"
)

const (
	leaseTTL   = 3 * time.Second
	leaseRenew = time.Second
	// leaseSkew is how far in the future a lease may end before it is taken for the
	// work of a wrong clock.
	leaseSkew = time.Minute
)

// lease lets one relay at a time work on an outbox. It spares work, it does not carry
// correctness: when two relays are active for a moment, events arrive twice and inboxes
// let one of them pass.
type lease struct {
	db     *database.DB
	holder string
	now    func() time.Time
}

// tryAcquire takes the lease when it is free, run out or ours, and reports whether we
// have it.
func (l *lease) tryAcquire(ctx context.Context) (bool, error) {
	free, err := l.isFree(ctx)
	if err != nil || !free {
		return false, err
	}
	return l.acquireOrRenew(ctx)
}

// isFree spares those who wait a write each second.
func (l *lease) isFree(ctx context.Context) (bool, error) {
	now, taken := l.now(), 0
	err := l.db.ReadOne(ctx, func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, `SELECT COUNT(*) FROM events_lease WHERE name = 'relay' AND holder <> ? AND until > ? AND until <= ?`,
			l.holder, database.Micros(now), database.Micros(now.Add(leaseSkew))).Scan(&taken)
	})
	if err != nil {
		return false, fmt.Errorf("read lease: %w", err)
	}
	return taken == 0, nil
}

// acquireOrRenew takes or renews the lease unless another holds it.
func (l *lease) acquireOrRenew(ctx context.Context) (won bool, err error) {
	now := l.now()
	until := database.Micros(now.Add(leaseTTL))
	err = l.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		result, err := tx.Exec(ctx, `UPDATE events_lease SET holder = ?, until = ?
			WHERE name = 'relay' AND (holder = ? OR until <= ? OR until > ?)`,
			l.holder, until, l.holder, database.Micros(now), database.Micros(now.Add(leaseSkew)))
		if err != nil {
			return err
		}
		matched, err := result.RowsAffected()
		if won = matched > 0; won || err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO events_lease (name, holder, until) VALUES ('relay', ?, ?)`, l.holder, until)
		if won = err == nil; database.IsDuplicate(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take lease: %w", err)
	}
	return won, nil
}

// release gives the lease back, so that another relay need not wait for its end.
func (l *lease) release(ctx context.Context) error {
	err := l.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE events_lease SET until = 0 WHERE name = 'relay' AND holder = ?`, l.holder)
		return err
	})
	if err != nil {
		return fmt.Errorf("release lease: %w", err)
	}
	return nil
}
