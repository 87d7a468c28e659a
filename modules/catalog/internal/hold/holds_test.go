package hold_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"app/modules/catalog/catalogevents"
	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/stock"
	"app/platform/fault"
	"app/platform/money/moneyv1"
)

func TestReserve(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		a, b := s.Product(5), s.Product(5)
		o := catalogtest.NewOrder(catalogtest.Line(b, 2), catalogtest.Line(a, 1))
		got := s.MustReserve(o)
		product := func(id string, left int64) *catalogv1.Product {
			return &catalogv1.Product{Id: id, MerchantId: catalogtest.Merchant, Title: "Chair", Available: left, MinQuantity: 1, MaxQuantity: 10_000, Price: &moneyv1.Money{Amount: 1990, Currency: "EUR"}}
		}
		want := []*catalogv1.Product{product(b, 3), product(a, 4)}
		if diff := cmp.Diff(want, got.GetProducts(), protocmp.Transform(), protocmp.IgnoreFields(&catalogv1.Product{}, "sku")); diff != "" {
			t.Errorf("products in the order of the lines:\n%s", diff)
		}
		if at := got.GetExpiresAt().AsTime(); !at.Equal(catalogtest.Start.Add(catalogtest.HoldTTL)) {
			t.Errorf("expires at %v", at)
		}
		s.WantStock(b, catalogtest.Count{OnHand: 5, Held: 2})
	})
}

func TestReserveIsIdempotent(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p := s.Product(5)
		o := catalogtest.NewOrder(catalogtest.Line(p, 2), catalogtest.Line(p, 1))
		s.Must(catalogtest.Together(8, func(int) error { _, err := s.Reserve(o); return err })...)
		s.WantStock(p, catalogtest.Count{OnHand: 5, Held: 3})

		t.Run("the price of the hold stays", func(t *testing.T) {
			dear := catalogtest.Euro
			dear.Amount++
			_, err := s.Products.Change(s.Manager(), p, nil, product.Change{Price: &dear})
			s.Must(err)
			if amount := s.MustReserve(o).GetProducts()[0].GetPrice().GetAmount(); amount != catalogtest.Euro.Amount {
				t.Errorf("the hold costs %d, want %d", amount, catalogtest.Euro.Amount)
			}
		})
		t.Run("other lines are refused", func(t *testing.T) {
			other := catalogtest.Order{ID: o.ID, Lines: []*catalogv1.ReserveLine{catalogtest.Line(p, 2)}}
			_, err := s.Reserve(other)
			catalogtest.WantReason(t, err, fault.FailedPrecondition, "hold_differs")
		})
		t.Run("a lapsed hold that nobody swept gets more time", func(t *testing.T) {
			s.Advance(catalogtest.HoldTTL)
			if at := s.MustReserve(o).GetExpiresAt().AsTime(); !at.Equal(catalogtest.Start.Add(2 * catalogtest.HoldTTL)) {
				t.Errorf("expires at %v", at)
			}
			s.Must(s.Sweep())
			s.WantStock(p, catalogtest.Count{OnHand: 5, Held: 3})
		})
		t.Run("a sold hold is still the answer", func(t *testing.T) {
			s.Must(s.Paid(o))
			s.MustReserve(o)
			s.WantStock(p, catalogtest.Count{OnHand: 5, Sold: 3})
		})
	})
}

