package faults

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"
)

// nemesis carries the faults of a plan out.
type nemesis struct {
	t     testing.TB
	world *world
	began time.Time

	mu     sync.Mutex
	report []string
	alone  map[string]*sync.Mutex // a target has one fault at a time
}

func newNemesis(t testing.TB, w *world) *nemesis {
	return &nemesis{t: t, world: w, began: time.Now(), alone: map[string]*sync.Mutex{}}
}

// run begins every fault when its time has come and returns when all have ended. done
// is how many checkouts are.
func (n *nemesis) run(ctx context.Context, faults []Fault, done func() int) {
	var all sync.WaitGroup
	for _, f := range faults {
		for done() < f.After && ctx.Err() == nil {
			sleep(ctx, time.Millisecond)
		}
		if ctx.Err() != nil {
			break
		}
		all.Go(func() {
			sleep(ctx, f.Delay)
			n.inflict(ctx, f)
		})
	}
	all.Wait()
}

// inflict begins a fault, waits and ends it.
func (n *nemesis) inflict(ctx context.Context, f Fault) {
	alone := n.turn(f.Target)
	alone.Lock()
	defer alone.Unlock()
	begun := time.Since(n.began)
	end, err := n.begin(f)
	if err == nil {
		sleep(ctx, f.For)
		err = end()
	}
	n.note(f, begun, err)
}

func (n *nemesis) turn(target string) *sync.Mutex {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.alone[target] == nil {
		n.alone[target] = &sync.Mutex{}
	}
	return n.alone[target]
}

func (n *nemesis) note(f Fault, begun time.Duration, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	line := fmt.Sprintf("%7.3f s to %7.3f s: %s", begun.Seconds(), time.Since(n.began).Seconds(), f)
	if err != nil {
		line += ": " + err.Error()
		n.t.Errorf("a fault could not be made or mended: %s", line)
	}
	n.report = append(n.report, line)
}

// happened is what was done, and when.
func (n *nemesis) happened() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.report...)
}

// server is a server that dies and comes back.
type server interface {
	Kill(t testing.TB)
	Restart(t testing.TB)
	Pause(t testing.TB)
	Resume(t testing.TB)
}

// begin starts a fault and returns what ends it.
func (n *nemesis) begin(f Fault) (end func() error, err error) {
	if l, ok := n.world.links[f.Target]; ok {
		return l.breakIt(f)
	}
	if u, ok := n.world.units[f.Target]; ok {
		return ofUnit(u, f.Kind)
	}
	switch f.Target {
	case MariaDB:
		return n.ofServer(n.world.servers.Maria, f.Kind)
	case RabbitMQ:
		return n.ofServer(n.world.servers.Rabbit, f.Kind)
	}
	return nil, fmt.Errorf("there is no %s", f.Target)
}

func ofUnit(u *unit, kind Kind) (end func() error, err error) {
	switch kind {
	case Kill:
		u.kill()
		return func() error { u.release(); return nil }, nil
	case Pause:
		u.signal(syscall.SIGSTOP)
		return func() error { u.signal(syscall.SIGCONT); return nil }, nil
	}
	return nil, fmt.Errorf("no fault of a process: %s", kind)
}

func (n *nemesis) ofServer(s server, kind Kind) (end func() error, err error) {
	switch kind {
	case Kill:
		s.Kill(n.t)
		return func() error { s.Restart(n.t); return nil }, nil
	case Pause:
		s.Pause(n.t)
		return func() error { s.Resume(n.t); return nil }, nil
	}
	return nil, fmt.Errorf("no fault of a server: %s", kind)
}
