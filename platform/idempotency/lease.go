package idempotency

import (
	"context"
	"sync"
	"time"

	"app/platform/callctx"
	"app/platform/database"
	"app/platform/operation"
)

const (
	defaultLease = 3 * time.Second
	// settleTime bounds the storing of a reply, which goes on when the client has gone.
	settleTime = 5 * time.Second
	// lateTime is how long a reply is kept for a database that was away when it had to
	// be stored, lateEach how often that is tried.
	lateTime = time.Minute
	lateEach = 250 * time.Millisecond
)

// claimed is the right to run a request, renewed until it is settled.
type claimed struct {
	ring       *Keyring
	id, holder string
	secret     []byte

	mu    sync.Mutex
	timer *time.Timer // nil once settled
	since time.Time   // the lease has been ours at this time, and for its length from then
}

// keepLease keeps the lease alive. The first sign of life is due after a third of it,
// which most requests never see. since is when the lease began.
func (k *Keyring) keepLease(row keyRow, secret []byte, since time.Time) *claimed {
	h := &claimed{ring: k, id: row.id, holder: row.holder, secret: secret, since: since}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.timer = time.AfterFunc(k.lease/3, h.renewLease)
	return h
}

func (h *claimed) renewLease() {
	ctx, cancel := context.WithTimeout(context.Background(), h.ring.lease)
	defer cancel()
	now := h.ring.now()
	held, err := h.ring.updateKeyRow(ctx, renewKey, database.Micros(now.Add(h.ring.lease)), h.id, h.holder)
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.timer == nil: // settled meanwhile
	case err != nil:
		h.ring.logger.WarnContext(ctx, "idempotency lease not renewed", "error", err)
		h.timer.Reset(h.ring.lease / 3)
	case !held:
		h.ring.logger.WarnContext(ctx, "idempotency lease lost to a repetition of the request")
	default:
		h.since = now
		h.timer.Reset(h.ring.lease / 3)
	}
}

func (h *claimed) stopRenewal() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.timer.Stop()
	h.timer = nil
}

// settle implements operation.Claim.Settle.
func (h *claimed) settle(ctx context.Context, reply operation.StoredReply, then operation.Ending) {
	h.stopRenewal()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	if failed := h.storeOutcome(ctx, reply, then); failed != nil && !database.IsAway(failed) {
		// The effect is done and the reply known; a repetition will find the lease over
		// and do it again, to the same effect.
		h.ring.logger.ErrorContext(ctx, "idempotency key not settled", "error", failed, "request_id", callctx.RequestID(ctx))
	}
	h.ring.expireOldKeys(ctx)
}

func (h *claimed) storeOutcome(ctx context.Context, reply operation.StoredReply, then operation.Ending) error {
	switch then {
	case operation.DropKey:
		return h.writeOutcome(ctx, dropKey, h.id, h.holder)
	case operation.LeaveKey:
		return h.writeOutcome(ctx, leaveKey, h.id, h.holder)
	case operation.KeepReply:
	}
	sealed, err := encryptReply(h.secret, h.id, reply)
	if err != nil {
		return err
	}
	return h.writeOutcome(ctx, finishKey, reply.Status, sealed, h.id, h.holder)
}

// writeOutcome writes how the claim ends. When the database is away the client does not
// wait for that: it is written later, unless the lease has gone to a repetition by
// then.
func (h *claimed) writeOutcome(ctx context.Context, query string, args ...any) error {
	_, err := h.ring.updateKeyRow(ctx, query, args...)
	if database.IsAway(err) {
		go h.endLater(query, args...)
	}
	return err
}

func (h *claimed) endLater(query string, args ...any) {
	ctx, cancel := context.WithTimeout(context.Background(), lateTime)
	defer cancel()
	tick := time.NewTicker(lateEach)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			h.ring.logger.ErrorContext(ctx, "idempotency key not settled: its database stays away", "after", lateTime)
			return
		case <-tick.C:
		}
		if _, err := h.ring.updateKeyRow(ctx, query, args...); !database.IsAway(err) {
			return // written, or the process ends
		}
	}
}
