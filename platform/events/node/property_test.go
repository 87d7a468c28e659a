package node_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/wrapperspb"
	"pgregory.net/rapid"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/inbox"
	"app/platform/events/internal/eventstest"
	"app/platform/events/node"
)

// step is one thing that happens in a run of the property.
type step struct {
	Kind  string
	Which int           // of the destinations, of the nodes
	Wait  time.Duration // what passes before the next step
}

// weather is how bad the network and the handlers are: shares of a hundred.
type weather struct {
	Lost, Twice, Reordered, Failed int
	Seed                           uint32
}

// Whatever fails, arrives twice, out of order or late, and whoever is killed: once the
// weather is fine each event has exactly one effect in each consumer, and events that
// were rolled back have none.
func TestEachEventHasOneEffect(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := weather{
			Lost: rapid.IntRange(0, 60).Draw(rt, "lost"), Twice: rapid.IntRange(0, 50).Draw(rt, "twice"),
			Reordered: rapid.IntRange(0, 50).Draw(rt, "reordered"), Failed: rapid.IntRange(0, 60).Draw(rt, "failed"),
			Seed: rapid.Uint32().Draw(rt, "seed"),
		}
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 3, 25).Draw(rt, "steps")
		var outcome string
		synctest.Test(t, func(t *testing.T) { outcome = play(t, w, steps) })
		if outcome != "" {
			rt.Fatal(outcome)
		}
	})
}

func drawStep(rt *rapid.T) step {
	return step{
		Kind:  rapid.SampledFrom([]string{"emit", "emit", "emit", "burst", "regret", "down", "up", "kill", "stop", "steal"}).Draw(rt, "kind"),
		Which: rapid.IntRange(0, 1).Draw(rt, "which"),
		Wait:  time.Duration(rapid.IntRange(0, 2000).Draw(rt, "wait")) * time.Millisecond,
	}
}

// sky is a run: two nodes on one set of databases, one destination direct and one over
// the network.
type sky struct {
	t       *testing.T
	weather weather
	fine    atomic.Bool
	turns   atomic.Uint32
	down    atomic.Bool
	source  *database.DB
	near    *database.DB
	far     *database.DB
	nodes   [2]*node.Node
	farNode *node.Node
	emitted []string
}

func play(t *testing.T, w weather, steps []step) string {
	s := &sky{t: t, weather: w, source: eventstest.Open(t), near: eventstest.Open(t), far: eventstest.Open(t)}
	s.farNode = eventstest.Start(t, node.Options{Retries: patient, Listeners: []node.Listener{s.listener("far", s.far)}})
	for i := range s.nodes {
		s.revive(i)
	}
	for i, st := range steps {
		s.do(st, i)
		<-time.After(st.Wait)
		synctest.Wait()
	}
	s.fine.Store(true)
	s.down.Store(false)
	s.settle()
	for _, n := range s.nodes {
		eventstest.Stop(t, n)
	}
	return s.outcome()
}

// patient consumers never give up, so that nothing is dead in the end.
var patient = inbox.Retries{Limit: 1000, First: 10 * time.Millisecond, Longest: time.Second}

func (s *sky) listener(module string, db *database.DB) node.Listener {
	return eventstest.Listener(module, db, s.moody(module+".a"), s.moody(module+".b"))
}

func (s *sky) moody(consumer string) events.Subscription {
	return eventstest.Failing(consumer, func(eventstest.Event) error {
		if s.happens(s.weather.Failed) {
			return eventstest.ErrDown
		}
		return nil
	})
}

// happens draws from the weather.
func (s *sky) happens(share int) bool {
	h := fnv.New32a()
	_, _ = fmt.Fprint(h, s.weather.Seed, s.turns.Add(1))
	return !s.fine.Load() && int(h.Sum32()%100) < share
}

// Send is the network: it loses batches before and after they arrive, repeats and
// reorders.
func (s *sky) Send(ctx context.Context, _ string, batch []events.Envelope) error {
	if s.down.Load() || s.happens(s.weather.Lost) {
		return eventstest.ErrDown
	}
	batch = append([]events.Envelope(nil), batch...)
	for i := range batch {
		if s.happens(s.weather.Twice) {
			batch = append(batch, batch[i])
		}
		if j := len(batch) - 1; s.happens(s.weather.Reordered) {
			batch[i], batch[j] = batch[j], batch[i]
		}
	}
	if err := s.farNode.Accept(ctx, "far", batch); err != nil {
		return err
	}
	if s.happens(s.weather.Lost) {
		return eventstest.ErrDown // the answer
	}
	return nil
}

func (s *sky) revive(i int) {
	o := eventstest.NodeOptions(s.source, []string{"near", "far"}, s.listener("near", s.near))
	o.Retries, o.Senders = patient, map[string]node.Sender{"far": s}
	s.nodes[i] = eventstest.Begin(s.t, o)
}

func (s *sky) do(st step, number int) {
	switch st.Kind {
	case "emit":
		s.emit(fmt.Sprintf("%03d", number), nil)
	case "burst":
		for i := range 30 {
			s.emit(fmt.Sprintf("%03d-%02d", number, i), nil)
		}
	case "regret":
		s.emit("regretted", eventstest.ErrDown)
	case "down", "up":
		s.down.Store(st.Kind == "down")
	case "kill":
		eventstest.Kill(s.nodes[st.Which])
		s.revive(st.Which)
	case "stop":
		eventstest.Stop(s.t, s.nodes[st.Which])
		s.revive(st.Which)
	case "steal":
		eventstest.Execute(s.t, s.source, `UPDATE events_lease SET holder = 'thief', until = 0`)
	}
}

func (s *sky) emit(body string, result error) {
	err := s.source.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		if err := events.Emit(ctx, tx, events.Key{Aggregate: "thing", ID: body[:1]}, wrapperspb.String(body)); err != nil {
			return err
		}
		return result
	})
	if err == nil {
		s.emitted = append(s.emitted, body)
	}
}

func (s *sky) settle() {
	rest := func() string {
		return eventstest.Count(s.t, s.source, `events_outbox WHERE state <> 1`) + eventstest.Count(s.t, s.source, `events_owed`) +
			eventstest.Count(s.t, s.near, `events_inbox WHERE state <> 1`) + eventstest.Count(s.t, s.far, `events_inbox WHERE state <> 1`)
	}
	for begun := time.Now(); rest() != "0000" && time.Since(begun) < eventstest.SettleTime; synctest.Wait() {
		<-time.After(50 * time.Millisecond)
	}
}

func (s *sky) outcome() string {
	for consumer, db := range map[string]*database.DB{"near.a": s.near, "near.b": s.near, "far.a": s.far, "far.b": s.far} {
		if diff := cmp.Diff(s.emitted, eventstest.Bodies(s.t, db, consumer)); diff != "" {
			return consumer + ": -emitted +effects\n" + diff
		}
	}
	if left := eventstest.Count(s.t, s.source, `events_outbox WHERE state <> 1`) + eventstest.Count(s.t, s.source, `events_owed`); left != "00" {
		return "rows left in the outbox and owed: " + left
	}
	return ""
}
