package service_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"app/modules/catalog/catalogevents"
	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/service"
	"app/platform/database/dbtest"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/money/moneyv1"
)

func TestReserve(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		a, b := s.product(5), s.product(5)
		o := newOrder(line(b, 2), line(a, 1))
		got := s.mustReserve(o)
		product := func(id string, left int64) *catalogv1.Product {
			return &catalogv1.Product{Id: id, MerchantId: merchant, Title: "Chair", Available: left, MinQuantity: 1, MaxQuantity: 10_000, Price: &moneyv1.Money{Amount: 1990, Currency: "EUR"}}
		}
		want := []*catalogv1.Product{product(b, 3), product(a, 4)}
		if diff := cmp.Diff(want, got.GetProducts(), protocmp.Transform(), protocmp.IgnoreFields(&catalogv1.Product{}, "sku")); diff != "" {
			t.Errorf("products in the order of the lines:\n%s", diff)
		}
		if at := got.GetExpiresAt().AsTime(); !at.Equal(start.Add(holdTTL)) {
			t.Errorf("expires at %v", at)
		}
		s.wantStock(b, count{OnHand: 5, Held: 2})
	})
}

func TestReserveIsIdempotent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p := s.product(5)
		o := newOrder(line(p, 2), line(p, 1))
		s.must(together(8, func(int) error { _, err := s.reserve(o); return err })...)
		s.wantStock(p, count{OnHand: 5, Held: 3})

		t.Run("the price of the hold stays", func(t *testing.T) {
			dear := euro
			dear.Amount++
			_, err := s.Change(s.manager(), p, nil, service.Change{Price: &dear})
			s.must(err)
			if amount := s.mustReserve(o).GetProducts()[0].GetPrice().GetAmount(); amount != euro.Amount {
				t.Errorf("the hold costs %d, want %d", amount, euro.Amount)
			}
		})
		t.Run("other lines are refused", func(t *testing.T) {
			other := order{id: o.id, lines: []*catalogv1.ReserveLine{line(p, 2)}}
			_, err := s.reserve(other)
			wantReason(t, err, fault.FailedPrecondition, "hold_differs")
		})
		t.Run("a lapsed hold that nobody swept gets more time", func(t *testing.T) {
			s.advance(holdTTL)
			if at := s.mustReserve(o).GetExpiresAt().AsTime(); !at.Equal(start.Add(2 * holdTTL)) {
				t.Errorf("expires at %v", at)
			}
			s.must(s.sweep())
			s.wantStock(p, count{OnHand: 5, Held: 3})
		})
		t.Run("a sold hold is still the answer", func(t *testing.T) {
			s.must(s.paid(o))
			s.mustReserve(o)
			s.wantStock(p, count{OnHand: 5, Sold: 3})
		})
	})
}

func TestReserveRefuses(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.SQLite(t), newClock())
	p, dear, gone := s.product(5), s.product(5), s.product(5)
	price := euro
	price.Amount = 2500
	_, err := s.Change(s.manager(), dear, nil, service.Change{Price: &price})
	s.must(err, s.Archive(s.manager(), gone, nil))

	many := make([]*catalogv1.ReserveLine, 201)
	for i := range many {
		many[i] = line(p, 1)
	}
	for name, c := range map[string]struct {
		order  order
		fields []string
	}{
		"no line":           {newOrder(), []string{"/lines"}},
		"201 lines":         {newOrder(many...), []string{"/lines"}},
		"bad order id":      {order{id: "ord_x", lines: many[:1]}, []string{"/order_id"}},
		"bad quantities":    {newOrder(line(p, 0), line(p, 1), line(p, -1), line(p, 10_001)), []string{"/lines/0/quantity", "/lines/2/quantity", "/lines/3/quantity"}},
		"one wrong of each": {order{lines: []*catalogv1.ReserveLine{line(p, 0)}}, []string{"/order_id", "/lines/0/quantity"}},
	} {
		_, err := s.reserve(c.order)
		wantReason(t, err, fault.InvalidArgument, "validation_failed")
		var got []string
		for _, f := range fault.From(err).Fields {
			got = append(got, f.Pointer)
		}
		if diff := cmp.Diff(c.fields, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}

	_, err = s.reserve(newOrder(line(p, 1), line(dear, 1), line(dear, 1)))
	changed := &catalogv1.PriceChange{Lines: []*catalogv1.NewPrice{{ProductId: dear,
		Expected: &moneyv1.Money{Amount: 1990, Currency: "EUR"}, Current: &moneyv1.Money{Amount: 2500, Currency: "EUR"}}}}
	if diff := cmp.Diff(changed, wantReason(t, err, fault.FailedPrecondition, "price_changed"), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	_, err = s.reserve(newOrder(line(gone, 1), line(dear, 1), line("prd_never", 1)))
	missing, _ := wantReason(t, err, fault.FailedPrecondition, "product_gone").(*catalogv1.Gone)
	if len(missing.GetProductIds()) != 2 {
		t.Errorf("gone are %v, want two", missing.GetProductIds())
	}
	s.wantStock(p, count{OnHand: 5})
}

func TestRelease(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p := s.product(5)
		release := func(o order) error {
			_, err := s.Release(t.Context(), &catalogv1.ReleaseRequest{OrderId: o.id})
			return err
		}
		s.must(release(newOrder(line(p, 1)))) // there is none
		dropped, bought := newOrder(line(p, 2)), newOrder(line(p, 1))
		s.mustReserve(dropped)
		s.mustReserve(bought)
		s.must(together(4, func(int) error { return release(dropped) })...)
		s.wantStock(p, count{OnHand: 5, Held: 1})
		_, err := s.reserve(dropped)
		wantReason(t, err, fault.FailedPrecondition, "hold_released")
		s.must(s.paid(bought))
		wantReason(t, release(bought), fault.FailedPrecondition, "hold_sold")
		s.wantStock(p, count{OnHand: 5, Sold: 1})
	})
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	for name, steps := range map[string]func(s *shop, o order) []error{
		"before the payment": func(s *shop, o order) []error { return []error{s.cancelled(o), s.paid(o)} },
		"after the payment":  func(s *shop, o order) []error { return []error{s.paid(o), s.cancelled(o)} },
		"twice":              func(s *shop, o order) []error { return []error{s.paid(o), s.cancelled(o), s.cancelled(o), s.paid(o)} },
		"after the hold lapsed": func(s *shop, o order) []error {
			s.advance(holdTTL)
			return []error{s.sweep(), s.cancelled(o), s.paid(o), s.cancelled(o)}
		},
		"at once with the payment": func(s *shop, o order) []error {
			return together(6, func(i int) error {
				if i%2 == 0 {
					return s.paid(o)
				}
				return s.cancelled(o)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, s *shop) {
				p := s.product(5)
				o := newOrder(line(p, 3))
				s.mustReserve(o)
				s.must(steps(s, o)...)
				s.wantStock(p, count{OnHand: 5})
				if states := s.column(`SELECT state FROM catalog_holds`); len(states) != 1 || states[0] != "cancelled" {
					t.Errorf("the hold is %v", states)
				}
			})
		})
	}
}