func TestReserveRefuses(t *testing.T) {
	t.Parallel()
	s := catalogtest.Open(t)
	p, dear, gone := s.Product(5), s.Product(5), s.Product(5)
	price := catalogtest.Euro
	price.Amount = 2500
	_, err := s.Products.Change(s.Manager(), dear, nil, product.Change{Price: &price})
	s.Must(err, s.Products.Archive(s.Manager(), gone, nil))

	many := make([]*catalogv1.ReserveLine, 201)
	for i := range many {
		many[i] = catalogtest.Line(p, 1)
	}
	for name, c := range map[string]struct {
		order  catalogtest.Order
		fields []string
	}{
		"no line":           {catalogtest.NewOrder(), []string{"/lines"}},
		"201 lines":         {catalogtest.NewOrder(many...), []string{"/lines"}},
		"bad order id":      {catalogtest.Order{ID: "ord_x", Lines: many[:1]}, []string{"/order_id"}},
		"bad quantities":    {catalogtest.NewOrder(catalogtest.Line(p, 0), catalogtest.Line(p, 1), catalogtest.Line(p, -1), catalogtest.Line(p, 10_001)), []string{"/lines/0/quantity", "/lines/2/quantity", "/lines/3/quantity"}},
		"one wrong of each": {catalogtest.Order{Lines: []*catalogv1.ReserveLine{catalogtest.Line(p, 0)}}, []string{"/order_id", "/lines/0/quantity"}},
	} {
		_, err := s.Reserve(c.order)
		catalogtest.WantReason(t, err, fault.InvalidArgument, "validation_failed")
		var got []string
		for _, f := range fault.From(err).Fields {
			got = append(got, f.Pointer)
		}
		if diff := cmp.Diff(c.fields, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}

	_, err = s.Reserve(catalogtest.NewOrder(catalogtest.Line(p, 1), catalogtest.Line(dear, 1), catalogtest.Line(dear, 1)))
	changed := &catalogv1.PriceChange{Lines: []*catalogv1.NewPrice{{ProductId: dear,
		Expected: &moneyv1.Money{Amount: 1990, Currency: "EUR"}, Current: &moneyv1.Money{Amount: 2500, Currency: "EUR"}}}}
	if diff := cmp.Diff(changed, catalogtest.WantReason(t, err, fault.FailedPrecondition, "price_changed"), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	_, err = s.Reserve(catalogtest.NewOrder(catalogtest.Line(gone, 1), catalogtest.Line(dear, 1), catalogtest.Line("prd_never", 1)))
	missing, _ := catalogtest.WantReason(t, err, fault.FailedPrecondition, "product_gone").(*catalogv1.Gone)
	if len(missing.GetProductIds()) != 2 {
		t.Errorf("gone are %v, want two", missing.GetProductIds())
	}
	s.WantStock(p, catalogtest.Count{OnHand: 5})
}

func TestRelease(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p := s.Product(5)
		release := func(o catalogtest.Order) error {
			_, err := s.Contract.Release(t.Context(), &catalogv1.ReleaseRequest{OrderId: o.ID})
			return err
		}
		s.Must(release(catalogtest.NewOrder(catalogtest.Line(p, 1)))) // there is none
		dropped, bought := catalogtest.NewOrder(catalogtest.Line(p, 2)), catalogtest.NewOrder(catalogtest.Line(p, 1))
		s.MustReserve(dropped)
		s.MustReserve(bought)
		s.Must(catalogtest.Together(4, func(int) error { return release(dropped) })...)
		s.WantStock(p, catalogtest.Count{OnHand: 5, Held: 1})
		_, err := s.Reserve(dropped)
		catalogtest.WantReason(t, err, fault.FailedPrecondition, "hold_released")
		s.Must(s.Paid(bought))
		catalogtest.WantReason(t, release(bought), fault.FailedPrecondition, "hold_sold")
		s.WantStock(p, catalogtest.Count{OnHand: 5, Sold: 1})
	})
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	for name, steps := range map[string]func(s *catalogtest.Shop, o catalogtest.Order) []error{
		"before the payment": func(s *catalogtest.Shop, o catalogtest.Order) []error { return []error{s.Cancelled(o), s.Paid(o)} },
		"after the payment":  func(s *catalogtest.Shop, o catalogtest.Order) []error { return []error{s.Paid(o), s.Cancelled(o)} },
		"twice": func(s *catalogtest.Shop, o catalogtest.Order) []error {
			return []error{s.Paid(o), s.Cancelled(o), s.Cancelled(o), s.Paid(o)}
		},
		"after the hold lapsed": func(s *catalogtest.Shop, o catalogtest.Order) []error {
			s.Advance(catalogtest.HoldTTL)
			return []error{s.Sweep(), s.Cancelled(o), s.Paid(o), s.Cancelled(o)}
		},
		"at once with the payment": func(s *catalogtest.Shop, o catalogtest.Order) []error {
			return catalogtest.Together(6, func(i int) error {
				if i%2 == 0 {
					return s.Paid(o)
				}
				return s.Cancelled(o)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
				p := s.Product(5)
				o := catalogtest.NewOrder(catalogtest.Line(p, 3))
				s.MustReserve(o)
				s.Must(steps(s, o)...)
				s.WantStock(p, catalogtest.Count{OnHand: 5})
				if states := s.Column(`SELECT state FROM catalog_holds`); len(states) != 1 || states[0] != "cancelled" {
					t.Errorf("the hold is %v", states)
				}
			})
		})
	}
}

