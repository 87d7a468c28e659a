package lifecycle_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"app/platform/lifecycle"
)

// office is a module with workers; it notes what happens in which order.
type office struct {
	mu      sync.Mutex
	done    []string
	workers []*lifecycle.Worker
	refuses error
}

func (o *office) note(what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.done = append(o.done, what)
}

func (*office) Name() string                   { return "office" }
func (o *office) Workers() []*lifecycle.Worker { return o.workers }
func (o *office) Start(context.Context) error  { o.note("start"); return o.refuses }
func (o *office) Stop(context.Context) error   { o.note("stop"); return errors.New("the door is stuck") }

// Workers run from after the module's own start until before its own stop, and not at
// all when it does not start.
func TestUnitOf_Workers(t *testing.T) {
	t.Parallel()
	o, began := &office{}, make(chan struct{})
	o.workers = []*lifecycle.Worker{lifecycle.NewWorker("clerk", time.Hour, slog.New(slog.DiscardHandler), func(ctx context.Context) (bool, error) {
		o.note("work")
		close(began)
		<-ctx.Done()
		o.note("home")
		return false, nil
	})}
	unit := lifecycle.UnitOf(o)
	if err := unit.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-began
	if err := unit.Stop(t.Context()); err == nil || err.Error() != "the door is stuck" {
		t.Errorf("stop: %v", err)
	}
	if want := []string{"start", "work", "home", "stop"}; !slices.Equal(o.done, want) {
		t.Errorf("%v, want %v", o.done, want)
	}
	closed := &office{refuses: errors.New("closed"), workers: []*lifecycle.Worker{lifecycle.NewWorker("clerk", time.Hour, nil, nil)}}
	if err := lifecycle.UnitOf(closed).Start(t.Context()); !errors.Is(err, closed.refuses) {
		t.Errorf("a module that does not start: %v", err)
	}
}
