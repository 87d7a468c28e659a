//go:build faults

package rabbit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/events/rabbit"
	"app/platform/events/rabbit/rabbittest"
)

// The broker is killed, and stands still, in the middle of a stream of events. It may have a batch that it did not
// confirm, or have confirmed one in vain as far as we know: everything arrives, and has one effect.
func TestFailure19_TheBrokerRestartsInMidPublish(t *testing.T) {
	t.Parallel()
	server := rabbittest.Start(t)
	source, target := open(t), open(t)
	running(t, emitter(t, server.URL(), source, "emails"))
	running(t, listener(t, server.URL(), "emails", target, record))
	s := &stream{db: source, ended: make(chan struct{})}
	go s.run(t)
	await(t, "the first", func() bool { return count(t, target, `test_effects`) != "0" })
	for range 2 {
		server.Kill(t)
		await(t, "the loss", func() bool { return count(t, source, `events_owed`) != "0" })
		server.Restart(t)
		known := count(t, target, `test_effects`)
		await(t, "more", func() bool { return count(t, target, `test_effects`) != known })
	}
	await(t, "debts paid", func() bool { return count(t, source, `events_owed`) == "0" })
	server.Pause(t)
	await(t, "a batch that is not confirmed", func() bool { return count(t, source, `events_owed`) != "0" })
	server.Resume(t)
	close(s.ended)
	want := s.emitted()
	await(t, "all marked", func() bool { return unsent(t, source) == "0" })
	await(t, "all effects", func() bool { return count(t, target, `test_effects`) == fmt.Sprint(len(want)) })
	got := recorded(t, target)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("effects: -want +got\n%s", diff)
	}
	t.Logf("%d events", len(want))
}

// stream emits without end.
type stream struct {
	db    *database.DB
	ended chan struct{}

	mu     sync.Mutex
	bodies []string
}

func (s *stream) run(t testing.TB) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-tick.C:
		case <-s.ended:
			return
		}
		body := fmt.Sprintf("%08d", i)
		s.mu.Lock()
		emit(t, s.db, fmt.Sprint(i%10), body)
		s.bodies = append(s.bodies, body)
		s.mu.Unlock()
	}
}

func (s *stream) emitted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.bodies)
}

// An event that no queue is bound for is acknowledged by the broker all the same: after it has come back. It is not sent.
func TestFailure19_AnUnroutableMessageIsNotSent(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	source, target := open(t), open(t)
	o := rabbit.Options{URL: url, Logger: logger(t)} // knows of no listener, so makes no queue
	o.Topology.Hearings = []rabbit.Hearing{{Listener: "nobody", Emitter: "test", Type: "test.Other"}}
	p := publisher(t, o)
	running(t, process{p, relay(t, source, p)})
	emit(t, source, "a", "x", "y")
	await(t, "return", func() bool { return testutil.ToFloat64(rabbit.Returned(p).WithLabelValues("test")) >= 10 })
	if got := unsent(t, source); got != "2" {
		t.Errorf("%s of 2 are unsent", got)
	}
	running(t, listener(t, url, "emails", target, record))
	await(t, "effects", func() bool { return count(t, target, `test_effects`) == "2" })
	await(t, "sent", func() bool { return unsent(t, source) == "0" })
}

// One replica has an event in its handler when it is cut off from the broker, which gives the event to another. Both
// handle it at the same time.
func TestFailure22_TwoReplicasAtTheSameTime(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, location string) {
		broker := rabbittest.URL(t)
		line := plug(t, broker)
		source := open(t)
		first, second := dbtest.OpenURL(t, location, tables()...), dbtest.OpenURL(t, location, tables()...)
		entered, release := make(chan struct{}, 10), make(chan struct{})
		slow := func(ctx context.Context, tx *database.Tx, e events.Event[*wrapperspb.StringValue]) error {
			err := record(ctx, tx, e)
			entered <- struct{}{}
			<-release
			return err
		}
		running(t, emitter(t, broker, source, "emails"))
		running(t, listener(t, line.URL, "emails", first, slow))
		emit(t, source, "a", "x")
		<-entered
		var attempts atomic.Int64
		n := node(t, inbox("emails", second, record))
		c := consumer(t, broker, "emails", func(ctx context.Context, module string, batch []events.Envelope) error {
			attempts.Add(1)
			return n.Accept(ctx, module, batch)
		})
		running(t, process{n, c})
		line.cut()
		await(t, "the second replica", func() bool { return attempts.Load() > 0 })
		close(release)
		ch := channel(t, broker)
		await(t, "the queue to be empty", func() bool { return waiting(t, ch, "souk.emails") == 0 })
		await(t, "one effect", func() bool { return count(t, second, `test_effects`) == "1" })
		emit(t, source, "a", "y")
		await(t, "the next", func() bool { return count(t, second, `test_effects`) == "2" })
		if diff := cmp.Diff([]string{"x", "y"}, recorded(t, second)); diff != "" {
			t.Errorf("effects: -want +got\n%s", diff)
		}
	})
}

// The database of a module takes nothing for a while. Its events stay with the broker, which is not asked for them
// again and again, and another replica may have them.
func TestTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	source, target := open(t), open(t)
	running(t, emitter(t, url, source, "emails"))
	n := node(t, inbox("emails", target, record))
	var down atomic.Bool
	var attempts atomic.Int64
	down.Store(true)
	failing := consumer(t, url, "emails", func(ctx context.Context, module string, batch []events.Envelope) error {
		attempts.Add(1)
		if down.Load() {
			return errors.New("no database")
		}
		return n.Accept(ctx, module, batch)
	})
	running(t, process{n, failing})
	emit(t, source, "a", numbered(300)...)
	await(t, "attempts", func() bool { return attempts.Load() > 0 })
	ch := channel(t, url)
	await(t, "events given back", func() bool { return waiting(t, ch, "souk.emails") == 300 })
	<-time.After(2 * time.Second)
	if n := attempts.Load(); n > 15 {
		t.Errorf("%d attempts in about three seconds", n)
	}
	if n := waiting(t, ch, "souk.emails"); n != 300 {
		t.Errorf("%d of 300 are left while nobody can take them", n)
	}
	down.Store(false)
	await(t, "effects", func() bool { return count(t, target, `test_effects`) == "300" })
	got := recorded(t, target)
	slices.Sort(got) // what a broker gets back it may deliver in another order
	if diff := cmp.Diff(numbered(300), got); diff != "" {
		t.Errorf("effects: -want +got\n%s", diff)
	}
}

// Whoever stops finishes what is in hand and leaves the rest to the next.
func TestStopLosesNothing(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	source, target := open(t), open(t)
	want := numbered(2000)
	emit(t, source, "a", want...)
	relaying := emitter(t, url, source, "emails")
	hearing := listener(t, url, "emails", target, record)
	for i := range 6 {
		known := count(t, target, `test_effects`)
		await(t, "progress", func() bool { return known == "2000" || count(t, target, `test_effects`) != known })
		if i%2 == 0 {
			hearing.stop(t)
			hearing = listener(t, url, "emails", target, record)
		} else {
			relaying.kill()
			relaying = emitter(t, url, source, "emails")
		}
	}
	running(t, hearing)
	running(t, relaying)
	await(t, "effects", func() bool { return count(t, target, `test_effects`) == "2000" })
	await(t, "sent", func() bool { return unsent(t, source) == "0" })
	got := recorded(t, target)
	slices.Sort(got) // what a broker gets back it may deliver in another order
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("effects: -want +got\n%s", diff)
	}
}