func TestCancelledBeforeAnythingWasHeld(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p := s.product(5)
		o := newOrder(line(p, 3))
		s.must(together(4, func(int) error { return s.cancelled(o) })...)
		_, err := s.reserve(o)
		wantReason(t, err, fault.FailedPrecondition, "hold_released")
		s.must(s.paid(o))
		s.wantStock(p, count{OnHand: 5})
	})
}

func TestPaidWithoutAHold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p := s.product(5)
		o, tooMuch := newOrder(line(p, 2), line(p, 1)), newOrder(line(p, 3))
		s.must(s.paid(o), s.paid(tooMuch), s.paid(o), s.paid(newOrder()))
		s.wantStock(p, count{OnHand: 5, Sold: 3})
		if diff := cmp.Diff([]string{tooMuch.id}, s.told(&catalogevents.StockShort{})); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSweepLeavesWhatIsNotDue(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p := s.product(500)
		for range 130 {
			s.mustReserve(newOrder(line(p, 1)))
		}
		s.advance(time.Minute)
		later := newOrder(line(p, 7))
		s.mustReserve(later)
		s.advance(holdTTL - time.Minute)
		twin := s.twin()
		s.must(together(4, func(i int) error { return []*shop{s, twin}[i%2].sweep() })...)
		s.wantStock(p, count{OnHand: 500, Held: 7})
	})
}

func TestStockLowIsToldAtTheCrossing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p := s.product(5) // told at 2
		correct := func(delta int64) {
			_, err := s.Correct(s.manager(), service.Correction{ProductID: p, Delta: delta, Reason: "test"})
			s.must(err)
		}
		for _, step := range []struct {
			do   func()
			told int
		}{
			{func() { s.mustReserve(newOrder(line(p, 2))) }, 0}, // 3 left
			{func() { s.mustReserve(newOrder(line(p, 1))) }, 1}, // 2
			{func() { s.mustReserve(newOrder(line(p, 1))) }, 1}, // 1
			{func() { correct(4) }, 1},                          // 5
			{func() { correct(-3) }, 2},                         // 2
			{func() { s.advance(holdTTL); s.must(s.sweep()) }, 2},
			{func() { s.must(s.paid(newOrder(line(p, 5)))) }, 3},
		} {
			if step.do(); len(s.told(&catalogevents.StockLow{})) != step.told {
				t.Errorf("told %d times, want %d", len(s.told(&catalogevents.StockLow{})), step.told)
			}
		}
	})
}

func TestEnsure(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		ctx := identity.WithCaller(t.Context(), "seed")
		ensure := func(ctx context.Context, title string) *catalogv1.EnsureResponse {
			out, err := s.Ensure(ctx, &catalogv1.EnsureRequest{MerchantId: merchant, Sku: "A-1", Title: title, Stock: 4,
				Price: &moneyv1.Money{Amount: 100, Currency: "EUR"}})
			s.must(err)
			return out
		}
		first, second := ensure(ctx, "Lamp"), ensure(ctx, "Another lamp")
		if !first.GetCreated() || second.GetCreated() || first.GetProductId() != second.GetProductId() {
			t.Errorf("first %v, then %v", first, second)
		}
		p, err := s.Product(ctx, first.GetProductId())
		if err != nil || p.Title != "Lamp" {
			t.Errorf("%+v, %v", p, err)
		}
		s.wantStock(first.GetProductId(), count{OnHand: 4})
	})
}
