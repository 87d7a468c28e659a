package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// Defaults for Options.
const (
	DefaultStartTimeout = 15 * time.Second
	DefaultStopTimeout  = 10 * time.Second
	readyTimeout        = time.Second
)

// Options bound what a Supervisor does. Zero values mean the defaults.
type Options struct {
	StartTimeout time.Duration // for each unit
	StopTimeout  time.Duration // for each unit
	Logger       *slog.Logger  // nil for none
}

// Supervisor looks after the units of a process. Start and Stop are called once each,
// Snapshot at any time.
type Supervisor struct {
	units   []Unit
	options Options

	mu     sync.Mutex
	states []Status
}

// NewSupervisor takes the units in the order in which they start: whoever is needed
// comes first.
func NewSupervisor(units []Unit, o Options) *Supervisor {
	if o.StartTimeout <= 0 {
		o.StartTimeout = DefaultStartTimeout
	}
	if o.StopTimeout <= 0 {
		o.StopTimeout = DefaultStopTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Supervisor{units: units, options: o, states: make([]Status, len(units))}
	for i, u := range units {
		s.states[i] = Status{Name: u.Name, State: New, Reason: "not started"}
	}
	return s
}

// Start starts the units one after the other and returns when all run. When one fails,
// takes too long or ctx is done, the ones that run are stopped again and the error
// names the one at fault. A unit that ignores its context is left behind: the caller is
// expected to end the process.
func (s *Supervisor) Start(ctx context.Context) error {
	for i, u := range s.units {
		s.setState(i, Starting, "starting")
		began := time.Now()
		err := runWithTimeout(ctx, s.options.StartTimeout, u.Start)
		if err != nil {
			err = fmt.Errorf("start %s: %w", u.Name, s.explainTimeout(ctx, err, s.options.StartTimeout))
			s.setState(i, Failed, err.Error())
			return errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
		}
		s.setState(i, Running, "")
		s.options.Logger.DebugContext(ctx, "module started", "module", u.Name, "took", time.Since(began))
	}
	return nil
}

// Stop stops the running units in reverse order. Each has its time-out, within ctx; one
// that fails is reported and does not keep the others from stopping.
func (s *Supervisor) Stop(ctx context.Context) error {
	var errs []error
	for i, u := range slices.Backward(s.units) {
		if s.stateOf(i) != Running {
			continue
		}
		s.setState(i, Stopping, "stopping")
		if err := runWithTimeout(ctx, s.options.StopTimeout, u.Stop); err != nil {
			err = fmt.Errorf("stop %s: %w", u.Name, s.explainTimeout(ctx, err, s.options.StopTimeout))
			s.setState(i, Failed, err.Error())
			errs = append(errs, err)
			continue
		}
		s.setState(i, Terminated, "stopped")
	}
	return errors.Join(errs...)
}

// Snapshot tells the state of every unit and asks the running ones whether they are
// ready, all at once and for a second at most.
func (s *Supervisor) Snapshot(ctx context.Context) []Status {
	s.mu.Lock()
	out := slices.Clone(s.states)
	s.mu.Unlock()
	var wg sync.WaitGroup
	for i := range out {
		if out[i].State == Running {
			wg.Go(func() { checkReady(ctx, s.units[i], &out[i]) })
		}
	}
	wg.Wait()
	return out
}

// Ready reports whether every unit of a snapshot is ready.
func Ready(snapshot []Status) bool {
	return !slices.ContainsFunc(snapshot, func(s Status) bool { return !s.Ready })
}

func checkReady(ctx context.Context, u Unit, status *Status) {
	if err := runWithTimeout(ctx, readyTimeout, u.Ready); err != nil {
		status.Reason = err.Error()
		return
	}
	status.Ready = true
}

func (s *Supervisor) setState(i int, state State, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.states[i].State, s.states[i].Reason = state, reason
}

func (s *Supervisor) stateOf(i int) State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.states[i].State
}

// explainTimeout tells a unit's own time-out from the end of the caller's patience.
func (s *Supervisor) explainTimeout(ctx context.Context, err error, limit time.Duration) error {
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Errorf("not done after %s: %w", limit, err)
	}
	return err
}

// runWithTimeout runs fn in a goroutine of its own, so that even one that ignores its
// context is given up in time.
func runWithTimeout(ctx context.Context, limit time.Duration, fn func(context.Context) error) error {
	if err := ctx.Err(); err != nil || fn == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		done <- fn(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
