// Package lifecycle starts the modules of a process in order, stops them in reverse,
// and knows at any time which state each is in and why. A module that hangs is given up
// after its time-out and named; it never hangs the process.
package lifecycle

import (
	"context"
	"errors"
)

// Module is a part of the shop with a name of its own. Whatever else it can do it says
// by implementing one of the optional one-method interfaces of this package and of
// platform/host.
type Module interface {
	// Name is the module's name in lower case, such as "orders": it prefixes its
	// tables, variables and URLs.
	Name() string
}

// WorkerOwner is a module with work that is repeated in the background.
type WorkerOwner interface {
	// Workers are made when the module is opened. They are started after the module
	// itself and have stopped before it is.
	Workers() []*Worker
}

// Starter is a module with something to do before its workers.
type Starter interface {
	// Start returns when the module can serve. ctx bounds the start only.
	Start(ctx context.Context) error
}

// Stopper is a module with something to finish after its workers.
type Stopper interface {
	// Stop returns when nothing of the module is at work, or when ctx is done.
	Stop(ctx context.Context) error
}

// Readier is a module that may be unable to serve although it runs.
type Readier interface {
	// Ready says why the module cannot serve, nil when it can. It looks at the module's
	// own means only and never at another module's readiness, or one module down would
	// take all the others out of service.
	Ready(ctx context.Context) error
}

// State is where a module stands.
type State string

// The states, in the order a healthy module passes them.
const (
	New        State = "new"
	Starting   State = "starting"
	Running    State = "running"
	Stopping   State = "stopping"
	Terminated State = "terminated"
	Failed     State = "failed" // did not start, or did not stop, and why is in Status.Reason
)

// Unit is what a Supervisor looks after: usually one module. Nil functions do nothing.
type Unit struct {
	Name  string
	Start func(ctx context.Context) error
	Stop  func(ctx context.Context) error
	Ready func(ctx context.Context) error
}

// UnitOf makes the unit of a module from the interfaces it implements.
func UnitOf(m Module) Unit {
	u := Unit{Name: m.Name()}
	if s, ok := m.(Starter); ok {
		u.Start = s.Start
	}
	if s, ok := m.(Stopper); ok {
		u.Stop = s.Stop
	}
	if r, ok := m.(Readier); ok {
		u.Ready = r.Ready
	}
	if o, ok := m.(WorkerOwner); ok {
		u.Start, u.Stop = withWorkers(o, u.Start, u.Stop)
	}
	return u
}

// withWorkers starts a module's workers after the module, and stops them before it.
func withWorkers(o WorkerOwner, start, stop func(context.Context) error) (func(context.Context) error, func(context.Context) error) {
	startAll := func(ctx context.Context) error {
		if start != nil {
			if err := start(ctx); err != nil {
				return err
			}
		}
		for _, w := range o.Workers() {
			w.Start()
		}
		return nil
	}
	stopAll := func(ctx context.Context) error {
		var errs []error
		for _, w := range o.Workers() {
			errs = append(errs, w.Stop(ctx))
		}
		if stop != nil {
			errs = append(errs, stop(ctx))
		}
		return errors.Join(errs...)
	}
	return startAll, stopAll
}

// Status is the state of one unit as /ready and /modules show it.
type Status struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	Ready bool   `json:"ready"`
	// Reason says why the unit is not ready, empty when it is.
	Reason string `json:"reason,omitempty"`
}
