package identity

import (
	"math/rand/v2"
	"testing"
)

// All of the assertions that can be good at a moment are told apart; those that expired
// are forgotten.
func TestOnce(t *testing.T) {
	t.Parallel()
	var o once
	taken := map[[2]int64]bool{}
	for now := int64(1_000); now < 1_200; now++ {
		for range 40 {
			expires, nonce := now+rand.Int64N(seconds-1), rand.Int64N(20)
			key := [2]int64{expires, nonce}
			if got := o.claimNonce(uint64(nonce), expires); got == taken[key] {
				t.Fatalf("at %d: nonce %d of %d is new: %v", now, nonce, expires, got)
			}
			taken[key] = true
		}
		if limit := int(seconds) * 20; o.count > limit {
			t.Fatalf("at %d: %d are remembered of %d that can be good", now, o.count, limit)
		}
	}
}

// A full memory refuses what it cannot know any more, and takes what is new.
func TestOnce_IsBounded(t *testing.T) {
	t.Parallel()
	o := once{limit: 100}
	for n := range uint64(1_000) {
		expires := int64(1_000 + n/50)
		if !o.claimNonce(n, expires) {
			t.Fatalf("%d, which is new, is refused", n)
		}
		if o.claimNonce(n, expires) {
			t.Fatalf("%d is taken twice", n)
		}
		if o.count > o.limit {
			t.Fatalf("%d are remembered", o.count)
		}
	}
	for n := range uint64(1_000) { // whatever is still known and whatever is not
		if o.claimNonce(n, int64(1_000+n/50)) && 1_000+n/50+uint64(seconds) > 1_020 {
			t.Errorf("%d is taken again", n)
		}
	}
}

// A clock that is set back keeps nobody out.
func TestOnce_ClockSetBack(t *testing.T) {
	t.Parallel()
	o := once{limit: 100}
	for n := range uint64(1_000) {
		o.claimNonce(n, int64(100_000+n/50))
	}
	for n := range uint64(200) {
		if expires := int64(90_000 + n/10); !o.claimNonce(n, expires) || o.claimNonce(n, expires) {
			t.Fatalf("%d of an hour before", n)
		}
	}
}
