package order_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"app/modules/orders/internal/caller"
	"app/modules/orders/internal/order"
	"app/modules/orders/internal/orderstest"
)

// TestAnyOrderOfEvents throws at an order whatever may happen to it, in any order and
// more than once, and looks at it after each: only the transitions happen, every
// change is one version with one entry, nothing is told twice, and what was told agrees
// with where the order stands.
func TestAnyOrderOfEvents(t *testing.T) {
	t.Parallel()
	s := orderstest.New(t)
	rapid.Check(t, func(rt *rapid.T) {
		o, buyer := s.Placed()
		life := life{rt: rt, s: s, order: o, buyer: buyer, before: s.Order(o.ID)}
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
	s      *orderstest.Shop
	order  order.Order
	buyer  caller.Caller
	before order.Order
}

func (l *life) happens(what string) {
	var err error
	switch what {
	case "succeeded":
		err = l.s.Succeeded(l.order)
	case "failed":
		err = l.s.Failed(l.order)
	case "part refunded":
		err = l.s.Refunded(l.order, 500, false)
	case "all refunded":
		err = l.s.Refunded(l.order, 1990, true)
	case "stock short":
		err = l.s.StockShort(l.order)
	case "cancelled":
		if _, err = l.s.Orders.Cancel(context.Background(), l.buyer, l.order.ID); l.before.Status == order.Refunded {
			err = nil // refused, and nothing changed: check looks
		}
	case "time passes":
		l.s.Clock.Advance(time.Duration(rapid.IntRange(1, 20).Draw(l.rt, "minutes")) * time.Minute)
	case "reconciled":
		_, err = l.s.Checkouts.Reconcile(context.Background())
	}
	if err != nil {
		l.rt.Fatalf("%s: %v", what, err)
	}
}

func (l *life) check(what string) {
	now, before := l.s.Order(l.order.ID), l.before
	l.before = now
	if now.Status != before.Status && !before.Status.CanBecome(now.Status) {
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
	if waits := now.Status == order.PendingPayment; waits == now.DueAt.IsZero() {
		l.rt.Fatalf("%s: order is %s and due %s", what, now.Status, now.DueAt)
	}
	l.checkTold(what, now)
}

// checkTold compares what the house was told with the timeline and the status.
func (l *life) checkTold(what string, now order.Order) {
	told := l.s.Emitted(now.ID)
	var want []string
	for _, e := range now.Timeline {
		if kind := map[order.Event]string{"placed": "Placed", "paid": "Paid", "cancelled": "Cancelled"}[e.Event]; kind != "" {
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
	ok := has("Placed") == 1 && cancelled <= 1 && paid <= 1 && (cancelled == 1) == (now.Status == order.Cancelled) &&
		(now.Status == order.PendingPayment) == (cancelled+paid == 0)
	if !ok {
		l.rt.Fatalf("%s: order is %s after %v", what, now.Status, told)
	}
	if cancelled == 1 && l.s.LastCancelled(now.ID).GetWasPaid() != (paid == 1) {
		l.rt.Fatalf("%s: Cancelled has the wrong was_paid after %v", what, told)
	}
}
