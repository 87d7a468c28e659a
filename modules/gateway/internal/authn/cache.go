package authn

import (
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"

	"app/platform/identity"
)

// hash is what a credential is remembered by.
type hash = [sha256.Size]byte

// hashCredential hashes a credential. One of the usual size is copied to the stack, not
// to the heap.
func hashCredential(credential string) hash {
	var usual [1024]byte
	return sha256.Sum256(append(usual[:0], credential...))
}

// cache is a bounded map whose entries end. When it is full an arbitrary eighth makes
// room: what was dropped is verified again, no more.
type cache struct {
	max int
	// longest is how long an entry lives at most. One with more to live is from before
	// the clock went back, and counts as ended.
	longest time.Duration
	// generation parts what was found before a clear from what was found after it: an
	// answer that was on its way is not remembered.
	generation atomic.Int64
	mu         sync.RWMutex
	entries    map[hash]entry
}

type entry struct {
	principal  identity.Principal
	expires    time.Time
	generation int64
}

func newCache(maximum int, longest time.Duration) *cache {
	return &cache{max: max(maximum, 8), longest: longest, entries: make(map[hash]entry)}
}

func (c *cache) get(key hash, now time.Time) (identity.Principal, bool) {
	c.mu.RLock()
	e, ok := c.entries[key]
	c.mu.RUnlock()
	if !ok || !now.Before(e.expires) || e.expires.Sub(now) > c.longest || e.generation != c.generation.Load() {
		return identity.Principal{}, false
	}
	return e.principal, true
}

// put remembers what was found in a generation.
func (c *cache) put(key hash, e entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= c.max {
		c.makeRoom()
	}
	c.entries[key] = e
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
	c.generation.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
}
