package network_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"app/platform/network"
)

func newNetwork(t *testing.T, c network.Conditions) *network.Network {
	t.Helper()
	n, err := network.New(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// outcome is what became of a message.
type outcome struct{ sent, lost bool }

func carry(l *network.Link) (o outcome) {
	err := l.Carry(context.Background(), func() error { o.sent = true; return nil })
	o.lost = errors.Is(err, network.ErrLost)
	return o
}

func TestLossAndItsTwoKinds(t *testing.T) {
	t.Parallel()
	const messages = 10_000
	l := newNetwork(t, network.Conditions{Loss: 0.2, Seed: 1}).Link(network.Calls, "orders", "payments")
	count := map[outcome]int{}
	for range messages {
		count[carry(l)]++
	}
	for o, want := range map[outcome]int{{true, false}: 8000, {false, true}: 1000, {true, true}: 1000} {
		if got := count[o]; math.Abs(float64(got-want)) > 200 {
			t.Errorf("%+v: %d of %d, want about %d", o, got, messages, want)
		}
	}
	if len(count) != 3 {
		t.Errorf("%v", count)
	}
}

// The fate of a link's n-th message depends on the seed, and on nothing that happens
// elsewhere.
func TestSeed(t *testing.T) {
	t.Parallel()
	fates := func(seed uint64, disturb bool) (out []outcome) {
		n := newNetwork(t, network.Conditions{Loss: 0.5, Seed: seed})
		for range 64 {
			if disturb {
				carry(n.Link(network.Calls, "orders", "catalog"))
			}
			out = append(out, carry(n.Link(network.Calls, "orders", "payments")))
		}
		return out
	}
	same := cmp.AllowUnexported(outcome{})
	if diff := cmp.Diff(fates(7, false), fates(7, true), same); diff != "" {
		t.Errorf("one seed, two fates\n%s", diff)
	}
	if cmp.Equal(fates(7, false), fates(8, false), same) {
		t.Error("two seeds, one fate")
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, network.Conditions{Latency: 100 * time.Millisecond, Jitter: 50 * time.Millisecond})
		l := n.Link(network.Calls, "orders", "payments")
		for range 100 {
			var there time.Duration
			begun := time.Now()
			if err := l.Carry(t.Context(), func() error { there = time.Since(begun); return nil }); err != nil {
				t.Fatal(err)
			}
			took := time.Since(begun)
			if took < 100*time.Millisecond || took > 150*time.Millisecond || math.Abs(float64(took-2*there)) > 1 {
				t.Fatalf("%s there of %s", there, took)
			}
		}
		line := n.Summary()[0]
		if line.P50 < 110*time.Millisecond || line.P50 > 140*time.Millisecond || line.P99 < line.P50 || line.P99 > 158*time.Millisecond {
			t.Errorf("p50 %s, p99 %s", line.P50, line.P99)
		}
	})
}

// Whoever stops waiting gets an answer at once, and what has not arrived yet does not.
func TestCallerThatGoesAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newNetwork(t, network.Conditions{Latency: 10 * time.Second}).Link(network.Calls, "orders", "payments")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		sent := false
		err := l.Carry(ctx, func() error { sent = true; return nil })
		if !errors.Is(err, context.DeadlineExceeded) || sent {
			t.Errorf("%v, sent: %t", err, sent)
		}
	})
}

func TestSummaryAndMetrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	n, err := network.New(network.Conditions{Loss: 1, Duplicate: 1, Seed: 3}, registry)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		carry(n.Link(network.Events, "orders", "emails"))
	}
	if l := n.Link(network.Events, "orders", "emails"); l.Twice() {
		l.Repeated()
	}
	n.Link(network.Calls, "orders", "catalog") // never used
	want := []network.Line{{Kind: "events", From: "orders", To: "emails", Messages: 4, Repeated: 1}}
	got := n.Summary()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(network.Line{}), cmpopts.IgnoreFields(network.Line{}, "LostMessages", "LostAnswers")); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got[0].Lost() != 4 {
		t.Errorf("%d lost, want 4", got[0].Lost())
	}
	err = testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP souk_split_messages_total Messages that crossed a simulated split: calls, requests of the gateway, batches of events.
# TYPE souk_split_messages_total counter
souk_split_messages_total{from="orders",kind="events",to="emails"} 4
# HELP souk_split_repeated_total Calls and events that were sent a second time across a simulated split.
# TYPE souk_split_repeated_total counter
souk_split_repeated_total{from="orders",kind="events",to="emails"} 1
`), "souk_split_messages_total", "souk_split_repeated_total")
	if err != nil {
		t.Error(err)
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]network.Conditions{
		"":                                     {Latency: 10 * time.Second, Jitter: time.Millisecond, Loss: 1, Duplicate: 0.5},
		"latency -1ns: must be from 0s to 10s": {Latency: -1},
		"jitter 11s: must be from 0s to 10s":   {Jitter: 11 * time.Second},
		"loss 1.5: must be from 0 to 1":        {Loss: 1.5},
		"duplicate NaN: must be from 0 to 1":   {Duplicate: math.NaN()},
	} {
		err := c.Validate()
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for want, c := range map[string]network.Conditions{
		"nothing late, lost or twice":             {},
		"5ms later, 1 % lost, 2 % twice (seed 4)": {Latency: 5 * time.Millisecond, Loss: 0.01, Duplicate: 0.02, Seed: 4},
		"0s later and up to 2ms more (seed 0)":    {Jitter: 2 * time.Millisecond},
	} {
		if got := c.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
