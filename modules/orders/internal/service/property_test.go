package service_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"app/modules/orders/internal/service"
	"app/modules/orders/internal/store"
)

// TestAnyOrderOfEvents throws at an order whatever may happen to it, in any order and
// more than once, and looks at it after each: only allowed edges are taken, every
// change is one version with one entry, nothing is told twice, and what was told agrees
// with where the order stands.
func TestAnyOrderOfEvents(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	rapid.Check(t, func(rt *rapid.T) {
		o, buyer := s.placed()
		life := life{rt: rt, s: s, order: o, buyer: buyer, before: s.order(o.ID)}
		happenings := rapid.SliceOfN(rapid.SampledFrom([]string{
			"succeeded", "failed", "part refunded", "all refunded", "stock short", "cancelled", "time passes", "reconciled",
		}), 1, 12).Draw(rt, "happenings")
		for _, what := range happenings {
			life.happens(what)
			life.check(what)
		}
	})
}

type life struct {
	rt     *rapid.T
	s      *shop
	order  store.Order
	buyer  service.Visitor
	before store.Order
}

func (l *life) happens(what string) {
	var err error
	switch what {
	case "succeeded":
		err = l.s.succeeded(l.order)
	case "failed":
		err = l.s.failed(l.order)
	case "part refunded":
		err = l.s.refunded(l.order, 500, false)
	case "all refunded":
		err = l.s.refunded(l.order, 1990, true)
	case "stock short":
		err = l.s.stockShort(l.order)
	case "cancelled":
		if _, err = l.s.Cancel(context.Background(), l.buyer, l.order.ID); l.before.Status == store.Refunded {
			err = nil // refused, and nothing changed: check looks
		}
	case "time passes":
		l.s.clock.advance(time.Duration(rapid.IntRange(1, 20).Draw(l.rt, "minutes")) * time.Minute)
	case "reconciled":
		_, err = l.s.Reconcile(context.Background())
	}
	if err != nil {
		l.rt.Fatalf("%s: %v", what, err)
	}
}

func (l *life) check(what string) {
	now, before := l.s.order(l.order.ID), l.before
	l.before = now
	if now.Status != before.Status && !service.Allowed(before.Status, now.Status) {
		l.rt.Fatalf("%s took the order from %s to %s", what, before.Status, now.Status)
	}
	if now.Version < before.Version || int(now.Version) != len(now.Timeline) {
		l.rt.Fatalf("%s: version %d, was %d, with %d entries", what, now.Version, before.Version, len(now.Timeline))
	}
	for i, e := range now.Timeline {
		if e.Version != int64(i+1) {
			l.rt.Fatalf("%s: entry %d has version %d", what, i, e.Version)
		}
	}
	if waits := now.Status == store.PendingPayment; waits == now.DueAt.IsZero() {
		l.rt.Fatalf("%s: order is %s and due %s", what, now.Status, now.DueAt)
	}
	l.checkTold(what, now)
}

// checkTold compares what the house was told with the timeline and the status.
func (l *life) checkTold(what string, now store.Order) {
	told := l.s.told(now.ID)
	var want []string
	for _, e := range now.Timeline {
		if kind := map[string]string{"placed": "Placed", "paid": "Paid", "cancelled": "Cancelled"}[e.Event]; kind != "" {
			want = append(want, fmt.Sprintf("orders.%s %d", kind, e.Version))
		}
	}
	if !slices.Equal(told, want) {
		l.rt.Fatalf("%s: told %v, the timeline says %v", what, told, want)
	}
	has := func(kind string) (n int) {
		for _, e := range told {
			if strings.HasPrefix(e, "orders."+kind+" ") {
				n++
			}
		}
		return n
	}
	cancelled, paid := has("Cancelled"), has("Paid")
	ok := has("Placed") == 1 && cancelled <= 1 && paid <= 1 && (cancelled == 1) == (now.Status == store.Cancelled) &&
		(now.Status == store.PendingPayment) == (cancelled+paid == 0)
	if !ok {
		l.rt.Fatalf("%s: order is %s after %v", what, now.Status, told)
	}
	if cancelled == 1 && l.s.lastCancelled(now.ID).GetWasPaid() != (paid == 1) {
		l.rt.Fatalf("%s: Cancelled has the wrong was_paid after %v", what, told)
	}
}
