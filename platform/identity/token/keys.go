package token

import (
	"context"
	"crypto/ed25519"
	"errors"
	"maps"
	"sync"
	"time"

	"app/platform/fault"
)

const (
	// keysFresh is how long a key set is used without asking again, so that a key taken
	// back is forgotten.
	keysFresh = 5 * time.Minute
	// keysPause is the least time between two questions, so that tokens with made-up
	// kids cost nobody anything.
	keysPause = time.Second
)

var errUnknownKey = errors.New("kid of no known key")

// Keys remembers the key set of the module that signs. It asks when it has none, when a
// kid is unknown (a new key), and when the set is five minutes old; while the answer
// fails, the set it has stays in use. Safe for concurrent use.
type Keys struct {
	fetch func(ctx context.Context) ([]byte, error)
	now   func() time.Time

	mu      sync.RWMutex
	set     Set
	fetched time.Time // of set
	dropped map[string]bool

	asking sync.Mutex // held while a question is on its way
	asked  time.Time
	failed error // of the last question
}

// NewKeys takes how to get the key set, encoded as EncodeSet does. It is not called
// before the first Key.
func NewKeys(fetch func(ctx context.Context) ([]byte, error), now func() time.Time) *Keys {
	return &Keys{fetch: fetch, now: now, dropped: map[string]bool{}}
}

// Key implements KeySource.
func (k *Keys) Key(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	set, fetched := k.cachedSet()
	if key, known := set[kid]; known {
		return k.revalidateKey(ctx, kid, key, fetched)
	}
	err := k.refreshSet(ctx, fetched)
	set, _ = k.cachedSet()
	if key, known := set[kid]; known {
		return key, nil
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, "keys_unavailable", "").Because(err)
	}
	return nil, errUnknownKey
}

// revalidateKey is a key that is known, checked again when the set is old. Whoever
// meets it while somebody else is asking, or when nobody answers, gets what was known.
func (k *Keys) revalidateKey(ctx context.Context, kid string, key ed25519.PublicKey, fetched time.Time) (ed25519.PublicKey, error) {
	if isWithin(fetched, k.now(), keysFresh) || !k.asking.TryLock() {
		return key, nil
	}
	defer k.asking.Unlock()
	if err := k.refreshSetLocked(ctx, fetched); err != nil {
		return key, nil // an outage of users must not sign everybody out
	}
	set, _ := k.cachedSet()
	if key, known := set[kid]; known {
		return key, nil
	}
	return nil, errUnknownKey
}

// isWithin reports whether less than d has passed since a time. A time that is still to
// come is from before the clock went back: it says nothing, and must not keep new keys
// away until the clock has come up again.
func isWithin(since, now time.Time, d time.Duration) bool {
	passed := now.Sub(since)
	return passed >= 0 && passed < d
}

// Drop forgets a key that must not be trusted any more, at once and for ever, also when
// an answer that is on its way still has it.
func (k *Keys) Drop(kid string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dropped[kid] = true
	k.set = k.withoutDropped(k.set)
}

// withoutDropped is a set without the keys that were dropped.
func (k *Keys) withoutDropped(set Set) Set {
	set = maps.Clone(set)
	maps.DeleteFunc(set, func(kid string, _ ed25519.PublicKey) bool { return k.dropped[kid] })
	return set
}

func (k *Keys) cachedSet() (Set, time.Time) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.set, k.fetched
}

func (k *Keys) refreshSet(ctx context.Context, seen time.Time) error {
	k.asking.Lock()
	defer k.asking.Unlock()
	return k.refreshSetLocked(ctx, seen)
}

// refreshSetLocked asks for the set, unless somebody else has since it was seen; within
// the pause the last answer stands.
func (k *Keys) refreshSetLocked(ctx context.Context, seen time.Time) error {
	_, fetched := k.cachedSet()
	now := k.now()
	if !fetched.Equal(seen) {
		return nil
	}
	if isWithin(k.asked, now, keysPause) {
		return k.failed
	}
	encoded, err := k.fetch(ctx)
	if ctx.Err() != nil && err != nil {
		return err // the caller went away, which says nothing of the keys
	}
	k.asked, k.failed = now, err
	if err != nil {
		return err
	}
	fresh, err := ParseSet(encoded)
	if k.failed = err; err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.set, k.fetched = k.withoutDropped(fresh), now
	return nil
}
