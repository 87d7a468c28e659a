package events

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

// nextPause doubles the wait between attempts to reach something.
func nextPause(d time.Duration) time.Duration {
	return min(max(firstPause, 2*d), longestPause)
}

// sleepOrStop waits for the time to pass and reports whether it was cut short by the
// end of ctx or by stop.
func sleepOrStop(ctx context.Context, d time.Duration, stop <-chan struct{}) bool {
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

// trouble logs when something begins to fail and when it works again, and not each time
// between.
type trouble struct {
	logger  *slog.Logger
	what    string
	failing atomic.Bool
}

func (t *trouble) noteResult(ctx context.Context, err error) {
	switch {
	case err == nil && t.failing.CompareAndSwap(true, false):
		t.logger.InfoContext(ctx, "works again", "what", t.what)
	case err != nil && ctx.Err() == nil && t.failing.CompareAndSwap(false, true):
		t.logger.WarnContext(ctx, "fails and is tried again", "what", t.what, "error", err)
	}
}
