package hold_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"app/modules/catalog/catalogevents"
	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/stock"
	"app/platform/database"
	"app/platform/fault"
)

func TestFailure01_OneUnitManyBuyers(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		last, won := s.Product(1), 0
		for _, err := range catalogtest.Together(40, func(int) error { _, err := s.Reserve(catalogtest.NewOrder(catalogtest.Line(last, 1))); return err }) {
			if err == nil {
				won++
				continue
			}
			want := &catalogv1.Shortage{Lines: []*catalogv1.Short{{ProductId: last, Requested: 1, Available: 0}}}
			if diff := cmp.Diff(want, catalogtest.WantReason(t, err, fault.FailedPrecondition, "stock_short"), protocmp.Transform()); diff != "" {
				t.Error(diff)
			}
		}
		if won != 1 {
			t.Errorf("%d buyers hold the one unit", won)
		}
		s.WantStock(last, catalogtest.Count{OnHand: 1, Held: 1})
		if held := s.Column(`SELECT order_id FROM catalog_holds`); len(held) != 1 {
			t.Errorf("%d holds were left behind, want 1", len(held))
		}
	})
}

func TestFailure02_StockDrainedBetweenCheckAndHold(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p := s.Product(3)
		seen, err := s.Contract.Products(t.Context(), &catalogv1.ProductsRequest{ProductIds: []string{p}})
		s.Must(err)
		if n := seen.GetProducts()[0].GetAvailable(); n != 3 {
			t.Fatalf("the cart sees %d units, want 3", n)
		}
		_, err = s.Stock.Correct(s.Manager(), stock.Correction{ProductID: p, Delta: -2, Reason: "broken"})
		s.Must(err)
		_, err = s.Reserve(catalogtest.NewOrder(catalogtest.Line(p, 3)))
		want := &catalogv1.Shortage{Lines: []*catalogv1.Short{{ProductId: p, Requested: 3, Available: 1}}}
		if diff := cmp.Diff(want, catalogtest.WantReason(t, err, fault.FailedPrecondition, "stock_short"), protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
		s.WantStock(p, catalogtest.Count{OnHand: 1})
	})
}

func TestFailure03_TwoLinesOfOneCartShareOneProduct(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p := s.Product(3)
		_, err := s.Reserve(catalogtest.NewOrder(catalogtest.Line(p, 2), catalogtest.Line(p, 2)))
		want := &catalogv1.Shortage{Lines: []*catalogv1.Short{{ProductId: p, Requested: 4, Available: 3}}}
		if diff := cmp.Diff(want, catalogtest.WantReason(t, err, fault.FailedPrecondition, "stock_short"), protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
		o := catalogtest.NewOrder(catalogtest.Line(p, 2), catalogtest.Line(p, 1))
		if got := len(s.MustReserve(o).GetProducts()); got != 2 {
			t.Errorf("%d products in the answer, want one for each of 2 lines", got)
		}
		s.WantStock(p, catalogtest.Count{OnHand: 3, Held: 3})
		s.Must(s.Paid(o))
		s.WantStock(p, catalogtest.Count{OnHand: 3, Sold: 3})
	})
}

func TestFailure04_SameItemsInOppositeOrder(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		items := []string{s.Product(1000), s.Product(1000), s.Product(1000), s.Product(1000)}
		const carts, rounds = 16, 6
		errs := catalogtest.Together(carts, func(i int) error {
			for range rounds {
				var lines []*catalogv1.ReserveLine
				for _, p := range items {
					lines = append(lines, catalogtest.Line(p, 1))
				}
				if i%2 == 1 {
					slices.Reverse(lines)
				}
				o := catalogtest.NewOrder(lines...)
				if _, err := s.Reserve(o); err != nil {
					return err
				}
				if err := s.Paid(o); err != nil {
					return err
				}
			}
			return nil
		})
		s.Must(errs...)
		for _, p := range items {
			s.WantStock(p, catalogtest.Count{OnHand: 1000, Sold: carts * rounds})
		}
		// Write repeats what the engine breaks up, so a deadlock would not be an error
		// but a repetition.
		if n := s.DB.Stats().Retries; n != 0 && s.DB.Engine() == database.MySQL {
			t.Errorf("%d transactions had to be repeated: locks are not taken in one order", n)
		}
	})
}

