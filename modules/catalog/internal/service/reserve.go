package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/ids"
)

// maxLines bounds a checkout.
const maxLines = 200

// Reserve implements catalogv1.CatalogHandler.
//
//  1. The quantities of lines that name one product count together.
//  2. Products are taken in the order of their ids, so that two checkouts never wait
//     for each other in a circle.
//  3. Each is taken by one conditional update; there is no check before it that could
//     be wrong by then.
//  4. Anything gone, priced otherwise, of a quantity that the product is not sold in,
//     or short undoes everything, and all lines concerned are named. So does a buyer
//     who holds too much that is not paid for: see admit.
//  5. An order has one hold: asked again, the answer is that hold, with more time if it
//     had lapsed unnoticed.
func (s *Service) Reserve(ctx context.Context, req *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
	w, err := wantedBy(req)
	if err != nil {
		return nil, err
	}
	w.buyer = s.buyerOf(req.GetBuyer())
	for i := range w.lines {
		w.lines[i].Guest = w.buyer.guest
	}
	var r reservation
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		r, err = s.reserveStock(ctx, tx, w)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.toResponse(req), nil
}

// reservation is a hold that was taken.
type reservation struct {
	products map[string]Product // as they are after it
	expires  time.Time
}

func (r reservation) toResponse(req *catalogv1.ReserveRequest) *catalogv1.ReserveResponse {
	out := &catalogv1.ReserveResponse{ExpiresAt: timestamppb.New(r.expires), Products: make([]*catalogv1.Product, len(req.GetLines()))}
	for i, l := range req.GetLines() {
		p := r.products[l.GetProductId()]
		p.Price = l.GetExpectedPrice().Value() // the price it is held at, whatever it became since
		out.Products[i] = productToProto(p)
	}
	return out
}

func (s *Service) reserveStock(ctx context.Context, tx *database.Tx, w wanted) (reservation, error) {
	now := s.now()
	hold := store.Hold{
		OrderID: w.orderID, State: store.Held, CreatedAt: now, ExpiresAt: now.Add(s.ttl),
		Buyer: w.buyer.id, Network: w.buyer.network, Units: w.totalUnits(),
	}
	if w.buyer.guest {
		hold.ExpiresAt = now.Add(s.guest)
	}
	// The hold comes first: its row keeps a second run of the same checkout waiting
	// before it touches any stock.
	err := store.InsertHold(ctx, tx, hold)
	if errors.Is(err, store.ErrDuplicate) {
		return s.resumeReservation(ctx, tx, w, hold.ExpiresAt)
	}
	if err != nil {
		return reservation{}, err
	}
	if err := s.checkUnpaidAllowance(ctx, tx, hold, w.buyer.guest); err != nil {
		return reservation{}, err
	}
	refused, err := s.holdUnits(ctx, tx, w.lines)
	if err != nil {
		return reservation{}, err
	}
	products, err := store.ProductsByID(ctx, tx, w.lineProductIDs())
	if err != nil {
		return reservation{}, err
	}
	if err := w.reservationError(products, refused, s.unpaid.Share); err != nil {
		return reservation{}, err
	}
	if err := store.InsertLines(ctx, tx, w.orderID, w.lines); err != nil {
		return reservation{}, err
	}
	return reservation{products, hold.ExpiresAt}, s.tellLow(ctx, tx, w.lines, products)
}

// holdUnits holds the units of each line and returns the lines for which there were not
// enough.
func (s *Service) holdUnits(ctx context.Context, tx *database.Tx, lines []store.Line) (refused []store.Line, err error) {
	for _, l := range lines {
		ok, err := store.Shift{ProductID: l.ProductID, Held: l.Quantity, Guests: guestUnits(l), Share: s.unpaid.Share}.Apply(ctx, tx)
		if err != nil {
			return nil, err
		}
		if !ok {
			refused = append(refused, l)
		}
	}
	return refused, nil
}

// resumeReservation answers for an order that has a hold.
func (s *Service) resumeReservation(ctx context.Context, tx *database.Tx, w wanted, expires time.Time) (reservation, error) {
	hold, err := store.HoldOf(ctx, tx, w.orderID)
	if err != nil {
		return reservation{}, err
	}
	if hold.State == store.Held && !hold.ExpiresAt.After(s.now()) {
		ok, err := store.RenewHold(ctx, tx, w.orderID, expires)
		if err != nil {
			return reservation{}, err
		}
		if hold.ExpiresAt = expires; !ok {
			hold.State = store.Released // a sweep was faster
		}
	}
	if hold.State != store.Held && hold.State != store.Sold {
		return reservation{}, catalogv1.HoldReleased.New()
	}
	lines, err := store.LinesOf(ctx, tx, w.orderID)
	if err != nil {
		return reservation{}, err
	}
	if !slices.EqualFunc(lines, w.lines, sameUnits) {
		return reservation{}, catalogv1.HoldDiffers.New()
	}
	products, err := store.ProductsByID(ctx, tx, w.lineProductIDs())
	return reservation{products, hold.ExpiresAt}, err
}

// sameUnits reports whether two lines hold the same; for whom is no difference, as a
// buyer may have signed in meanwhile.
func sameUnits(a, b store.Line) bool {
	b.Guest = a.Guest
	return a == b
}

// wanted is what an order wants to be held.
type wanted struct {
	orderID string
	buyer   buyer
	asked   []*catalogv1.ReserveLine
	lines   []store.Line // one for each product, by product id
}

func wantedBy(req *catalogv1.ReserveRequest) (wanted, error) {
	var wrong []fault.Field
	if !ids.Valid("ord", req.GetOrderId()) {
		wrong = append(wrong, fault.Field{Pointer: "/order_id", Detail: "is not the id of an order"})
	}
	if n := len(req.GetLines()); n == 0 || n > maxLines {
		wrong = append(wrong, fault.Field{Pointer: "/lines", Detail: fmt.Sprintf("must be 1 to %d", maxLines)})
	}
	w := wanted{orderID: req.GetOrderId(), asked: req.GetLines()}
	sums := make(map[string]int, len(w.asked)) // product id -> place in lines
	for i, l := range w.asked {
		if q := l.GetQuantity(); q < 1 || q > MaxQuantity {
			wrong = append(wrong, fault.Field{Pointer: fmt.Sprintf("/lines/%d/quantity", i), Detail: fmt.Sprintf("must be 1 to %d", MaxQuantity)})
		}
		at, seen := sums[l.GetProductId()]
		if !seen {
			at = len(w.lines)
			sums[l.GetProductId()] = at
			w.lines = append(w.lines, store.Line{ProductID: l.GetProductId(), Price: l.GetExpectedPrice().Value()})
		}
		w.lines[at].Quantity += l.GetQuantity()
	}
	if len(wrong) > 0 {
		return wanted{}, fault.Invalid(wrong...)
	}
	slices.SortFunc(w.lines, func(a, b store.Line) int { return cmp.Compare(a.ProductID, b.ProductID) })
	return w, nil
}

func (w wanted) totalUnits() (n int64) {
	for _, l := range w.lines {
		n += l.Quantity
	}
	return n
}

func (w wanted) lineProductIDs() []string {
	out := make([]string, len(w.lines))
	for i, l := range w.lines {
		out[i] = l.ProductID
	}
	return out
}
