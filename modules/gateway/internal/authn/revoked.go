package authn

import (
	"context"
	"encoding/hex"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"app/modules/gateway/internal/reason"
	"app/modules/users/usersv1"
	"app/platform/identity"
)

// Feed asks users what has been revoked after an epoch.
type Feed func(ctx context.Context, req *usersv1.RevocationsRequest) (*usersv1.RevocationsResponse, error)

// Revoked knows what must not be believed any more, however good it looks or is
// remembered: sessions, cookies and API keys by what names them. It follows the epochs
// of users. Safe for concurrent use.
type Revoked struct {
	feed Feed
	now  func() time.Time
	// lost is called with the kid of a signing key that must not be trusted any more.
	lost func(kid string)

	following sync.Mutex // held while users is asked
	epoch     atomic.Int64
	current   atomic.Bool // false before the first answer of users, and while one is owed

	mu      sync.RWMutex
	denied  map[string]time.Time // sessions and API keys by their ids, and until when
	cookies map[hash]time.Time
	swept   time.Time
}

// NewRevoked makes one that knows nothing yet.
func NewRevoked(feed Feed, now func() time.Time, lost func(kid string)) *Revoked {
	return &Revoked{feed: feed, now: now, lost: lost, denied: map[string]time.Time{}, cookies: map[hash]time.Time{}}
}

// Epoch is the newest epoch that is known.
func (r *Revoked) Epoch() int64 { return r.epoch.Load() }

// Follow asks users until there is nothing newer. What was revoked before the call is
// denied when it has returned nil.
func (r *Revoked) Follow(ctx context.Context) error {
	r.following.Lock()
	defer r.following.Unlock()
	for {
		after := r.epoch.Load()
		reply, err := r.feed(ctx, &usersv1.RevocationsRequest{After: after})
		if err != nil {
			return err
		}
		if reply.GetEpoch() < after { // users has another history, as from a backup: what is denied stays denied
			r.epoch.Store(0)
			continue
		}
		r.addRevocations(reply.GetRevocations())
		r.epoch.Store(reply.GetEpoch())
		if !reply.GetMore() {
			r.current.Store(true)
			return nil
		}
	}
}

// addRevocations denies what the answer lists.
func (r *Revoked) addRevocations(list []*usersv1.Revocation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, revocation := range list {
		r.addRevocation(revocation)
	}
	now := r.now()
	if now.Sub(r.swept) < time.Minute {
		return
	}
	r.swept = now
	maps.DeleteFunc(r.denied, func(_ string, until time.Time) bool { return now.After(until) })
	maps.DeleteFunc(r.cookies, func(_ hash, until time.Time) bool { return now.After(until) })
}

func (r *Revoked) addRevocation(revocation *usersv1.Revocation) {
	subject, until := revocation.GetSubject(), revocation.GetExpiresAt().AsTime()
	switch revocation.GetKind() {
	case usersv1.RevocationKind_REVOCATION_KIND_SIGNING_KEY:
		r.lost(subject)
	case usersv1.RevocationKind_REVOCATION_KIND_COOKIE:
		if raw, err := hex.DecodeString(subject); err == nil && len(raw) == len(hash{}) {
			r.cookies[hash(raw)] = until
		}
	default:
		r.denied[subject] = until
	}
}

// settleEvery is the pause between the attempts of Settle.
const settleEvery = 50 * time.Millisecond

// Settle is Follow after something is known to have been revoked, so it insists until
// ctx ends. When users has not answered by then, nobody is believed before it has: one
// of those who would be is the one that was revoked.
func (r *Revoked) Settle(ctx context.Context) error {
	for {
		err := r.Follow(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(settleEvery):
		case <-ctx.Done():
			r.following.Lock() // an answer on its way may be from before
			r.current.Store(false)
			r.following.Unlock()
			return err
		}
	}
}

// ensureCurrent makes sure that no answer of users is owed: a gateway that has just
// started knows of no revocation, and one that could not Settle misses one. Error:
// Unavailable.
func (r *Revoked) ensureCurrent(ctx context.Context) error {
	if r.current.Load() {
		return nil
	}
	if err := r.Follow(ctx); err != nil {
		return reason.RevocationsUnavailable.New().Because(err)
	}
	return nil
}

// isRevoked reports whether a principal's session or key has been revoked, or the very
// cookie that stands for it.
func (r *Revoked) isRevoked(p identity.Principal, credential hash) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if len(r.denied)+len(r.cookies) == 0 {
		return false
	}
	_, session := r.denied[p.SessionID]
	_, key := r.denied[p.KeyID]
	_, cookie := r.cookies[credential]
	return session || key || cookie
}
