// Package attempt is what all repeated attempts at something that may be away have in
// common: the pause before the next one, and a log that says when the thing began to
// fail and when it works again.
package attempt

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	firstPause = 50 * time.Millisecond
	// longestPause bounds how long something that was away goes unused after its
	// return.
	longestPause = 500 * time.Millisecond
)

// NextPause doubles the wait between attempts to reach something, 50 ms at first and
// 500 ms at most. The pause before the first attempt is 0.
func NextPause(before time.Duration) time.Duration {
	return min(max(firstPause, 2*before), longestPause)
}

// SleepOrStop waits for the time to pass and reports whether it was cut short by the
// end of ctx or by stop, which may be nil.
func SleepOrStop(ctx context.Context, d time.Duration, stop <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return false
	case <-ctx.Done():
	case <-stop:
	}
	return true
}

// Reporter logs when something begins to fail and when it works again, and not each
// time between. It is safe for concurrent use.
type Reporter struct {
	logger  *slog.Logger
	what    string
	failing atomic.Bool
}

// NewReporter makes the reporter of one thing that is done again and again, such as
// "reading the outbox".
func NewReporter(logger *slog.Logger, what string) *Reporter {
	return &Reporter{logger: logger, what: what}
}

// Report takes the outcome of an attempt. A failure because ctx has ended is none.
func (r *Reporter) Report(ctx context.Context, err error) {
	switch {
	case err == nil && r.failing.CompareAndSwap(true, false):
		r.logger.InfoContext(ctx, "works again", "what", r.what)
	case err != nil && ctx.Err() == nil && r.failing.CompareAndSwap(false, true):
		r.logger.WarnContext(ctx, "fails and is tried again", "what", r.what, "error", err)
	}
}
