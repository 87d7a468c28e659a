// Package checkout turns carts into orders. It is the only one that knows both.
//
// Three rules keep the shop whole:
//   - no call of another module is made while a transaction is open;
//   - everything that must be true together is one write, conditional on what was read
//     before;
//   - every step may be repeated: ids follow from the request, and what is left
//     unfinished Reconcile picks up.
package checkout

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"

	"app/modules/orders/internal/caller"
	"app/modules/orders/internal/cart"
	"app/modules/orders/internal/order"
	"app/modules/orders/internal/reason"
	"app/platform/database"
	"app/platform/emailaddr"
	"app/platform/fault"
)

// Request is what a buyer sends to turn a cart into an order.
type Request struct {
	CartID string
	Email  string
	Method string // how to pay, such as "test_ok"
	Key    string // the request's idempotency key, scoped to its sender; never empty
}

// checkoutKey binds the idempotency key to the cart: a key is good for one checkout of
// one cart.
func (r Request) checkoutKey() string {
	sum := sha256.Sum256([]byte("checkout\x00" + r.CartID + "\x00" + r.Key))
	return hex.EncodeToString(sum[:])
}

// Place turns a cart into an order and asks for its payment:
//
//  1. a checkout with the same key has its order already: that one is the answer,
//     whatever became of it;
//  2. catalog holds the stock of all lines at the prices the buyer saw (one call);
//  3. one write makes the order out of the cart, if the cart is still what was held
//     for;
//  4. payments takes the money (one call). No answer is no failure: the order stands,
//     and Reconcile asks again.
//
// invalid_argument: email or payment method; not_found: the cart; failed_precondition:
// cart_empty, cart_already_ordered, price_changed (the cart has the new prices
// afterwards), currency_mixed (the cart says which lines), total_too_high,
// quantity_out_of_bounds, stock_short, product_gone; resource_exhausted:
// too_many_unpaid; aborted: cart_changed.
func (s *Service) Place(ctx context.Context, c caller.Caller, in Request) (order.Order, error) {
	if err := s.validateRequest(ctx, &in); err != nil {
		return order.Order{}, err
	}
	o, placed, err := s.orderCart(ctx, c, in)
	if err != nil || !placed {
		return o, err
	}
	return s.startPayment(ctx, o)
}

// validateRequest checks what can be checked without the cart, and writes the address
// as it is kept.
func (s *Service) validateRequest(ctx context.Context, in *Request) error {
	var wrong []fault.Field
	address, err := emailaddr.Typed(in.Email)
	if err != nil {
		wrong = append(wrong, fault.Field{Pointer: "/email", Detail: err.Error()})
	}
	in.Email = address.String()
	if !s.methods.isAccepted(ctx, in.Method) {
		wrong = append(wrong, unknownMethod())
	}
	if len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	return nil
}

func unknownMethod() fault.Field {
	return fault.Field{Pointer: "/payment_method", Detail: "is not a payment method of this shop"}
}

// cartReads is how often a checkout reads its cart.
const cartReads = 3

// orderCart makes the order out of the cart. The cart may get another order id
// meanwhile, from another run of this request (see existingOrderOr): then it is read
// again, and what the buyer sees in it has to be the same. placed is false when the
// order is an earlier one of the same checkout.
func (s *Service) orderCart(ctx context.Context, c caller.Caller, in Request) (o order.Order, placed bool, err error) {
	var seen []cart.Line
	for range cartReads {
		ready, before, err := s.readyCart(ctx, c, in)
		switch {
		case err != nil || before.ID != "":
			return before, false, err
		case seen != nil && !slices.Equal(seen, ready.Lines):
			return order.Order{}, false, reason.CartChanged.New()
		}
		seen = ready.Lines
		if o, placed, err = s.orderOnce(ctx, c, in, ready); !reason.CartChanged.Matches(err) {
			return o, placed, err
		}
	}
	return order.Order{}, false, reason.CartChanged.New()
}

// readyCart reads a cart that can be checked out, or the order that this very checkout
// made before.
func (s *Service) readyCart(ctx context.Context, c caller.Caller, in Request) (ready cart.Cart, before order.Order, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		if ready, err = cart.Find(ctx, q, c, in.CartID); err != nil {
			return err
		}
		before, err = order.ByCheckoutKey(ctx, q, in.checkoutKey())
		if !errors.Is(err, database.ErrNotFound) {
			return err
		}
		return ready.CheckReady()
	})
	return ready, before, err
}

// orderOnce holds the stock of the cart as it was read, and makes the order.
func (s *Service) orderOnce(ctx context.Context, c caller.Caller, in Request, ready cart.Cart) (o order.Order, placed bool, err error) {
	ready, h, err := s.holdStock(ctx, c, ready)
	if err != nil {
		o, err = s.existingOrderOr(ctx, in, err)
		return o, false, err
	}
	return s.placeOrder(ctx, c, in, ready, h)
}

// existingOrderOr answers a checkout that got no hold. Its request may run a second
// time while the first run, which stood still for longer than its lease, goes on: when
// that has made the order, then it is the answer.
func (s *Service) existingOrderOr(ctx context.Context, in Request, refusal error) (order.Order, error) {
	o, err := database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (order.Order, error) {
		return order.ByCheckoutKey(ctx, q, in.checkoutKey())
	})
	if errors.Is(err, database.ErrNotFound) {
		return order.Order{}, refusal
	}
	return o, err
}
