package ses

import (
	"math"
	"sync"
	"time"
)

// How the pace changes.
const (
	sandboxRate  = 1.0              // e-mails per second until the quota is known: what every new account has
	slowest      = 0.1              // e-mails per second, however often SES throttles
	recovery     = 0.05             // of the full rate, regained per second without throttling
	firstPause   = time.Second      // after being throttled; doubled each time
	longestPause = time.Minute      //
	dayPause     = 15 * time.Minute // when the day's quota is used up
	unlimited    = -1.0             // what SES says for no quota of the day
)

// bucket grants as many e-mails as SES takes: a token bucket of one second's quota, and
// what is left of the day. The quota belongs to the account and so to all processes
// that send; what each may use shows by being throttled.
type bucket struct {
	now func() time.Time

	mu      sync.Mutex
	cap     float64 // of the operator, 0 for none
	ceiling float64 // e-mails per second when all is well
	rate    float64 // e-mails per second now
	tokens  float64
	day     float64 // e-mails left of the day; unlimited for no bound
	filled  time.Time
	until   time.Time // nothing is granted before
	strikes int       // throttled so many times in a row
}

func newBucket(limit float64, now func() time.Time) *bucket {
	rate := sandboxRate
	if limit > 0 {
		rate = limit
	}
	return &bucket{now: now, cap: limit, ceiling: rate, rate: rate, tokens: 1, day: unlimited, filled: now()}
}

// updateQuota takes over the account's quota.
func (b *bucket) updateQuota(perSecond, perDay, sentToday float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refillTokens()
	throttled := b.rate < b.ceiling
	b.ceiling = perSecond
	if b.cap > 0 {
		b.ceiling = min(b.cap, perSecond)
	}
	b.ceiling = max(b.ceiling, slowest)
	if !throttled || b.rate > b.ceiling {
		b.rate = b.ceiling
	}
	b.day = unlimited
	if perDay >= 0 {
		b.day = max(perDay-sentToday, 0)
	}
}

// reserveTokens grants room for up to so many e-mails, or tells when there will be
// some.
func (b *bucket) reserveTokens(most int) (granted int, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refillTokens()
	if pause := b.remainingPause(); pause > 0 {
		return 0, pause
	}
	if b.day != unlimited && b.day < 1 {
		return 0, dayPause
	}
	if b.tokens < 1 {
		return 0, time.Duration(math.Ceil((1 - b.tokens) / b.rate * float64(time.Second)))
	}
	granted = min(most, int(b.tokens))
	if b.day != unlimited {
		granted = min(granted, int(b.day))
		b.day -= float64(granted)
	}
	b.tokens -= float64(granted)
	return granted, 0
}

// releaseTokens takes back what was granted and not used.
func (b *bucket) releaseTokens(unused int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(b.tokens+float64(unused), b.burstSize())
	if b.day != unlimited {
		b.day += float64(unused)
	}
}

// backOff halves the rate and pauses, or ends the day.
func (b *bucket) backOff(daily bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refillTokens()
	if daily {
		b.until = b.now().Add(dayPause)
		return
	}
	if b.remainingPause() > 0 {
		return // the e-mails of one batch are throttled together
	}
	b.until = b.now().Add(min(firstPause<<min(b.strikes, 10), longestPause))
	b.strikes++
	b.rate = max(b.rate/2, slowest)
	b.tokens = min(b.tokens, b.burstSize())
}

// remainingPause is how long nothing is granted yet; b.mu is held. More than the
// longest pause is from before the clock went back, and none.
func (b *bucket) remainingPause() time.Duration {
	if left := b.until.Sub(b.now()); left <= dayPause {
		return left
	}
	return 0
}

func (b *bucket) burstSize() float64 { return max(b.rate, 1) }

// refillTokens adds the tokens of the time that has passed, and regains speed.
func (b *bucket) refillTokens() {
	now := b.now()
	passed := now.Sub(b.filled).Seconds()
	b.filled = now
	if passed <= 0 {
		return
	}
	if b.rate < b.ceiling {
		b.rate = min(b.ceiling, b.rate+b.ceiling*recovery*passed)
	} else {
		b.strikes = 0
	}
	b.tokens = min(b.tokens+passed*b.rate, b.burstSize())
}