func TestFailure06_HoldLapsesDuringPayment(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p, other := s.Product(5), s.Product(9)
		o := catalogtest.NewOrder(catalogtest.Line(p, 4), catalogtest.Line(other, 1))
		s.MustReserve(o)
		s.Advance(catalogtest.HoldTTL)
		processes := []*catalogtest.Shop{s, s.Twin(), s.Twin()}
		s.Must(catalogtest.Together(len(processes), func(i int) error { return processes[i].Sweep() })...)
		s.WantStock(p, catalogtest.Count{OnHand: 5})
		s.WantStock(other, catalogtest.Count{OnHand: 9})

		t.Run("taken again when the units are there", func(t *testing.T) {
			s.Must(s.Paid(o), s.Paid(o))
			s.WantStock(p, catalogtest.Count{OnHand: 5, Sold: 4})
			s.WantStock(other, catalogtest.Count{OnHand: 9, Sold: 1})
			if short := s.Emitted(&catalogevents.StockShort{}); len(short) != 0 {
				t.Errorf("told to be short: %v", short)
			}
		})
	})
}

func TestFailure06_UnitsGoneWhenThePaymentArrives(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		// Ids are made in order, so the first product is taken before the second is
		// found short.
		plenty, scarce := s.Product(9), s.Product(5)
		if plenty > scarce {
			plenty, scarce = scarce, plenty
			_, err := s.Stock.Correct(s.Manager(), stock.Correction{ProductID: plenty, Delta: 4, Reason: "found"})
			s.Must(err)
			_, err = s.Stock.Correct(s.Manager(), stock.Correction{ProductID: scarce, Delta: -4, Reason: "lost"})
			s.Must(err)
		}
		late := catalogtest.NewOrder(catalogtest.Line(plenty, 1), catalogtest.Line(scarce, 4))
		s.MustReserve(late)
		s.Advance(catalogtest.HoldTTL + time.Second)
		s.Must(s.Sweep())
		s.MustReserve(catalogtest.NewOrder(catalogtest.Line(scarce, 2)))

		twin := s.Twin()
		errs := catalogtest.Together(8, func(i int) error { return []*catalogtest.Shop{s, twin}[i%2].Paid(late) })
		s.Must(errs...)
		if diff := cmp.Diff([]string{late.ID}, s.Emitted(&catalogevents.StockShort{})); diff != "" {
			t.Errorf("StockShort:\n%s", diff)
		}
		s.WantStock(plenty, catalogtest.Count{OnHand: 9})
		s.WantStock(scarce, catalogtest.Count{OnHand: 5, Held: 2})
		s.Must(s.Cancelled(late), s.Cancelled(late), s.Paid(late))
		s.WantStock(scarce, catalogtest.Count{OnHand: 5, Held: 2})
	})
}

func TestFailure07_ShortStockFailsLoudly(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		a, b, enough := s.Product(3), s.Product(0), s.Product(10)
		if a > b {
			a, b = b, a
		}
		o := catalogtest.NewOrder(catalogtest.Line(enough, 2), catalogtest.Line(a, 5), catalogtest.Line(b, 5))
		_, err := s.Reserve(o)
		short, _ := catalogtest.WantReason(t, err, fault.FailedPrecondition, "stock_short").(*catalogv1.Shortage)
		if len(short.GetLines()) != 2 || short.GetLines()[0].GetProductId() != a || short.GetLines()[1].GetProductId() != b {
			t.Errorf("short are %v, want both products", short)
		}
		for _, l := range short.GetLines() {
			if l.GetRequested() != 5 || l.GetAvailable() >= 5 {
				t.Errorf("short: %v", l)
			}
		}
		s.WantStock(enough, catalogtest.Count{OnHand: 10})
		if left := s.Column(`SELECT order_id FROM catalog_hold_lines`); len(left) != 0 {
			t.Errorf("lines of the refused hold are left: %v", left)
		}
	})
}

func TestFailure22_PaidTwiceAtOnceHasOneEffect(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p, twin := s.Product(5), s.Twin()
		o := catalogtest.NewOrder(catalogtest.Line(p, 2))
		s.MustReserve(o)
		s.Must(catalogtest.Together(10, func(i int) error { return []*catalogtest.Shop{s, twin}[i%2].Paid(o) })...)
		s.WantStock(p, catalogtest.Count{OnHand: 5, Sold: 2})
		if sold := s.Column(`SELECT id FROM catalog_movements WHERE kind = 'sold'`); len(sold) != 1 {
			t.Errorf("%d movements, want 1", len(sold))
		}
	})
}

// The clock goes back an hour: a hold lasts as long as one made now, and not an hour
// longer.
func TestFault22_HoldsWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p := s.Product(5)
		s.MustReserve(catalogtest.NewOrder(catalogtest.Line(p, 2)))
		s.Advance(-time.Hour)
		s.Must(s.Sweep())
		s.WantStock(p, catalogtest.Count{OnHand: 5, Held: 2})
		s.Advance(catalogtest.HoldTTL - time.Second)
		s.Must(s.Sweep())
		s.WantStock(p, catalogtest.Count{OnHand: 5, Held: 2})
		s.Advance(time.Second)
		s.Must(s.Sweep())
		s.WantStock(p, catalogtest.Count{OnHand: 5})
	})
}
