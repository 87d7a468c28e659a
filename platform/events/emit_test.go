package events_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/callctx"
	"app/platform/database"
	"app/platform/events"
	"app/platform/events/eventsv1"
	"app/platform/events/internal/eventstest"
	"app/platform/events/node"
)

func TestTypeOf(t *testing.T) {
	t.Parallel()
	if got := events.TypeOf(&eventsv1.Envelope{}); got != "platform.Envelope" {
		t.Errorf("got %s", got)
	}
}

// An event is in the transaction that tells it, and nowhere without it. (medusa#15122)
func TestFailure14_NothingIsToldOfWhatWasRolledBack(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		eventstest.Start(t, eventstest.NodeOptions(db, []string{"test"}, eventstest.Listener("test", db, eventstest.Recorder("test.a"))))
		regret := errors.New("regret")
		tell := func(body string, result error) error {
			return db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
				if err := events.Emit(ctx, tx, events.Key{Aggregate: "thing", ID: body}, wrapperspb.String(body)); err != nil {
					return err
				}
				return result
			})
		}
		if err := tell("rolled back", regret); !errors.Is(err, regret) {
			t.Fatal(err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
				_ = events.Emit(ctx, tx, events.Key{}, wrapperspb.String("panicked"))
				panic("while telling")
			})
		}()
		if err := tell("committed", nil); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"committed"}, eventstest.Bodies(t, db, "test.a")); diff != "" {
			t.Errorf("effects -want +got\n%s", diff)
		}
		if got := eventstest.Count(t, db, "events_outbox"); got != "1" {
			t.Errorf("%s rows in the outbox, want 1", got)
		}
	})
}

func TestEmitRefuses(t *testing.T) {
	t.Parallel()
	db := eventstest.Open(t)
	n := eventstest.Begin(t, eventstest.NodeOptions(db, nil))
	t.Cleanup(func() { eventstest.Stop(t, n) })
	type attempt struct {
		key  events.Key
		body string
	}
	for name, a := range map[string]attempt{
		"a long aggregate":     {events.Key{Aggregate: strings.Repeat("x", 65)}, "b"},
		"a long id":            {events.Key{ID: strings.Repeat("x", 129)}, "b"},
		"an id that is binary": {events.Key{ID: "\xff"}, "b"},
		"a body that is":       {events.Key{}, "\xff"},
		"too much":             {events.Key{}, strings.Repeat("x", events.MaxPayload)},
	} {
		t.Run(name, func(t *testing.T) {
			err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
				return events.Emit(ctx, tx, a.key, wrapperspb.String(a.body))
			})
			if err == nil || !strings.HasPrefix(err.Error(), "emit protobuf.StringValue: ") {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("a type that the module has not declared", func(t *testing.T) {
		err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			return events.Emit(ctx, tx, events.Key{}, wrapperspb.Bool(true))
		})
		if err == nil || !strings.Contains(err.Error(), "does not declare") {
			t.Errorf("got %v", err)
		}
	})
}

// What the emitter knew arrives: the envelope in the event, the request id and the
// trace in the context, nothing else.
func TestEnvelopeArrives(t *testing.T) {
	eventstest.InBubble(t, func(t *testing.T) {
		db := eventstest.Open(t)
		type key struct{}
		var got eventstest.Event
		var ctxID string
		var fenced any
		eventstest.Start(t, eventstest.NodeOptions(db, []string{"test"}, eventstest.Listener("test", db, events.Subscribe("test.a",
			func(ctx context.Context, _ *database.Tx, e eventstest.Event) error {
				got, ctxID, fenced = e, callctx.RequestID(ctx), ctx.Value(key{})
				return nil
			}))))
		ctx := context.WithValue(callctx.WithRequestID(context.Background(), "req_1"), key{}, "secret")
		err := db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
			return events.Emit(ctx, tx, events.Key{Aggregate: "order", ID: "ord_1", Version: 7}, wrapperspb.String("hello"))
		})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		want := events.Envelope{
			ID: got.ID, Type: eventstest.Type, Schema: 1, Module: "test", Aggregate: "order", AggregateID: "ord_1", AggregateVersion: 7,
			OccurredAt: db.Now().UTC(), RequestID: "req_1", Payload: got.Payload,
		}
		if diff := cmp.Diff(want, got.Envelope); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if got.Body.GetValue() != "hello" || ctxID != "req_1" || fenced != nil || len(got.ID) != 36 {
			t.Errorf("body %v, request %q, value %v, id %q", got.Body, ctxID, fenced, got.ID)
		}
	})
}

func TestSensitivePayloadsAreBlanked(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db, away := open(), &eventstest.Destination{Down: true}
		calm := false
		o := eventstest.NodeOptions(db, []string{"test", "away"}, eventstest.Listener("test", db,
			eventstest.Failing("test.a", func(eventstest.Event) error {
				if calm {
					return nil
				}
				return eventstest.ErrDown
			})))
		o.Senders = map[string]node.Sender{"away": away}
		eventstest.Start(t, o)
		eventstest.Emit(t, db, "a", "123456", events.Sensitive())
		eventstest.Emit(t, db, "a", "public")
		kept := func(query string) int {
			return strings.Count(strings.Join(eventstest.Texts(t, db, query), " "), "123456")
		}
		const outbox, inbox = `SELECT payload FROM events_outbox`, `SELECT event FROM events_inbox WHERE event IS NOT NULL`
		synctest.Wait()
		if kept(outbox) != 1 || kept(inbox) != 1 {
			t.Error("the payload is gone while somebody needs it")
		}
		calm = true
		away.SetDown(false)
		eventstest.Await(t, eventstest.SettleTime, "both sides done", func() bool { return kept(outbox) == 0 && kept(inbox) == 0 })
		if got := strings.Join(eventstest.Texts(t, db, outbox), " "); !strings.Contains(got, "public") {
			t.Error("the other payload is gone too")
		}
		eventstest.Await(t, eventstest.SettleTime, "delivery", func() bool { return len(away.Bodies()) == 2 })
		if diff := cmp.Diff([]string{"123456", "public"}, away.Bodies()); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}
