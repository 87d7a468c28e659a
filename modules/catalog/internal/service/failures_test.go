package service_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"app/modules/catalog/catalogevents"
	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/service"
	"app/platform/database"
	"app/platform/fault"
)

func TestFailure01_OneUnitManyBuyers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		last, won := s.product(1), 0
		for _, err := range together(40, func(int) error { _, err := s.reserve(newOrder(line(last, 1))); return err }) {
			if err == nil {
				won++
				continue
			}
			want := &catalogv1.Shortage{Lines: []*catalogv1.Short{{ProductId: last, Requested: 1, Available: 0}}}
			if diff := cmp.Diff(want, wantReason(t, err, fault.FailedPrecondition, "stock_short"), protocmp.Transform()); diff != "" {
				t.Error(diff)
			}
		}
		if won != 1 {
			t.Errorf("%d buyers hold the one unit", won)
		}
		s.wantStock(last, count{OnHand: 1, Held: 1})
		if held := s.column(`SELECT order_id FROM catalog_holds`); len(held) != 1 {
			t.Errorf("%d holds were left behind, want 1", len(held))
		}
	})
}

func TestFailure02_StockDrainedBetweenCheckAndHold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p := s.product(3)
		seen, err := s.Products(t.Context(), &catalogv1.ProductsRequest{ProductIds: []string{p}})
		s.must(err)
		if n := seen.GetProducts()[0].GetAvailable(); n != 3 {
			t.Fatalf("the cart sees %d units, want 3", n)
		}
		_, err = s.Correct(s.manager(), service.Correction{ProductID: p, Delta: -2, Reason: "broken"})
		s.must(err)
		_, err = s.reserve(newOrder(line(p, 3)))
		want := &catalogv1.Shortage{Lines: []*catalogv1.Short{{ProductId: p, Requested: 3, Available: 1}}}
		if diff := cmp.Diff(want, wantReason(t, err, fault.FailedPrecondition, "stock_short"), protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
		s.wantStock(p, count{OnHand: 1})
	})
}

func TestFailure03_TwoLinesOfOneCartShareOneProduct(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p := s.product(3)
		_, err := s.reserve(newOrder(line(p, 2), line(p, 2)))
		want := &catalogv1.Shortage{Lines: []*catalogv1.Short{{ProductId: p, Requested: 4, Available: 3}}}
		if diff := cmp.Diff(want, wantReason(t, err, fault.FailedPrecondition, "stock_short"), protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
		o := newOrder(line(p, 2), line(p, 1))
		if got := len(s.mustReserve(o).GetProducts()); got != 2 {
			t.Errorf("%d products in the answer, want one for each of 2 lines", got)
		}
		s.wantStock(p, count{OnHand: 3, Held: 3})
		s.must(s.paid(o))
		s.wantStock(p, count{OnHand: 3, Sold: 3})
	})
}

func TestFailure04_SameItemsInOppositeOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		items := []string{s.product(1000), s.product(1000), s.product(1000), s.product(1000)}
		const carts, rounds = 16, 6
		errs := together(carts, func(i int) error {
			for range rounds {
				var lines []*catalogv1.ReserveLine
				for _, p := range items {
					lines = append(lines, line(p, 1))
				}
				if i%2 == 1 {
					slices.Reverse(lines)
				}
				o := newOrder(lines...)
				if _, err := s.reserve(o); err != nil {
					return err
				}
				if err := s.paid(o); err != nil {
					return err
				}
			}
			return nil
		})
		s.must(errs...)
		for _, p := range items {
			s.wantStock(p, count{OnHand: 1000, Sold: carts * rounds})
		}
		// Write repeats what the engine breaks up, so a deadlock would not be an error
		// but a repetition.
		if n := s.db.Stats().Retries; n != 0 && s.db.Engine() == database.MySQL {
			t.Errorf("%d transactions had to be repeated: locks are not taken in one order", n)
		}
	})
}

