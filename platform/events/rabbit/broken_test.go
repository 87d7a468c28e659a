package rabbit_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/rabbit"
	"app/platform/events/rabbit/rabbittest"
)

// A broker breaks in the middle of a stream of events. It may have a batch that it did
// not confirm, or have confirmed one in vain as far as we know. Business goes on;
// everything arrives when the broker is back, and has one effect.
func TestFailure19_TheBrokerBreaks(t *testing.T) {
	t.Parallel()
	server := rabbittest.Start(t)
	for name, ordeal := range map[string]func(*testing.T, *rabbittest.Server, *stream){
		"it restarts in mid-publish": restarts,
		"it stands still":            standsStill,
		"it is short of memory":      isShortOfMemory,
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t, server.Host(t))
			ordeal(t, server, s)
			s.check(t)
		})
	}
}

func restarts(t *testing.T, server *rabbittest.Server, s *stream) {
	server.Kill(t)
	s.awaitOutage(t)
	server.Restart(t)
	s.awaitProgress(t)
}

// A broker that stands still has connections, and says nothing. Processes stop all the
// same, and others start.
func standsStill(t *testing.T, server *rabbittest.Server, s *stream) {
	server.Pause(t)
	t.Cleanup(func() { server.Resume(t) }) // whatever happens: the host could not be removed
	s.hearing.stop(t)
	s.hearing = listener(t, s.url, "emails", s.target, record)
	s.awaitOutage(t)
	s.relaying.stop(t)
	s.relaying = emitter(t, s.url, s.source, "emails")
	server.Resume(t)
	s.awaitProgress(t)
}

// A broker that is short of memory keeps connections and takes nothing in. Nobody hangs
// for that.
func isShortOfMemory(t *testing.T, server *rabbittest.Server, s *stream) {
	server.Block(t)
	t.Cleanup(func() { server.Unblock(t) })
	s.awaitOutage(t)
	p := publisher(t, rabbit.Options{URL: s.url, Topology: topology("emails"), Logger: logger(t)})
	refused := func() bool {
		err := p.Send(context.Background(), rabbit.Destination, []events.Envelope{{ID: "x", Type: "test.Unheard", Module: "test"}})
		return err != nil && strings.Contains(err.Error(), "the broker takes no messages: ")
	}
	await(t, "a refusal in the middle", refused)
	await(t, "a refusal at once", refused)
	process{p}.stop(t)
	s.relaying.stop(t)
	s.relaying = emitter(t, s.url, s.source, "emails")
	s.awaitOutage(t)
	server.Unblock(t)
	s.awaitProgress(t)
}

// stream emits without end, for a listener that records.
type stream struct {
	url               string
	source, target    *database.DB
	relaying, hearing process

	stop  func()
	ended chan struct{}

	mu     sync.Mutex
	bodies []string
}

// begin returns when the first events have arrived.
func begin(t *testing.T, url string) *stream {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s := &stream{url: url, source: open(t), target: open(t), stop: stop, ended: make(chan struct{}), bodies: []string{"first"}}
	s.relaying = emitter(t, url, s.source, "emails") // first: it leaves the queue that it makes alone for a moment
	t.Cleanup(func() { s.relaying.stop(t) })
	emit(t, s.source, "first", "first")
	awaitCount(t, s.source, pending, 0)
	s.hearing = listener(t, url, "emails", s.target, record)
	t.Cleanup(func() { s.hearing.stop(t) })
	awaitCount(t, s.target, done, 1)
	go s.run(ctx, t)
	t.Cleanup(s.end)
	return s
}

func (s *stream) run(ctx context.Context, t *testing.T) {
	defer close(s.ended)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ctx.Err() == nil; i++ {
		body := fmt.Sprintf("%08d", i)
		if err := tell(s.source, fmt.Sprint(i%10), body); err != nil {
			t.Errorf("business does not go on: %v", err)
			return
		}
		s.mu.Lock()
		s.bodies = append(s.bodies, body)
		s.mu.Unlock()
		<-tick.C
	}
}

// end returns when nothing is emitted any more.
func (s *stream) end() {
	s.stop()
	<-s.ended
}

func (s *stream) emitted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bodies)
}

// awaitOutage waits until events cannot be sent, and business goes on.
func (s *stream) awaitOutage(t *testing.T) {
	t.Helper()
	await(t, "the outage", func() bool { return count(t, s.source, owed) != "0" })
	known := s.emitted()
	await(t, "business", func() bool { return s.emitted() > known+10 })
}

// awaitProgress waits until events are sent and arrive again.
func (s *stream) awaitProgress(t *testing.T) {
	t.Helper()
	known := count(t, s.target, done)
	await(t, "an event", func() bool { return count(t, s.target, done) != known })
	awaitCount(t, s.source, owed, 0)
}

// check compares what was emitted with what was done.
func (s *stream) check(t *testing.T) {
	t.Helper()
	s.end()
	awaitCount(t, s.source, pending, 0)
	awaitCount(t, s.target, done, len(s.bodies))
	t.Logf("%d events", len(s.bodies))
	want, got := slices.Sorted(slices.Values(s.bodies)), slices.Sorted(slices.Values(recorded(t, s.target)))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("effects: -want +got\n%s", diff)
	}
}
