package lifecycle_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/lifecycle"
)

// journal records what was done to whom.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

func (j *journal) unit(name string) lifecycle.Unit {
	return lifecycle.Unit{
		Name:  name,
		Start: func(context.Context) error { j.add("start " + name); return nil },
		Stop:  func(context.Context) error { j.add("stop " + name); return nil },
	}
}

func states(s *lifecycle.Supervisor) map[string]lifecycle.State {
	out := map[string]lifecycle.State{}
	for _, status := range s.Snapshot(context.Background()) {
		out[status.Name] = status.State
	}
	return out
}

func TestSupervisor(t *testing.T) {
	t.Parallel()
	t.Run("starts in order and stops in reverse", startsInOrder)
	t.Run("a failing start is named and the others are stopped", failingStart)
	t.Run("a failing stop is named and the others are stopped", failingStop)
	t.Run("a panic in a start is a failure", panickingStart)
	t.Run("a start that hangs is given up after its time-out", hangingStart)
	t.Run("a stop that hangs is given up after its time-out", hangingStop)
	t.Run("cancelling during a start returns at once", cancelledStart)
	t.Run("readiness names the module and its reason", readiness)
}

func startsInOrder(t *testing.T) {
	t.Parallel()
	var j journal
	s := lifecycle.NewSupervisor([]lifecycle.Unit{j.unit("a"), j.unit("b")}, lifecycle.Options{})
	if err := errors.Join(s.Start(t.Context()), s.Stop(t.Context())); err != nil {
		t.Fatal(err)
	}
	want := []string{"start a", "start b", "stop b", "stop a"}
	if diff := cmp.Diff(want, j.lines); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]lifecycle.State{"a": lifecycle.Terminated, "b": lifecycle.Terminated}, states(s)); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func failingStart(t *testing.T) {
	t.Parallel()
	var j journal
	cause := errors.New("no disk")
	broken := lifecycle.Unit{Name: "b", Start: func(context.Context) error { return cause }}
	s := lifecycle.NewSupervisor([]lifecycle.Unit{j.unit("a"), broken, j.unit("c")}, lifecycle.Options{})
	err := s.Start(t.Context())
	if !errors.Is(err, cause) || !strings.HasPrefix(err.Error(), "start b: ") {
		t.Errorf("got %v, want the cause with the name in front", err)
	}
	if diff := cmp.Diff([]string{"start a", "stop a"}, j.lines); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	want := map[string]lifecycle.State{"a": lifecycle.Terminated, "b": lifecycle.Failed, "c": lifecycle.New}
	if diff := cmp.Diff(want, states(s)); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func failingStop(t *testing.T) {
	t.Parallel()
	var j journal
	cause := errors.New("still busy")
	broken := lifecycle.Unit{Name: "b", Stop: func(context.Context) error { return cause }}
	s := lifecycle.NewSupervisor([]lifecycle.Unit{j.unit("a"), broken}, lifecycle.Options{})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(t.Context()); !errors.Is(err, cause) || !strings.Contains(err.Error(), "stop b") {
		t.Errorf("got %v, want the cause and the name", err)
	}
	if diff := cmp.Diff([]string{"start a", "stop a"}, j.lines); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func panickingStart(t *testing.T) {
	t.Parallel()
	broken := lifecycle.Unit{Name: "b", Start: func(context.Context) error { panic("index out of range") }}
	s := lifecycle.NewSupervisor([]lifecycle.Unit{broken}, lifecycle.Options{})
	if err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "start b: panic: index out of range") {
		t.Errorf("got %v", err)
	}
}

func hangingStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		stuck := lifecycle.Unit{Name: "stuck", Start: func(context.Context) error { <-release; return nil }}
		s := lifecycle.NewSupervisor([]lifecycle.Unit{stuck}, lifecycle.Options{StartTimeout: 3 * time.Second})
		began := time.Now()
		err := s.Start(t.Context())
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "start stuck: not done after 3s") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("gave up after %s", took)
		}
	})
}

func hangingStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		release := make(chan struct{})
		defer close(release)
		stuck := lifecycle.Unit{Name: "stuck", Stop: func(context.Context) error { <-release; return nil }}
		s := lifecycle.NewSupervisor([]lifecycle.Unit{j.unit("a"), stuck}, lifecycle.Options{StopTimeout: time.Second})
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Stop(t.Context()); err == nil || !strings.Contains(err.Error(), "stop stuck: not done after 1s") {
			t.Errorf("got %v", err)
		}
		if diff := cmp.Diff([]string{"start a", "stop a"}, j.lines); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

func cancelledStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		ctx, cancel := context.WithCancel(t.Context())
		release := make(chan struct{})
		defer close(release)
		slow := lifecycle.Unit{Name: "slow", Start: func(context.Context) error { cancel(); <-release; return nil }}
		s := lifecycle.NewSupervisor([]lifecycle.Unit{j.unit("a"), slow}, lifecycle.Options{})
		began := time.Now()
		if err := s.Start(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("took %s", took)
		}
		if diff := cmp.Diff([]string{"start a", "stop a"}, j.lines); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

func readiness(t *testing.T) {
	t.Parallel()
	fine := lifecycle.Unit{Name: "fine"}
	ill := lifecycle.Unit{Name: "ill", Ready: func(context.Context) error { return errors.New("database is gone") }}
	s := lifecycle.NewSupervisor([]lifecycle.Unit{fine, ill}, lifecycle.Options{})
	if lifecycle.Ready(s.Snapshot(t.Context())) {
		t.Error("ready before the start")
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []lifecycle.Status{
		{Name: "fine", State: lifecycle.Running, Ready: true},
		{Name: "ill", State: lifecycle.Running, Reason: "database is gone"},
	}
	got := s.Snapshot(t.Context())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}
	if lifecycle.Ready(got) {
		t.Error("ready although one module is not")
	}
}
