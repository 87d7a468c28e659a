// Package authn turns the credentials of a request into a principal, once, at the gateway.
package authn

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"time"

	"app/platform/fault"
	"app/platform/identity"
)

// Lives of what the cache remembers. A token that was verified is believed for a minute at most, so that a revocation
// holds soon; one that was refused is refused without another look, so that a flood of rubbish costs a hash each.
const (
	goodFor = time.Minute
	badFor  = 10 * time.Second
)

// maxToken bounds an access token; ours are well below 1 KiB.
const maxToken = 4096

// Verify checks an access token and tells whose it is and when it ends. Its error is a fault Unavailable when the keys
// cannot be had; every other error refuses the token.
type Verify func(ctx context.Context, token string) (identity.Principal, time.Time, error)

// Authenticator remembers what it has verified. Safe for concurrent use.
type Authenticator struct {
	verify Verify
	now    func() time.Time
	good   *cache
	bad    *cache
}

// New makes an authenticator that remembers at most entries tokens of each kind.
func New(verify Verify, now func() time.Time, entries int) *Authenticator {
	return &Authenticator{verify: verify, now: now, good: newCache(entries), bad: newCache(entries)}
}

// Forget drops everything remembered, as when keys or a revocation have changed.
func (a *Authenticator) Forget() {
	a.good.clear()
	a.bad.clear()
}

var errRefused = fault.New(fault.Unauthenticated, "token_invalid", "The access token is not valid: sign in again or refresh it.")

// Principal reads the Authorization header's value: anonymous when it is empty. Errors: Unauthenticated when
// it is not a valid bearer token (a wrong token is refused even where none is needed), Unavailable when that cannot be told now.
func (a *Authenticator) Principal(ctx context.Context, header string) (identity.Principal, error) {
	if header == "" {
		return identity.Principal{}, nil
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxToken {
		return identity.Principal{}, errRefused
	}
	key, now := digest(token), a.now()
	if p, ok := a.good.get(key, now); ok {
		return p, nil
	}
	if _, ok := a.bad.get(key, now); ok {
		return identity.Principal{}, errRefused
	}
	p, expires, err := a.verify(ctx, token)
	var verdict *fault.Error
	switch {
	case err == nil:
		a.good.put(key, p, earlier(expires, now.Add(goodFor)))
		return p, nil
	case errors.As(err, &verdict) && verdict.Code == fault.Unavailable, ctx.Err() != nil:
		return identity.Principal{}, err
	}
	a.bad.put(key, identity.Principal{}, now.Add(badFor))
	return identity.Principal{}, errRefused
}

// digest is what a token is remembered by. A token of the usual size is copied to the stack, not to the heap.
func digest(token string) [sha256.Size]byte {
	var usual [1024]byte
	return sha256.Sum256(append(usual[:0], token...))
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// cache is a bounded map whose entries end. When it is full an arbitrary eighth makes room: what was dropped is
// verified again, no more.
type cache struct {
	max     int
	mu      sync.RWMutex
	entries map[[sha256.Size]byte]entry
}

type entry struct {
	principal identity.Principal
	expires   time.Time
}

func newCache(maximum int) *cache {
	return &cache{max: max(maximum, 8), entries: make(map[[sha256.Size]byte]entry)}
}

func (c *cache) get(key [sha256.Size]byte, now time.Time) (identity.Principal, bool) {
	c.mu.RLock()
	e, ok := c.entries[key]
	c.mu.RUnlock()
	if !ok || !now.Before(e.expires) {
		return identity.Principal{}, false
	}
	return e.principal, true
}

func (c *cache) put(key [sha256.Size]byte, p identity.Principal, expires time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= c.max {
		c.makeRoom()
	}
	c.entries[key] = entry{p, expires}
}

func (c *cache) makeRoom() {
	drop := c.max / 8
	for key := range c.entries {
		if drop == 0 {
			return
		}
		delete(c.entries, key)
		drop--
	}
}

func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
}
