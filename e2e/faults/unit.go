package faults

import (
	"context"
	"os"
	"sync"
	"time"

	"app/e2e/harness/shop"
)

// unit is a module's process under a supervisor that starts it again whenever it ends,
// as a container's restart policy does.
type unit struct {
	part *shop.Part

	mu      sync.Mutex
	held    int // faults that keep it from being started
	changed chan struct{}
	stopped bool
	starts  int
	done    chan struct{} // closed when the supervisor has ended
}

func newUnit(part *shop.Part) *unit {
	return &unit{part: part, changed: make(chan struct{}), done: make(chan struct{})}
}

// restartPause is between the end of a process and its next start.
const restartPause = 100 * time.Millisecond

// run supervises until ctx ends, and then ends the process.
func (u *unit) run(ctx context.Context) {
	defer close(u.done)
	for u.await(ctx) {
		if ended, ok := u.launch(); ok {
			select {
			case <-ended:
			case <-ctx.Done():
				u.end(ended)
				return
			}
		}
		sleep(ctx, restartPause)
	}
}

// await waits until nothing keeps the process from being started; false when ctx has
// ended.
func (u *unit) await(ctx context.Context) bool {
	for {
		u.mu.Lock()
		held, changed := u.held, u.changed
		u.mu.Unlock()
		if held == 0 {
			return ctx.Err() == nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

func (u *unit) launch() (ended <-chan struct{}, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.part.Launch() != nil {
		return nil, false
	}
	u.starts++
	return u.part.Done(), true
}

// end stops the process in good order, or at once when that takes too long.
func (u *unit) end(ended <-chan struct{}) {
	u.signal(os.Interrupt)
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		u.mu.Lock()
		u.stopped = true
		u.mu.Unlock()
		u.signal(os.Kill)
		<-ended
	}
}

func (u *unit) signal(what os.Signal) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.starts > 0 {
		_ = u.part.Signal(what) // it may have ended
	}
}

// hold keeps the process from being started again until release.
func (u *unit) hold() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.held++
}

// kill ends the process and keeps it down until release.
func (u *unit) kill() {
	u.hold()
	u.signal(os.Kill)
}

// release lets the process be started again.
func (u *unit) release() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.held--
	close(u.changed)
	u.changed = make(chan struct{})
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
