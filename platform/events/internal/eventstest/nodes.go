package eventstest

import (
	"context"
	"testing"
	"time"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/node"
)

// NodeOptions are what most tests need: one emitter whose events go to the named
// destinations.
func NodeOptions(source *database.DB, destinations []string, listeners ...node.Listener) node.Options {
	return node.Options{
		Emitters:  []node.Emitter{{Module: "test", DB: source, Routes: map[string][]string{Type: destinations}}},
		Listeners: listeners,
	}
}

// ListenerOptions are those of a node with one module that listens and none that emits.
func ListenerOptions(module string, db *database.DB, subs ...events.Subscription) node.Options {
	return node.Options{Listeners: []node.Listener{Listener(module, db, subs...)}}
}

// Listener is a module that subscribes to events.
func Listener(module string, db *database.DB, subs ...events.Subscription) node.Listener {
	return node.Listener{Module: module, DB: db, Subscriptions: subs}
}

// Begin makes and starts a node.
func Begin(t testing.TB, o node.Options) *node.Node {
	t.Helper()
	n, err := node.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return n
}

// Start runs a node until the test ends.
func Start(t testing.TB, o node.Options) *node.Node {
	t.Helper()
	n := Begin(t, o)
	t.Cleanup(func() { Stop(t, n) })
	return n
}

// Stop ends a node and gives it ten seconds for what is in flight.
func Stop(t testing.TB, n *node.Node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := n.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// Kill ends a node as the end of its process would: nothing is completed, nothing given
// back.
func Kill(n *node.Node) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = n.Stop(ctx)
}
