package backlog_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/backlog"
	"app/platform/events/internal/eventstest"
	"app/platform/events/node"
)

func TestMeasure(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db, away := open(), &eventstest.Destination{Down: true}
		registry := prometheus.NewRegistry()
		o := eventstest.NodeOptions(db, []string{"away", "test"}, eventstest.Listener("test", db,
			eventstest.Failing("test.a", func(eventstest.Event) error { return eventstest.ErrDown })))
		o.Senders, o.Metrics = map[string]node.Sender{"away": away}, registry
		o.Duplicate = func(events.Envelope) bool { return true }
		eventstest.Start(t, o)
		eventstest.EmitAll(t, db, eventstest.Numbered(3))
		eventstest.AwaitCount(t, "owed", db, `events_owed`, "3")
		<-time.After(time.Minute)
		got, err := backlog.Measure(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		want := backlog.Counts{Unsent: 3, Deferred: 3, Oldest: got.Oldest, Retrying: 3}
		if diff := cmp.Diff(want, got); diff != "" || got.Oldest < time.Minute || got.Oldest > 2*time.Minute {
			t.Errorf("oldest %v: -want +got\n%s", got.Oldest, diff)
		}
		figures := map[string]float64{}
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				figures[f.GetName()] += m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
		for name, value := range map[string]float64{
			"souk_events_unsent": 3, "souk_events_owed": 3, "souk_events_retrying": 3, "souk_events_dead": 0, "souk_events_delivered_total": 3,
		} {
			if figures[name] != value {
				t.Errorf("%s is %v, want %v", name, figures[name], value)
			}
		}
		if figures["souk_events_oldest_unsent_seconds"] < 50 || figures["souk_events_failures_total"] < 3 {
			t.Errorf("figures: %v", figures)
		}
	})
}
