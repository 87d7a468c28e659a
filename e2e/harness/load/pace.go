package load

import (
	"context"
	"runtime"
)

// turnsAhead is how many works may wait for a caller. Beyond that the pacer waits too,
// which changes no latency: these count from when works were meant to begin.
const turnsAhead = 4096

// pace hands out numbers when their time has come, until the run is over.
func (r *run) pace(ctx context.Context) {
	defer close(r.turns)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread() // a thread that ended would take the programs with it that it has started, see process.Start
	defer sharpen()()
	for n := 0; ; n++ {
		at := r.start(n)
		if r.over(n, at) {
			return
		}
		sleepUntil(at)
		select {
		case r.turns <- n:
		case <-ctx.Done():
			return
		}
	}
}

// roomForPacer lets as many callers run beside the pacer as without it, until undone.
func roomForPacer() (undo func()) {
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	return runtime.SetDefaultGOMAXPROCS
}
