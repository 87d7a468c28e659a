package delivery_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/events/delivery"
	"app/platform/events/eventsv1"
	"app/platform/events/node"
	"app/platform/fault"
	"app/platform/freeport"
	"app/platform/identity"
	"app/platform/rpc"
)

func runtime(t *testing.T, fill byte) *rpc.Runtime {
	t.Helper()
	signer, err := identity.NewSigner(bytes.Repeat([]byte{fill}, 32), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	r := rpc.NewRuntime(rpc.Options{Signer: signer})
	t.Cleanup(r.Close)
	return r
}

func remote(r *rpc.Runtime, url string) delivery.Bind {
	return func(caller string, d rpc.Dependency) error { return r.BindRemote(caller, d, url) }
}

// world is a process that listens as module "emails".
type world struct {
	node  *node.Node
	url   string
	heard chan string
}

func listening(t *testing.T) world {
	t.Helper()
	w := world{heard: make(chan string, 100)}
	sub := events.Subscribe("emails.a", func(_ context.Context, tx *database.Tx, e events.Event[*wrapperspb.StringValue]) error {
		tx.AfterCommit(func() { w.heard <- e.Body.GetValue() })
		return nil
	})
	var err error
	w.node, err = node.New(node.Options{
		Listeners: []node.Listener{{Module: "emails", DB: dbtest.Open(t, events.Migrations), Subscriptions: []events.Subscription{sub}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(runtime(t, 1).Handler(delivery.Serve("emails", func() *node.Node { return w.node })))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// sender delivers as the module, whatever is asked of it.
func sender(t *testing.T, module, url string) eventsv1.DeliveryClient {
	t.Helper()
	var client eventsv1.DeliveryClient
	if err := runtime(t, 1).BindRemote(module, eventsv1.NeedDelivery(&client).ForModule("emails"), url); err != nil {
		t.Fatal(err)
	}
	return client
}

func envelope(id string) events.Envelope {
	return events.Envelope{ID: id, Type: "protobuf.StringValue", Schema: 1, Module: "protobuf", OccurredAt: time.Now(), Payload: append([]byte{10, byte(len(id))}, id...)}
}

func TestSend(t *testing.T) {
	t.Parallel()
	w := listening(t)
	way, err := delivery.NewSender("emails", []string{"protobuf", "users"}, remote(runtime(t, 1), w.url))
	if err != nil {
		t.Fatal(err)
	}
	send := func(s node.Sender, batch ...events.Envelope) string {
		err := s.Send(t.Context(), "emails", batch)
		if err == nil {
			return "accepted"
		}
		return fmt.Sprint(fault.CodeOf(err), " ", fault.ReasonOf(err))
	}

	t.Run("OK", func(t *testing.T) {
		for range 2 {
			if got := send(way, envelope("one"), envelope("two")); got != "accepted" {
				t.Fatal(got)
			}
		}
		got := map[string]bool{<-w.heard: true, <-w.heard: true}
		if !got["one"] || !got["two"] || len(w.heard) != 0 {
			t.Errorf("heard %v and %d more", got, len(w.heard))
		}
	})
	t.Run("a malformed event is refused", func(t *testing.T) {
		if got := send(way, envelope("")); got != "invalid_argument malformed_event" {
			t.Error(got)
		}
	})
	t.Run("a module tells of itself only", func(t *testing.T) {
		of := func(module, name string) events.Envelope {
			e := envelope("foreign")
			e.Module, e.Type = module, name
			return e
		}
		foreign := sender(t, "users", w.url)
		for what, e := range map[string]events.Envelope{
			"another's event":             of("protobuf", "protobuf.StringValue"),
			"its own of another's type":   of("users", "protobuf.StringValue"),
			"another's of its own type":   of("protobuf", "users.StringValue"),
			"of a type like its own name": of("users", "usersandmore.StringValue"),
		} {
			_, err := foreign.Deliver(t.Context(), &eventsv1.DeliverRequest{Events: events.ToWire([]events.Envelope{e})})
			if fault.CodeOf(err) != fault.PermissionDenied || fault.ReasonOf(err) != "foreign_event" || len(w.heard) != 0 {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
	t.Run("a caller without the key is refused", func(t *testing.T) {
		stranger, err := delivery.NewSender("emails", []string{"protobuf"}, remote(runtime(t, 2), w.url))
		if err != nil {
			t.Fatal(err)
		}
		if got := send(stranger, envelope("three")); got == "accepted" || len(w.heard) != 0 {
			t.Error(got)
		}
	})
	t.Run("a module that is not there refuses", func(t *testing.T) {
		elsewhere, err := delivery.NewSender("payments", []string{"protobuf"}, remote(runtime(t, 1), w.url))
		if err != nil {
			t.Fatal(err)
		}
		if got := send(elsewhere, envelope("four")); got == "accepted" || len(w.heard) != 0 {
			t.Error(got)
		}
	})
	t.Run("a node that has stopped refuses", func(t *testing.T) {
		if err := w.node.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := send(way, envelope("five")); got != "unavailable not_listening" {
			t.Error(got)
		}
	})
}

// Over the real boundary: a process that is not there gets its events within two
// seconds of coming up.
func TestProcessComesBack(t *testing.T) {
	t.Parallel()
	w := listening(t)
	address, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	way, err := delivery.NewSender("emails", []string{"protobuf"}, remote(runtime(t, 1), "http://"+address))
	if err != nil {
		t.Fatal(err)
	}
	tried := make(chan struct{}, 100)
	source := dbtest.Open(t, events.Migrations)
	n, err := node.New(node.Options{
		Emitters: []node.Emitter{{Module: "protobuf", DB: source, Routes: map[string][]string{"protobuf.StringValue": {"emails"}}}},
		Senders:  map[string]node.Sender{"emails": counted{way, tried}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Stop(context.Background()) })
	err = source.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		return events.Emit(ctx, tx, events.Key{}, wrapperspb.String("hello"))
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 7 { // long enough for whatever gives up to have given up
		<-tried
	}
	var back atomic.Int64
	listen, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	back.Store(time.Now().UnixNano())
	server := &httptest.Server{Listener: listen, Config: &http.Server{Handler: runtime(t, 1).Handler(
		delivery.Serve("emails", func() *node.Node { return w.node })), ReadHeaderTimeout: time.Second}}
	server.Start()
	t.Cleanup(server.Close)
	if got := <-w.heard; got != "hello" {
		t.Errorf("heard %q", got)
	}
	if took := time.Since(time.Unix(0, back.Load())); took > 2*time.Second {
		t.Errorf("after %v", took)
	}
}

// counted tells of each attempt.
type counted struct {
	node.Sender
	tried chan<- struct{}
}

func (c counted) Send(ctx context.Context, destination string, batch []events.Envelope) error {
	defer func() {
		select {
		case c.tried <- struct{}{}:
		default:
		}
	}()
	return c.Sender.Send(ctx, destination, batch) //nolint:wrapcheck // a decorator
}