func TestFailure06_HoldLapsesDuringPayment(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p, other := s.product(5), s.product(9)
		o := newOrder(line(p, 4), line(other, 1))
		s.mustReserve(o)
		s.advance(holdTTL)
		processes := []*shop{s, s.twin(), s.twin()}
		s.must(together(len(processes), func(i int) error { return processes[i].sweep() })...)
		s.wantStock(p, count{OnHand: 5})
		s.wantStock(other, count{OnHand: 9})

		t.Run("taken again when the units are there", func(t *testing.T) {
			s.must(s.paid(o), s.paid(o))
			s.wantStock(p, count{OnHand: 5, Sold: 4})
			s.wantStock(other, count{OnHand: 9, Sold: 1})
			if short := s.told(&catalogevents.StockShort{}); len(short) != 0 {
				t.Errorf("told to be short: %v", short)
			}
		})
	})
}

func TestFailure06_UnitsGoneWhenThePaymentArrives(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		// Ids are made in order, so the first product is taken before the second is
		// found short.
		plenty, scarce := s.product(9), s.product(5)
		if plenty > scarce {
			plenty, scarce = scarce, plenty
			_, err := s.Correct(s.manager(), service.Correction{ProductID: plenty, Delta: 4, Reason: "found"})
			s.must(err)
			_, err = s.Correct(s.manager(), service.Correction{ProductID: scarce, Delta: -4, Reason: "lost"})
			s.must(err)
		}
		late := newOrder(line(plenty, 1), line(scarce, 4))
		s.mustReserve(late)
		s.advance(holdTTL + time.Second)
		s.must(s.sweep())
		s.mustReserve(newOrder(line(scarce, 2)))

		twin := s.twin()
		errs := together(8, func(i int) error { return []*shop{s, twin}[i%2].paid(late) })
		s.must(errs...)
		if diff := cmp.Diff([]string{late.id}, s.told(&catalogevents.StockShort{})); diff != "" {
			t.Errorf("StockShort:\n%s", diff)
		}
		s.wantStock(plenty, count{OnHand: 9})
		s.wantStock(scarce, count{OnHand: 5, Held: 2})
		s.must(s.cancelled(late), s.cancelled(late), s.paid(late))
		s.wantStock(scarce, count{OnHand: 5, Held: 2})
	})
}

func TestFailure07_ShortStockFailsLoudly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		a, b, enough := s.product(3), s.product(0), s.product(10)
		if a > b {
			a, b = b, a
		}
		o := newOrder(line(enough, 2), line(a, 5), line(b, 5))
		_, err := s.reserve(o)
		short, _ := wantReason(t, err, fault.FailedPrecondition, "stock_short").(*catalogv1.Shortage)
		if len(short.GetLines()) != 2 || short.GetLines()[0].GetProductId() != a || short.GetLines()[1].GetProductId() != b {
			t.Errorf("short are %v, want both products", short)
		}
		for _, l := range short.GetLines() {
			if l.GetRequested() != 5 || l.GetAvailable() >= 5 {
				t.Errorf("short: %v", l)
			}
		}
		s.wantStock(enough, count{OnHand: 10})
		if left := s.column(`SELECT order_id FROM catalog_hold_lines`); len(left) != 0 {
			t.Errorf("lines of the refused hold are left: %v", left)
		}
	})
}

func TestFailure22_PaidTwiceAtOnceHasOneEffect(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p, twin := s.product(5), s.twin()
		o := newOrder(line(p, 2))
		s.mustReserve(o)
		s.must(together(10, func(i int) error { return []*shop{s, twin}[i%2].paid(o) })...)
		s.wantStock(p, count{OnHand: 5, Sold: 2})
		if sold := s.column(`SELECT id FROM catalog_movements WHERE kind = 'sold'`); len(sold) != 1 {
			t.Errorf("%d movements, want 1", len(sold))
		}
	})
}

// The clock goes back an hour: a hold lasts as long as one made now, and not an hour
// longer.
func TestFault22_HoldsWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p := s.product(5)
		s.mustReserve(newOrder(line(p, 2)))
		s.advance(-time.Hour)
		s.must(s.sweep())
		s.wantStock(p, count{OnHand: 5, Held: 2})
		s.advance(holdTTL - time.Second)
		s.must(s.sweep())
		s.wantStock(p, count{OnHand: 5, Held: 2})
		s.advance(time.Second)
		s.must(s.sweep())
		s.wantStock(p, count{OnHand: 5})
	})
}