func TestCancelledBeforeAnythingWasHeld(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p := s.Product(5)
		o := catalogtest.NewOrder(catalogtest.Line(p, 3))
		s.Must(catalogtest.Together(4, func(int) error { return s.Cancelled(o) })...)
		_, err := s.Reserve(o)
		catalogtest.WantReason(t, err, fault.FailedPrecondition, "hold_released")
		s.Must(s.Paid(o))
		s.WantStock(p, catalogtest.Count{OnHand: 5})
	})
}

func TestPaidWithoutAHold(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p := s.Product(5)
		o, tooMuch := catalogtest.NewOrder(catalogtest.Line(p, 2), catalogtest.Line(p, 1)), catalogtest.NewOrder(catalogtest.Line(p, 3))
		s.Must(s.Paid(o), s.Paid(tooMuch), s.Paid(o), s.Paid(catalogtest.NewOrder()))
		s.WantStock(p, catalogtest.Count{OnHand: 5, Sold: 3})
		if diff := cmp.Diff([]string{tooMuch.ID}, s.Emitted(&catalogevents.StockShort{})); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSweepLeavesWhatIsNotDue(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p := s.Product(500)
		for range 130 {
			s.MustReserve(catalogtest.NewOrder(catalogtest.Line(p, 1)))
		}
		s.Advance(time.Minute)
		later := catalogtest.NewOrder(catalogtest.Line(p, 7))
		s.MustReserve(later)
		s.Advance(catalogtest.HoldTTL - time.Minute)
		twin := s.Twin()
		s.Must(catalogtest.Together(4, func(i int) error { return []*catalogtest.Shop{s, twin}[i%2].Sweep() })...)
		s.WantStock(p, catalogtest.Count{OnHand: 500, Held: 7})
	})
}

func TestStockLowIsToldAtTheCrossing(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p := s.Product(5) // told at 2
		correct := func(delta int64) {
			_, err := s.Stock.Correct(s.Manager(), stock.Correction{ProductID: p, Delta: delta, Reason: "test"})
			s.Must(err)
		}
		for _, step := range []struct {
			do   func()
			told int
		}{
			{func() { s.MustReserve(catalogtest.NewOrder(catalogtest.Line(p, 2))) }, 0}, // 3 left
			{func() { s.MustReserve(catalogtest.NewOrder(catalogtest.Line(p, 1))) }, 1}, // 2
			{func() { s.MustReserve(catalogtest.NewOrder(catalogtest.Line(p, 1))) }, 1}, // 1
			{func() { correct(4) }, 1},  // 5
			{func() { correct(-3) }, 2}, // 2
			{func() { s.Advance(catalogtest.HoldTTL); s.Must(s.Sweep()) }, 2},
			{func() { s.Must(s.Paid(catalogtest.NewOrder(catalogtest.Line(p, 5)))) }, 3},
		} {
			if step.do(); len(s.Emitted(&catalogevents.StockLow{})) != step.told {
				t.Errorf("told %d times, want %d", len(s.Emitted(&catalogevents.StockLow{})), step.told)
			}
		}
	})
}
