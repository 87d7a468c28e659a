package rabbit_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	amqp "github.com/rabbitmq/amqp091-go"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/events/rabbit"
	"app/platform/events/rabbit/rabbittest"
)

// An event that no queue is bound for is acknowledged by the broker all the same: after
// it has come back. It is not sent.
func TestFailure19_AnUnroutableMessageIsNotSent(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	source, target := open(t), open(t)
	o := rabbit.Options{URL: url, Logger: logger(t)} // knows of no listener, so makes no queue
	o.Topology.Bindings = []rabbit.Binding{{Listener: "nobody", Emitter: "test", Type: "test.Other"}}
	p := publisher(t, o)
	running(t, process{p, relay(t, source, p)})
	emit(t, source, "a", "x", "y")
	await(t, "return", func() bool { return testutil.ToFloat64(rabbit.Returned(p).WithLabelValues("test")) >= 10 })
	if got := count(t, source, pending); got != "2" {
		t.Errorf("%s of 2 are unsent", got)
	}
	running(t, listener(t, url, "emails", target, record))
	awaitCount(t, target, done, 2)
	awaitCount(t, source, pending, 0)
}

// A queue that is full refuses messages. They are not sent.
func TestFailure19_WhatTheBrokerRefusesIsNotSent(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	source, target := open(t), open(t)
	narrow := amqp.Table{"x-max-length": 1, "x-overflow": "reject-publish"}
	if _, err := channel(t, connect(t, url)).QueueDeclare("souk.emails", true, false, false, false, narrow); err != nil {
		t.Fatal(err)
	}
	p := publisher(t, rabbit.Options{URL: url, Topology: topology("emails"), Logger: logger(t)})
	running(t, process{p, relay(t, source, p)})
	emit(t, source, "a", "x")
	awaitCount(t, source, pending, 0)
	err := p.Send(t.Context(), rabbit.Destination, []events.Envelope{{ID: "refused", Type: said, Module: "test"}})
	if err == nil || err.Error() != "the broker refused a message" {
		t.Errorf("got %v", err)
	}
	emit(t, source, "a", "y", "z")
	await(t, "refusal", func() bool { return count(t, source, owed) != "0" })
	running(t, listener(t, url, "emails", target, record))
	awaitCount(t, target, done, 3)
	awaitCount(t, source, pending, 0)
}

// The broker has everything, and its confirmation does not come: nothing counts as sent
// until it does.
func TestFailure19_WhatIsNotConfirmedIsNotSent(t *testing.T) {
	t.Parallel()
	broker := rabbittest.URL(t)
	line := plug(t, broker)
	p := publisher(t, rabbit.Options{URL: line.URL, Topology: topology("emails"), Logger: logger(t)})
	running(t, process{p})
	send := func(ctx context.Context, ids ...string) error {
		var batch []events.Envelope
		for _, id := range ids {
			batch = append(batch, events.Envelope{ID: id, Type: said, Module: "test", OccurredAt: time.Now()})
		}
		return p.Send(ctx, rabbit.Destination, batch)
	}
	await(t, "the first", func() bool { return send(t.Context(), "first") == nil })
	ch := channel(t, connect(t, broker))
	known := waiting(t, ch, "souk.emails")
	t.Cleanup(line.mute())
	ctx, giveUp := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- send(ctx, "second", "third") }()
	await(t, "all of it at the broker", func() bool { return waiting(t, ch, "souk.emails") == known+2 })
	giveUp()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// One replica has an event in its handler when it is cut off from the broker, which
// gives the event to another. Both handle it at the same time.
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
		n := startNode(t, inbox("emails", second, record))
		c := consumer(t, broker, "emails", func(ctx context.Context, module string, batch []events.Envelope) error {
			attempts.Add(1)
			return n.Accept(ctx, module, batch)
		})
		running(t, process{n, c})
		free := sync.OnceFunc(func() { close(release) })
		t.Cleanup(free)
		line.cut()
		await(t, "the second replica", func() bool { return attempts.Load() > 0 })
		free()
		ch := channel(t, connect(t, broker))
		await(t, "the queue to be empty", func() bool { return waiting(t, ch, "souk.emails") == 0 })
		awaitCount(t, second, done, 1)
		emit(t, source, "a", "y")
		awaitCount(t, second, done, 2)
		if diff := cmp.Diff([]string{"x", "y"}, recorded(t, second)); diff != "" {
			t.Errorf("effects: -want +got\n%s", diff)
		}
	})
}

// The database of a module takes nothing for a while. Its events stay with the broker,
// which is not asked for them again and again, and another replica may have them.
func TestTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	source, target := open(t), open(t)
	running(t, emitter(t, url, source, "emails"))
	n := startNode(t, inbox("emails", target, record))
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
	ch := channel(t, connect(t, url))
	await(t, "events given back", func() bool { return waiting(t, ch, "souk.emails") >= 300 })
	known := attempts.Load()
	await(t, "more attempts", func() bool {
		if n := waiting(t, ch, "souk.emails"); n < 300 {
			t.Fatalf("%d of 300 are left while nobody can take them", n)
		}
		return attempts.Load() > known+2
	})
	down.Store(false)
	awaitCount(t, target, done, 300)
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
		known := count(t, target, done)
		await(t, "progress", func() bool { return known == "2000" || count(t, target, done) != known })
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
	awaitCount(t, target, done, 2000)
	awaitCount(t, source, pending, 0)
	got := recorded(t, target)
	slices.Sort(got) // what a broker gets back it may deliver in another order
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("effects: -want +got\n%s", diff)
	}
}
