package events_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"app/platform/database"
	"app/platform/events"
)

func TestMeasure(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		db, away := open(), &post{down: true}
		registry := prometheus.NewRegistry()
		o := node(db, []string{"away", "test"}, listener("test", db, failing("test.a", func(heard) error { return errDown })))
		o.Senders, o.Metrics = map[string]events.Sender{"away": away}, registry
		o.Duplicate = func(events.Envelope) bool { return true }
		start(t, o)
		emitAll(t, db, numbered(3))
		await(t, settleTime, "owed", func() bool { return count(t, db, `events_owed`) == "3" })
		<-time.After(time.Minute)
		got, err := events.Measure(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		want := events.Backlog{Unsent: 3, Owed: 3, Oldest: got.Oldest, Retrying: 3}
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

// Every event delivered twice, as in the rpc shape of the end-to-end tests: counted,
// and without effect.
func TestDuplicatesAreCounted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		db, registry := open(t), prometheus.NewRegistry()
		o := node(db, []string{"test"}, listener("test", db, recorder("test.a")))
		o.Duplicate, o.Metrics = func(events.Envelope) bool { return true }, registry
		start(t, o)
		emitAll(t, db, numbered(5))
		await(t, time.Second, "sent", func() bool { return count(t, db, `events_outbox WHERE state = 1`) == "5" })
		if diff := cmp.Diff(numbered(5), bodies(t, db, "test.a")); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "souk_events_duplicates_total" && f.GetMetric()[0].GetCounter().GetValue() != 5 {
				t.Errorf("counted %v", f.GetMetric())
			}
		}
	})
}
