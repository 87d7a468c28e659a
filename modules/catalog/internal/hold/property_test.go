package hold_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"app/modules/catalog/catalogevents"
	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/stock"
	"app/platform/fault"
)

// ledger is what the stock should be, kept in the simplest way that can be right: it
// only remembers what happened to each order.
type ledger struct {
	onHand map[string]int64
	orders []*entry
	short  int
}

type entry struct {
	catalogtest.Order
	state   string // none, held, sold, released, short, cancelled
	expires int64
}

// promised is what the orders in one of the states want of a product.
func (l *ledger) promised(product string, states ...string) (units int64) {
	for _, e := range l.orders {
		for _, s := range states {
			if e.state == s {
				units += e.wants(product)
			}
		}
	}
	return units
}

func (e *entry) wants(product string) (units int64) {
	for _, line := range e.Lines {
		if line.GetProductId() == product {
			units += line.GetQuantity()
		}
	}
	return units
}

func (l *ledger) fits(e *entry) bool {
	for _, line := range e.Lines {
		p := line.GetProductId()
		if l.onHand[p]-l.promised(p, "held", "sold") < e.wants(p) {
			return false
		}
	}
	return true
}

// TestStockAlwaysAddsUp runs random histories and compares the database with the ledger
// after each step.
func TestStockAlwaysAddsUp(t *testing.T) {
	t.Parallel()
	s := catalogtest.Open(t)
	rapid.Check(t, func(rt *rapid.T) {
		l := &ledger{onHand: map[string]int64{}, short: len(s.Emitted(&catalogevents.StockShort{}))}
		var products []string
		for range 3 {
			units := rapid.Int64Range(0, 6).Draw(rt, "units")
			p := s.Product(units)
			products, l.onHand[p] = append(products, p), units
		}
		h := history{s, l, products}
		rt.Repeat(map[string]func(*rapid.T){
			"place": h.place, "reserve": h.reserve, "pay": h.pay, "cancel": h.cancel, "release": h.release, "lapse": h.lapse,
			"correct": h.correct, "": h.check,
		})
	})
	s.MustAddUp()
}

type history struct {
	s        *catalogtest.Shop
	l        *ledger
	products []string
}

func (h history) any(t *rapid.T) *entry {
	if len(h.l.orders) == 0 {
		t.Skip("no order yet")
	}
	return rapid.SampledFrom(h.l.orders).Draw(t, "order")
}

func (h history) place(t *rapid.T) {
	var lines []*catalogv1.ReserveLine
	for range rapid.IntRange(1, 4).Draw(t, "lines") {
		lines = append(lines, catalogtest.Line(rapid.SampledFrom(h.products).Draw(t, "product"), rapid.Int64Range(1, 3).Draw(t, "quantity")))
	}
	o := catalogtest.NewOrder(lines...)
	if rapid.Bool().Draw(t, "guest") {
		o = o.By(&catalogv1.Buyer{})
	}
	h.l.orders = append(h.l.orders, &entry{Order: o, state: "none"})
}

func (h history) reserve(t *rapid.T) {
	e := h.any(t)
	_, err := h.s.Reserve(e.Order)
	switch e.state {
	case "none":
		if h.l.fits(e) {
			e.state, e.expires = "held", h.s.Now().UnixMicro()+e.ttl().Microseconds()
			h.want(t, err, "")
		} else {
			h.want(t, err, "stock_short")
		}
	case "held", "sold":
		h.want(t, err, "")
	default:
		h.want(t, err, "hold_released")
	}
}

// ttl is shorter for guests.
func (e *entry) ttl() time.Duration {
	if e.Buyer != nil {
		return catalogtest.GuestTTL
	}
	return catalogtest.HoldTTL
}

func (h history) pay(t *rapid.T) {
	e := h.any(t)
	h.want(t, h.s.Paid(e.Order), "")
	switch {
	case e.state == "held" || (e.state == "none" || e.state == "released") && h.l.fits(e):
		e.state = "sold"
	case e.state == "none" || e.state == "released":
		e.state = "short"
		h.l.short++
	}
}

func (h history) cancel(t *rapid.T) {
	e := h.any(t)
	h.want(t, h.s.Cancelled(e.Order), "")
	e.state = "cancelled"
}

