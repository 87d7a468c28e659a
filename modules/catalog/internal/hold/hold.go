// Package hold keeps stock for orders that wait for their payment: a hold is reserved by
// a checkout, committed when the order is paid, released when it lapses or the order was
// never placed, and cancelled for good.
//
// Locks are always taken in one order, so that transactions wait for each other but
// never in a circle: the rows of catalog_holds by order id, then the rows of
// catalog_stock by product id.
package hold

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"app/modules/catalog/internal/product"
	"app/platform/fault"
	"app/platform/ids"
	"app/platform/money"
)

// MaxLines bounds the lines of an order.
const MaxLines = 200

// State is where a hold stands.
type State string

// The states.
const (
	// Held units wait for the order's payment.
	Held State = "held"
	// Sold units are paid for.
	Sold State = "sold"
	// Released units went back because the order was never placed or the hold lapsed; a
	// payment may still come.
	Released State = "released"
	// Short is a hold whose payment came when the units were gone.
	Short State = "short"
	// Cancelled is final.
	Cancelled State = "cancelled"
)

// Hold is the stock of one order.
type Hold struct {
	OrderID   string
	State     State
	ExpiresAt time.Time
	CreatedAt time.Time
	// Buyer is whom the hold is counted for while it is held, and Network what it is
	// looked up by; empty when it is not.
	Buyer, Network string
	// Units are those of all lines together.
	Units int64
}

// Line is one product of a hold.
type Line struct {
	ProductID string
	Quantity  int64
	// Price is what one unit was held at.
	Price money.Money
	// Guest reports that the units count in stock.Stock.HeldGuests while they are held.
	Guest bool
}

// guestUnits is what of the line's units counts as held for guests.
func (l Line) guestUnits() int64 {
	if l.Guest {
		return l.Quantity
	}
	return 0
}

// holdsSame reports whether two lines hold the same; for whom is no difference, as a
// buyer may have signed in meanwhile.
func (l Line) holdsSame(other Line) bool {
	other.Guest = l.Guest
	return l == other
}

// Request is what an order wants to be held.
type Request struct {
	OrderID string
	// Replaces is an order that gave way to this one before it was placed: its hold is
	// released in the same write. Empty for none.
	Replaces string
	// Buyer is nil where nobody says who buys.
	Buyer *Buyer
	// Lines may name a product more than once. Their prices are those that the buyer
	// saw.
	Lines []Line
}

// validateRequest lists what is wrong with a request.
func (r Request) validateRequest() (wrong []fault.Field) {
	if !ids.Valid("ord", r.OrderID) {
		wrong = append(wrong, fault.Field{Pointer: "/order_id", Detail: "is not the id of an order"})
	}
	if r.Replaces != "" && (!ids.Valid("ord", r.Replaces) || r.Replaces == r.OrderID) {
		wrong = append(wrong, fault.Field{Pointer: "/replaces_order_id", Detail: "is not the id of another order"})
	}
	if n := len(r.Lines); n == 0 || n > MaxLines {
		wrong = append(wrong, fault.Field{Pointer: "/lines", Detail: fmt.Sprintf("must be 1 to %d", MaxLines)})
	}
	for i, l := range r.Lines {
		if l.Quantity < 1 || l.Quantity > product.MaxQuantity {
			wrong = append(wrong, fault.Field{
				Pointer: fmt.Sprintf("/lines/%d/quantity", i), Detail: fmt.Sprintf("must be 1 to %d", product.MaxQuantity),
			})
		}
	}
	return wrong
}

// Reservation is a hold that was taken.
type Reservation struct {
	// Products are as they are after it, by their ids.
	Products  map[string]product.Product
	ExpiresAt time.Time
}

// mergeLines makes one line of those that name the same product, by product id. The
// price is that of the first.
func mergeLines(lines []Line) []Line {
	merged := make([]Line, 0, len(lines))
	places := make(map[string]int, len(lines)) // product id -> place in merged
	for _, l := range lines {
		at, seen := places[l.ProductID]
		if !seen {
			at = len(merged)
			places[l.ProductID] = at
			merged = append(merged, Line{ProductID: l.ProductID, Price: l.Price})
		}
		merged[at].Quantity += l.Quantity
	}
	slices.SortFunc(merged, func(a, b Line) int { return cmp.Compare(a.ProductID, b.ProductID) })
	return merged
}

func totalUnits(lines []Line) (n int64) {
	for _, l := range lines {
		n += l.Quantity
	}
	return n
}

func productIDs(lines []Line) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = l.ProductID
	}
	return out
}
