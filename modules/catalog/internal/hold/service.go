package hold

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/stock"
	"app/platform/database"
	"app/platform/fault"
)

// Options put a service together. All are required.
type Options struct {
	DB     *database.DB
	Logger *slog.Logger
	Now    func() time.Time
	// TTL is how long a hold waits for the payment of its order.
	TTL time.Duration
	// GuestTTL is the same for the order of a guest; TTL when it is longer or not set.
	GuestTTL time.Duration
	// Unpaid bounds what may be held without being paid for.
	Unpaid Unpaid
}

// Service keeps holds. It is safe for concurrent use.
type Service struct{ Options }

// New makes a service on a migrated database.
func New(o Options) *Service {
	o.GuestTTL = min(cmp.Or(o.GuestTTL, o.TTL), o.TTL)
	return &Service{o}
}

// Reserve takes stock aside for an order: all lines or none.
//
//  1. The quantities of lines that name one product count together.
//  2. Products are taken in the order of their ids, so that two checkouts never wait
//     for each other in a circle.
//  3. Each is taken by one conditional update; there is no check before it that could
//     be wrong by then.
//  4. Anything gone, priced otherwise, of a quantity that the product is not sold in,
//     or short undoes everything, and the RefusedError names all lines concerned. A
//     buyer who holds too much that is not paid for is refused: see requireAllowance.
//  5. What is held for the order that the request replaces is released in the same
//     write, so that its units are there for this one; a refusal leaves it as it was.
//  6. An order has one hold: asked again, the answer is that hold, with more time if it
//     had lapsed unnoticed.
//
// Errors: RefusedError; invalid_argument; failed_precondition (hold_released,
// hold_differs); resource_exhausted (too_many_unpaid).
func (s *Service) Reserve(ctx context.Context, r Request) (Reservation, error) {
	if wrong := r.validateRequest(); len(wrong) > 0 {
		return Reservation{}, fault.Invalid(wrong...)
	}
	lines := mergeLines(r.Lines)
	for i := range lines {
		lines[i].Guest = r.Buyer.isGuest()
	}
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (Reservation, error) {
		return s.reserveStock(ctx, tx, r, lines)
	})
}

func (s *Service) reserveStock(ctx context.Context, tx *database.Tx, r Request, lines []Line) (Reservation, error) {
	hold := s.newHold(r, totalUnits(lines))
	// The hold comes first: its row keeps a second run of the same checkout waiting
	// before it touches any stock.
	err := insertHold(ctx, tx, hold)
	if errors.Is(err, database.ErrDuplicate) {
		return s.resumeReservation(ctx, tx, lines, hold)
	}
	if err != nil {
		return Reservation{}, err
	}
	var replaced []Line
	if r.Replaces != "" {
		if replaced, _, err = endHeld(ctx, tx, r.Replaces, Released); err != nil {
			return Reservation{}, err
		}
	}
	if err := s.requireAllowance(ctx, tx, hold, r.Buyer.isGuest()); err != nil {
		return Reservation{}, err
	}
	if err := giveBack(ctx, tx, replaced); err != nil {
		return Reservation{}, err
	}
	short, err := s.holdUnits(ctx, tx, lines)
	if err != nil {
		return Reservation{}, err
	}
	products, err := product.ByIDs(ctx, tx, productIDs(lines))
	if err != nil {
		return Reservation{}, err
	}
	dropDrafts(products, s.Now())
	if err := checkReservation(r.Lines, lines, short, products, s.Unpaid.Share); err != nil {
		return Reservation{}, err
	}
	if err := insertLines(ctx, tx, hold.OrderID, lines); err != nil {
		return Reservation{}, err
	}
	return Reservation{products, hold.ExpiresAt}, emitLow(ctx, tx, lines, products)
}

func (s *Service) newHold(r Request, units int64) Hold {
	now := s.Now()
	hold := Hold{OrderID: r.OrderID, State: Held, CreatedAt: now, ExpiresAt: now.Add(s.TTL), Units: units}
	if r.Buyer.isGuest() {
		hold.ExpiresAt = now.Add(s.GuestTTL)
	}
	hold.Buyer, hold.Network = s.Unpaid.countedFor(r.Buyer)
	return hold
}

// requireAllowance refuses a hold, which is in the table already, that is more than its
// buyer may have:
//
//  1. Counted is what is held at this moment, from the rows of the holds themselves:
//     whatever ends a hold frees its place.
//  2. Checkouts from one network are counted one after the other, in any number of
//     processes (countUnpaid).
//  3. The refusal undoes the hold. It says when the first other hold lapses; when the
//     order alone is too large it does not, because waiting does not help.
func (s *Service) requireAllowance(ctx context.Context, tx *database.Tx, h Hold, guest bool) error {
	if h.Network == "" {
		return nil
	}
	used, err := countUnpaid(ctx, tx, h.Buyer, h.Network)
	if err != nil || s.Unpaid.permitsUsage(used, guest) {
		return err
	}
	refusal := catalogv1.TooManyUnpaid.New()
	if h.Units <= s.Unpaid.maxUnits(guest) {
		refusal.RetryAfter = max(time.Second, used.frees.Sub(s.Now()))
	}
	return refusal
}

// holdUnits holds the units of each line and returns the lines for which there were not
// enough.
func (s *Service) holdUnits(ctx context.Context, tx *database.Tx, lines []Line) (short []Line, err error) {
	for _, l := range lines {
		shift := stock.Shift{ProductID: l.ProductID, Held: l.Quantity, Guests: l.guestUnits(), Share: s.Unpaid.Share}
		ok, err := shift.Apply(ctx, tx)
		if err != nil {
			return nil, err
		}
		if !ok {
			short = append(short, l)
		}
	}
	return short, nil
}

// resumeReservation answers for an order that has a hold already. anew is the hold that
// it would get today.
func (s *Service) resumeReservation(ctx context.Context, tx *database.Tx, lines []Line, anew Hold) (Reservation, error) {
	hold, err := holdOf(ctx, tx, anew.OrderID)
	if err != nil {
		return Reservation{}, err
	}
	if hold.State == Held && !hold.ExpiresAt.After(s.Now()) {
		ok, err := renewHold(ctx, tx, hold.OrderID, anew.ExpiresAt)
		if err != nil {
			return Reservation{}, err
		}
		if hold.ExpiresAt = anew.ExpiresAt; !ok {
			hold.State = Released // a sweep was faster
		}
	}
	if hold.State != Held && hold.State != Sold {
		return Reservation{}, catalogv1.HoldReleased.New()
	}
	held, err := linesOf(ctx, tx, hold.OrderID)
	if err != nil {
		return Reservation{}, err
	}
	if !slices.EqualFunc(held, lines, Line.holdsSame) {
		return Reservation{}, catalogv1.HoldDiffers.New()
	}
	products, err := product.ByIDs(ctx, tx, productIDs(lines))
	return Reservation{products, hold.ExpiresAt}, err
}

// emitLow emits StockLow for each product whose threshold the units that were taken
// have crossed.
func emitLow(ctx context.Context, tx *database.Tx, taken []Line, after map[string]product.Product) error {
	for _, l := range taken {
		if err := stock.EmitLow(ctx, tx, after[l.ProductID].Item(), l.Quantity); err != nil {
			return err
		}
	}
	return nil
}
