package service_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"app/modules/catalog/catalogevents"
	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/service"
	"app/platform/database/dbtest"
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
	order
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
	for _, line := range e.lines {
		if line.GetProductId() == product {
			units += line.GetQuantity()
		}
	}
	return units
}

func (l *ledger) fits(e *entry) bool {
	for _, line := range e.lines {
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
	s := open(t, dbtest.SQLite(t), newClock())
	rapid.Check(t, func(rt *rapid.T) {
		l := &ledger{onHand: map[string]int64{}, short: len(s.told(&catalogevents.StockShort{}))}
		var products []string
		for range 3 {
			units := rapid.Int64Range(0, 6).Draw(rt, "units")
			p := s.product(units)
			products, l.onHand[p] = append(products, p), units
		}
		h := history{s, l, products}
		rt.Repeat(map[string]func(*rapid.T){
			"place": h.place, "reserve": h.reserve, "pay": h.pay, "cancel": h.cancel, "release": h.release, "lapse": h.lapse,
			"correct": h.correct, "": h.check,
		})
	})
	s.mustAddUp()
}

type history struct {
	s        *shop
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
		lines = append(lines, line(rapid.SampledFrom(h.products).Draw(t, "product"), rapid.Int64Range(1, 3).Draw(t, "quantity")))
	}
	o := newOrder(lines...)
	if rapid.Bool().Draw(t, "guest") {
		o = o.by(&catalogv1.Buyer{})
	}
	h.l.orders = append(h.l.orders, &entry{order: o, state: "none"})
}

func (h history) reserve(t *rapid.T) {
	e := h.any(t)
	_, err := h.s.reserve(e.order)
	switch e.state {
	case "none":
		if h.l.fits(e) {
			e.state, e.expires = "held", h.s.now.Load()+e.ttl().Microseconds()
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
	if e.buyer != nil {
		return guestTTL
	}
	return holdTTL
}

func (h history) pay(t *rapid.T) {
	e := h.any(t)
	h.want(t, h.s.paid(e.order), "")
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
	h.want(t, h.s.cancelled(e.order), "")
	e.state = "cancelled"
}

func (h history) release(t *rapid.T) {
	e := h.any(t)
	_, err := h.s.Release(h.s.t.Context(), &catalogv1.ReleaseRequest{OrderId: e.id})
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
	h.s.advance(time.Duration(rapid.Int64Range(0, 20).Draw(t, "minutes")) * time.Minute)
	h.want(t, h.s.sweep(), "")
	for _, e := range h.l.orders {
		if e.state == "held" && e.expires <= h.s.now.Load() {
			e.state = "released"
		}
	}
}

func (h history) correct(t *rapid.T) {
	p := rapid.SampledFrom(h.products).Draw(t, "product")
	delta := rapid.Int64Range(1, 4).Draw(t, "delta") * rapid.SampledFrom([]int64{1, -1}).Draw(t, "sign")
	_, err := h.s.Correct(h.s.manager(), service.Correction{ProductID: p, Delta: delta, Reason: "counted"})
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
		stock, err := h.s.Stock(h.s.manager(), p)
		want := count{h.l.onHand[p], h.l.promised(p, "held"), h.l.promised(p, "sold")}
		h.s.mustHoldForGuests(t)
		if got := (count{stock.OnHand, stock.Held, stock.Sold}); err != nil || got != want {
			t.Fatalf("stock is %+v (%v), want %+v", got, err, want)
		}
	}
	if told := len(h.s.told(&catalogevents.StockShort{})); told != h.l.short {
		t.Fatalf("StockShort was told %d times, want %d", told, h.l.short)
	}
}

// TestStockAddsUpUnderLoad lets everything happen at once.
func TestStockAddsUpUnderLoad(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		products := []string{s.product(20), s.product(20), s.product(20)}
		twin := s.twin()
		orders := make([]order, 24)
		for i := range orders {
			orders[i] = newOrder(line(products[i%3], 2), line(products[(i+1)%3], 1), line(products[(i+2)%3], 1))
			if i%2 == 1 {
				orders[i] = orders[i].by(&catalogv1.Buyer{Mark: "mark", Network: "203.0.113.0/24"})
			}
		}
		s.must(together(8, func(i int) error {
			here := []*shop{s, twin}[i%2]
			for n := range orders {
				o := orders[(n*7+i*3)%len(orders)]
				if err := here.storm(i, o, products[n%3]); err != nil {
					return err
				}
			}
			return nil
		})...)
		s.mustAddUp()
		for _, p := range products {
			stock, err := s.Stock(s.manager(), p)
			if err != nil || stock.Held+stock.Sold > stock.OnHand || stock.Available() < 0 {
				t.Errorf("%+v, %v", stock, err)
			}
		}
	})
}

// storm does one thing to the order; refusals are part of the game.
func (s *shop) storm(i int, o order, product string) (err error) {
	switch i {
	case 0, 1, 2:
		_, err = s.reserve(o)
	case 3, 4:
		err = s.paid(o)
	case 5:
		err = s.cancelled(o)
	case 6:
		s.advance(holdTTL / 10)
		err = s.sweep()
	case 7:
		_, err = s.Correct(s.manager(), service.Correction{ProductID: product, Delta: -1, Reason: "broken"})
	}
	if err != nil && fault.CodeOf(err) == fault.FailedPrecondition {
		return nil
	}
	return err
}
