// Package cart keeps what somebody means to buy.
//
// Every change of a cart gives it another order id, so that stock held for one version
// never serves another.
package cart

import (
	"errors"
	"time"

	"app/modules/orders/internal/reason"
	"app/platform/fault"
	"app/platform/money"
)

// Bounds of a cart.
const (
	MaxLines    = 200    // different products
	MaxQuantity = 10_000 // units of one product
)

// State is whether a cart may be changed.
type State string

// The states. An ordered cart is open again when its payment failed.
const (
	Open    State = "open"
	Ordered State = "ordered"
)

// Cart is what somebody means to buy. Exactly one of BuyerID and TokenHash is set.
type Cart struct {
	ID        string
	BuyerID   string
	TokenHash string // hex SHA-256 of a guest's token
	Currency  string // of all lines, empty without lines
	State     State
	OrderID   string // the order that the next checkout makes, or the last one made
	// ReplacedOrderID is the order id before OrderID when a checkout gave it up with its
	// hold (RenewOrderID); else empty.
	ReplacedOrderID string
	Version         int64
	CreatedAt       time.Time
	UpdatedAt       time.Time
	Lines           []Line // in the order they were added
}

// Line is one product in a cart as the buyer was shown it.
type Line struct {
	ProductID  string
	MerchantID string
	Title      string
	Quantity   int64
	Price      money.Money
	AddedAt    time.Time
	// SoldIn is the currency that the product is sold in now, when the cart's keeps the
	// line from its price; else empty.
	SoldIn string
}

// Total sums the lines at the prices the buyer was shown, in the cart's currency. The
// error is one of package money: a sum that no integer holds, or money.ErrCurrency.
func (c Cart) Total() (money.Money, error) {
	total := money.Money{Currency: c.Currency}
	for _, l := range c.Lines {
		line, err := l.Price.Times(l.Quantity)
		if err != nil {
			return money.Money{}, err
		}
		if total, err = total.Add(line); err != nil {
			return money.Money{}, err
		}
	}
	return total, nil
}

// CheckOpen refuses a cart that has become an order: cart_already_ordered.
func (c Cart) CheckOpen() error {
	if c.State == Open {
		return nil
	}
	refusal := reason.CartAlreadyOrdered.Newf("This cart has become order %s.", c.OrderID)
	refusal.Fields = []fault.Field{{Pointer: "/order_id", Detail: c.OrderID}}
	return refusal
}

// CheckReady refuses a cart that cannot be checked out: cart_already_ordered,
// cart_empty, total_too_high.
func (c Cart) CheckReady() error {
	if err := c.CheckOpen(); err != nil {
		return err
	}
	if len(c.Lines) == 0 {
		return reason.CartEmpty.New()
	}
	return c.CheckTotal()
}

// CheckTotal refuses a cart that comes to more than money.Max: no order may, or it
// could not be refunded in parts. products name the lines to change, none the whole
// cart. The error is total_too_high. Lines of two currencies are refused elsewhere.
func (c Cart) CheckTotal(products ...string) error {
	total, err := c.Total()
	if err == nil && !total.TooMuch() || errors.Is(err, money.ErrCurrency) {
		return nil
	}
	refusal := reason.TotalTooHigh.Newf("One order cannot cost more than %s.", money.Money{Amount: money.Max, Currency: c.Currency})
	for _, id := range products {
		refusal.Fields = append(refusal.Fields, fault.Field{
			Pointer: "/lines/" + id + "/quantity", Detail: "makes the cart cost more than one order may",
		})
	}
	return refusal
}

// Fits refuses a line that would make the cart one of two currencies (currency_mixed)
// or too long (cart_full). A line of the same product is replaced by it.
func (c Cart) Fits(line Line) error {
	if c.lineOf(line.ProductID) < 0 && len(c.Lines) >= MaxLines {
		return reason.CartFull.Newf("A cart holds %d different products at most.", MaxLines)
	}
	for _, other := range c.Lines {
		if other.ProductID != line.ProductID && other.Price.Currency != line.Price.Currency {
			return currencyMixed(other.Price.Currency, soldIn(line.ProductID, line.Price.Currency))
		}
	}
	return nil
}

// lineOf is where the product is among the lines, -1 when it is not there.
func (c Cart) lineOf(productID string) int {
	for i, line := range c.Lines {
		if line.ProductID == productID {
			return i
		}
	}
	return -1
}

// currencyMixed is the refusal of lines that are not sold in the currency of their
// cart.
func currencyMixed(currency string, lines ...fault.Field) error {
	refusal := reason.CurrencyMixed.Newf("This cart is in %s, and some of its products are sold in another currency.", currency)
	refusal.Fields = lines
	return refusal
}

func soldIn(productID, currency string) fault.Field {
	return fault.Field{Pointer: "/lines/" + productID, Detail: "is sold in " + currency}
}
