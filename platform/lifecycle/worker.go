package lifecycle

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// Worker repeats a piece of background work from Start to Stop: once at each interval,
// at once when it is woken, and again without a pause while the work says that there is
// more. It never runs the work twice at a time. An error or a panic of the work is
// logged and the next interval tries again.
type Worker struct {
	name     string
	interval time.Duration
	work     func(ctx context.Context) (more bool, err error)
	logger   *slog.Logger
	wake     chan struct{}

	mu     sync.Mutex
	cancel context.CancelFunc
	done   chan struct{}
}

// NewWorker makes a worker that is not running yet. The name is for the log. The work
// has to end soon after its context does, and to be safe against another process that
// does the same.
func NewWorker(name string, interval time.Duration, logger *slog.Logger, work func(ctx context.Context) (more bool, err error)) *Worker {
	return &Worker{name: name, interval: interval, work: work, logger: logger, wake: make(chan struct{}, 1)}
}

// Start begins the work; the context of the work ends at Stop.
func (w *Worker) Start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancel != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel, w.done = cancel, make(chan struct{})
	go w.runLoop(ctx, w.done)
}

// Wake makes the work run now rather than at the next interval. It never waits.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default: // it will run anyway
	}
}

// Stop ends the work and returns when it has ended, or with ctx's error when that is
// done first.
func (w *Worker) Stop(ctx context.Context) error {
	w.mu.Lock()
	cancel, done := w.cancel, w.done
	w.mu.Unlock()
	if cancel == nil {
		return nil
	}
	cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *Worker) runLoop(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	tick := time.NewTicker(w.interval)
	defer tick.Stop()
	for {
		for w.runOnce(ctx) {
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-w.wake:
		}
	}
}

// runOnce runs the work and reports whether there is more to do now.
func (w *Worker) runOnce(ctx context.Context) (more bool) {
	defer func() {
		if v := recover(); v != nil {
			w.logger.ErrorContext(ctx, "worker panicked", slog.String("worker", w.name), slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
			more = false
		}
	}()
	more, err := w.work(ctx)
	if err != nil && ctx.Err() == nil {
		w.logger.WarnContext(ctx, "worker failed and will try again", slog.String("worker", w.name), slog.Any("error", err))
	}
	return more && err == nil && ctx.Err() == nil
}
