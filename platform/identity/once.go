package identity

import (
	"sync"
	"time"
)

// seconds is more than the number of different expiries that can be good at one moment.
const seconds = int64((AssertionTTL+skew)/time.Second) + 2

// rememberedAtMost bounds the nonces that a process remembers, some 20 bytes each:
// 30,000 requests a second.
const rememberedAtMost = 1 << 20

// once remembers which assertions were accepted, until they expire. Its memory is
// bounded: when it is full it forgets the second that expires first, and refuses what
// belongs to it from then on, used or not.
type once struct {
	mu        sync.Mutex
	bySecond  [seconds]nonces // of expiry, modulo
	count     int             // of all
	forgotten int64           // the latest expiry that was given up
	limit     int             // rememberedAtMost when 0
}

type nonces struct {
	expires int64
	used    map[uint64]struct{}
}

// claimNonce reports whether the nonce is new, and remembers it. The assertion must be
// current: then whatever else is kept in its place has expired, or is from a time that
// the clock was set back from.
func (o *once) claimNonce(nonce uint64, expires int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if ago := o.forgotten - expires; ago >= 0 && ago < seconds {
		return false
	}
	at := &o.bySecond[uint64(expires)%uint64(seconds)]
	if at.expires != expires {
		o.count -= len(at.used)
		*at = nonces{expires: expires, used: make(map[uint64]struct{}, len(at.used))}
	}
	if _, before := at.used[nonce]; before || !o.makeRoom(at) {
		return false
	}
	at.used[nonce] = struct{}{}
	o.count++
	return true
}

// makeRoom makes some if there is none. It reports false when that would take the
// second itself.
func (o *once) makeRoom(wanted *nonces) bool {
	limit := o.limit
	if limit == 0 {
		limit = rememberedAtMost
	}
	if o.count < limit {
		return true
	}
	first := wanted
	for i := range o.bySecond {
		n := &o.bySecond[i]
		switch apart := n.expires - wanted.expires; {
		case len(n.used) == 0:
		case apart <= -seconds || apart >= seconds: // expired, or of a time that the clock was set back from
			o.forgetNonces(n)
		case n.expires < first.expires:
			first = n
		}
	}
	if o.count < limit {
		return true
	}
	o.forgotten = first.expires
	o.forgetNonces(first)
	return first != wanted
}

func (o *once) forgetNonces(n *nonces) {
	o.count -= len(n.used)
	n.used = nil
}