func (h history) release(t *rapid.T) {
	e := h.any(t)
	_, err := h.s.Contract.Release(h.s.T.Context(), &catalogv1.ReleaseRequest{OrderId: e.ID})
	if e.state == "sold" {
		h.want(t, err, "hold_sold")
		return
	}
	h.want(t, err, "")
	if e.state == "held" {
		e.state = "released"
	}
}

func (h history) lapse(t *rapid.T) {
	h.s.Advance(time.Duration(rapid.Int64Range(0, 20).Draw(t, "minutes")) * time.Minute)
	h.want(t, h.s.Sweep(), "")
	for _, e := range h.l.orders {
		if e.state == "held" && e.expires <= h.s.Now().UnixMicro() {
			e.state = "released"
		}
	}
}

func (h history) correct(t *rapid.T) {
	p := rapid.SampledFrom(h.products).Draw(t, "product")
	delta := rapid.Int64Range(1, 4).Draw(t, "delta") * rapid.SampledFrom([]int64{1, -1}).Draw(t, "sign")
	_, err := h.s.Stock.Correct(h.s.Manager(), stock.Correction{ProductID: p, Delta: delta, Reason: "counted"})
	if h.l.onHand[p]+delta < h.l.promised(p, "held", "sold") {
		h.want(t, err, "stock_short")
		return
	}
	h.want(t, err, "")
	h.l.onHand[p] += delta
}

func (h history) want(t *rapid.T, err error, reason string) {
	if reason == "" && err != nil || reason != "" && (err == nil || fault.ReasonOf(err) != reason) {
		t.Fatalf("got %v, want %q", err, reason)
	}
}

func (h history) check(t *rapid.T) {
	for _, p := range h.products {
		now, err := h.s.Stock.ByProduct(h.s.Manager(), p)
		want := catalogtest.Count{OnHand: h.l.onHand[p], Held: h.l.promised(p, "held"), Sold: h.l.promised(p, "sold")}
		h.s.MustHoldForGuests(t)
		if got := (catalogtest.Count{OnHand: now.OnHand, Held: now.Held, Sold: now.Sold}); err != nil || got != want {
			t.Fatalf("stock is %+v (%v), want %+v", got, err, want)
		}
	}
	if told := len(h.s.Emitted(&catalogevents.StockShort{})); told != h.l.short {
		t.Fatalf("StockShort was told %d times, want %d", told, h.l.short)
	}
}

// TestStockAddsUpUnderLoad lets everything happen at once.
func TestStockAddsUpUnderLoad(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		products := []string{s.Product(20), s.Product(20), s.Product(20)}
		twin := s.Twin()
		orders := make([]catalogtest.Order, 24)
		for i := range orders {
			orders[i] = catalogtest.NewOrder(catalogtest.Line(products[i%3], 2), catalogtest.Line(products[(i+1)%3], 1), catalogtest.Line(products[(i+2)%3], 1))
			if i%2 == 1 {
				orders[i] = orders[i].By(&catalogv1.Buyer{Mark: "mark", Network: "203.0.113.0/24"})
			}
		}
		s.Must(catalogtest.Together(8, func(i int) error {
			here := []*catalogtest.Shop{s, twin}[i%2]
			for n := range orders {
				o := orders[(n*7+i*3)%len(orders)]
				if err := storm(here, i, o, products[n%3]); err != nil {
					return err
				}
			}
			return nil
		})...)
		s.MustAddUp()
		for _, p := range products {
			now, err := s.Stock.ByProduct(s.Manager(), p)
			if err != nil || now.Held+now.Sold > now.OnHand || now.Available() < 0 {
				t.Errorf("%+v, %v", now, err)
			}
		}
	})
}

// storm does one thing to the order; refusals are part of the game.
func storm(s *catalogtest.Shop, i int, o catalogtest.Order, productID string) (err error) {
	switch i {
	case 0, 1, 2:
		_, err = s.Reserve(o)
	case 3, 4:
		err = s.Paid(o)
	case 5:
		err = s.Cancelled(o)
	case 6:
		s.Advance(catalogtest.HoldTTL / 10)
		err = s.Sweep()
	case 7:
		_, err = s.Stock.Correct(s.Manager(), stock.Correction{ProductID: productID, Delta: -1, Reason: "broken"})
	}
	if err != nil && fault.CodeOf(err) == fault.FailedPrecondition {
		return nil
	}
	return err
}
