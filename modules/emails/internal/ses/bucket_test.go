package ses

import (
	"testing"
	"time"
)

// hand is a clock that a test moves.
type hand struct{ at time.Time }

func (h *hand) now() time.Time          { return h.at }
func (h *hand) advance(d time.Duration) { h.at = h.at.Add(d) }

func newHand() *hand { return &hand{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func TestBucket(t *testing.T) {
	t.Parallel()
	t.Run("SandboxRateUntilTheQuotaIsKnown", func(t *testing.T) {
		t.Parallel()
		h := newHand()
		b := newBucket(0, h.now)
		if n, _ := b.reserveTokens(64); n != 1 {
			t.Errorf("%d at first, want 1", n)
		}
		n, wait := b.reserveTokens(64)
		if n != 0 || wait != time.Second {
			t.Errorf("%d and %s to wait, want none and a second", n, wait)
		}
		h.advance(wait)
		if n, _ := b.reserveTokens(64); n != 1 {
			t.Errorf("%d after the wait, want 1", n)
		}
	})
	t.Run("QuotaOfTheSecond", func(t *testing.T) {
		t.Parallel()
		h := newHand()
		b := newBucket(0, h.now)
		b.updateQuota(14, unlimited, 0)
		total := 0
		for range 1000 { // ten seconds
			h.advance(10 * time.Millisecond)
			n, _ := b.reserveTokens(64)
			total += n
		}
		if total < 139 || total > 15+140 {
			t.Errorf("%d in ten seconds at 14 a second", total)
		}
	})
	t.Run("QuotaOfTheDay", func(t *testing.T) {
		t.Parallel()
		h := newHand()
		b := newBucket(0, h.now)
		b.updateQuota(100, 200, 195)
		h.advance(time.Second)
		if n, _ := b.reserveTokens(64); n != 5 {
			t.Errorf("%d, want the 5 that are left", n)
		}
		b.releaseTokens(2)
		if n, _ := b.reserveTokens(64); n != 2 {
			t.Errorf("%d, want the 2 that were given back", n)
		}
		if n, wait := b.reserveTokens(64); n != 0 || wait < time.Minute {
			t.Errorf("%d and %s to wait on a day that is over", n, wait)
		}
	})
	t.Run("OperatorsBound", func(t *testing.T) {
		t.Parallel()
		h := newHand()
		b := newBucket(3, h.now)
		b.updateQuota(14, unlimited, 0)
		h.advance(time.Minute)
		if n, _ := b.reserveTokens(64); n != 3 {
			t.Errorf("%d, want 3", n)
		}
	})
}

func TestBucketThrottled(t *testing.T) {
	t.Parallel()
	h := newHand()
	b := newBucket(0, h.now)
	b.updateQuota(10, unlimited, 0)
	h.advance(time.Second)
	b.backOff(false)
	b.backOff(false) // of the same batch: once is enough
	if n, wait := b.reserveTokens(64); n != 0 || wait != firstPause {
		t.Errorf("%d and %s to wait, want none and %s", n, wait, firstPause)
	}
	if b.rate != 5 {
		t.Errorf("%g a second, want half", b.rate)
	}
	h.advance(firstPause)
	b.backOff(false)
	if _, wait := b.reserveTokens(64); wait != 2*firstPause {
		t.Errorf("%s to wait the second time, want twice as long", wait)
	}
	b.updateQuota(10, unlimited, 0)
	if b.rate > 5 {
		t.Error("the quota makes it fast again at once")
	}
	for range 60 {
		h.advance(time.Second)
		b.reserveTokens(1)
	}
	if b.rate != 10 || b.strikes != 0 {
		t.Errorf("%g a second after a minute without throttling, %d strikes", b.rate, b.strikes)
	}
	b.backOff(true)
	if _, wait := b.reserveTokens(64); wait != dayPause {
		t.Errorf("%s to wait when the day is over, want %s", wait, dayPause)
	}
}

func TestFault22_PausesWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	for name, daily := range map[string]bool{"throttled": false, "the day is used up": true} {
		h := newHand()
		b := newBucket(0, h.now)
		b.backOff(daily)
		if n, wait := b.reserveTokens(1); n != 0 || wait <= 0 {
			t.Errorf("%s: %d, wait %s", name, n, wait)
		}
		h.advance(-time.Hour)
		if n, wait := b.reserveTokens(1); n != 1 {
			t.Errorf("%s: an hour back nothing is granted for %s", name, wait)
		}
	}
}
