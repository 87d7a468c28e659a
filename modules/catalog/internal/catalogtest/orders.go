package catalogtest

import (
	"context"
	"sync"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/ordersevents"
	"app/platform/database"
	"app/platform/events"
	"app/platform/ids"
	"app/platform/money/moneyv1"
)

// Order is a checkout under way.
type Order struct {
	ID    string
	Lines []*catalogv1.ReserveLine
	Buyer *catalogv1.Buyer
	// Replaces is an order that gave way to this one; empty for none.
	Replaces string
}

// NewOrder is an order of nobody in particular.
func NewOrder(lines ...*catalogv1.ReserveLine) Order {
	return Order{ID: ids.New("ord", Start), Lines: lines}
}

// By is the order as a buyer's.
func (o Order) By(b *catalogv1.Buyer) Order {
	o.Buyer = b
	return o
}

// InsteadOf is the order as one that another gave way to.
func (o Order) InsteadOf(other Order) Order {
	o.Replaces = other.ID
	return o
}

// Line is a line of an order, at the price of every product.
func Line(productID string, quantity int64) *catalogv1.ReserveLine {
	return &catalogv1.ReserveLine{ProductId: productID, Quantity: quantity, ExpectedPrice: moneyv1.Of(Euro)}
}

// Reserve holds what the order wants.
func (s *Shop) Reserve(o Order) (*catalogv1.ReserveResponse, error) {
	return s.Contract.Reserve(s.T.Context(), &catalogv1.ReserveRequest{
		OrderId: o.ID, Lines: o.Lines, Buyer: o.Buyer, ReplacesOrderId: o.Replaces,
	})
}

// MustReserve is Reserve for what has to succeed.
func (s *Shop) MustReserve(o Order) *catalogv1.ReserveResponse {
	s.T.Helper()
	out, err := s.Reserve(o)
	s.Must(err)
	return out
}

func (o Order) event() *ordersevents.Order {
	out := &ordersevents.Order{Id: o.ID}
	for _, l := range o.Lines {
		out.Lines = append(out.Lines, &ordersevents.Line{ProductId: l.GetProductId(), Quantity: l.GetQuantity(), Price: l.GetExpectedPrice()})
	}
	return out
}

// Paid delivers orders.Paid, as often as it is called.
func (s *Shop) Paid(o Order) error {
	e := events.Event[*ordersevents.Paid]{Envelope: events.Envelope{OccurredAt: Start}, Body: &ordersevents.Paid{Order: o.event()}}
	return s.DB.Write(s.T.Context(), func(ctx context.Context, tx *database.Tx) error { return s.Holds.Paid(ctx, tx, e) })
}

// Cancelled delivers orders.Cancelled, as often as it is called.
func (s *Shop) Cancelled(o Order) error {
	e := events.Event[*ordersevents.Cancelled]{Envelope: events.Envelope{OccurredAt: Start}, Body: &ordersevents.Cancelled{Order: o.event()}}
	return s.DB.Write(s.T.Context(), func(ctx context.Context, tx *database.Tx) error { return s.Holds.Cancelled(ctx, tx, e) })
}

// Together runs the work n times at once and returns the errors.
func Together(n int, work func(i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-begin
			errs[i] = work(i)
		})
	}
	close(begin)
	all.Wait()
	return errs
}
