package idempotency

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"app/platform/database"
)

type claimedKey struct{}

// enter implements operation.Claim.Enter.
func (h *claimed) enter(ctx context.Context) context.Context {
	return context.WithValue(ctx, claimedKey{}, h)
}

// RequireClaim refuses to go on with a request whose key a repetition has taken over,
// which happens to one that stood still for longer than its lease. Called first in the
// transaction that makes what the request is about, on the database of the keys, it
// keeps one key from having two answers: either the repetition begins after the commit
// and meets the effect, or there is none. The error is what the client gets:
// idempotency_in_flight. A context without a key is no reason to refuse.
//
// While the lease was ours less than half of it ago nobody can have taken the key, not
// even by a clock that is ahead by the other half, and the database is not asked.
func RequireClaim(ctx context.Context, tx *database.Tx) error {
	h, ok := ctx.Value(claimedKey{}).(*claimed)
	if !ok || h.isFresh() {
		return nil
	}
	var holder string
	err := tx.QueryRow(ctx, selectHolder+tx.ForUpdate(), h.id).Scan(&holder)
	switch {
	case errors.Is(err, sql.ErrNoRows) || err == nil && holder != h.holder:
		return errInFlight()
	case err != nil:
		return fmt.Errorf("find holder of idempotency key: %w", err)
	}
	return nil
}

// isFresh reports whether the lease cannot be over yet.
func (h *claimed) isFresh() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ring.now().Sub(h.since) < h.ring.lease/2
}
