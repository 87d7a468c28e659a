package service

import (
	"context"
	"errors"
	"slices"

	"app/modules/orders/internal/reason"
	"app/modules/orders/internal/store"
	"app/platform/database"
	"app/platform/emailaddr"
	"app/platform/fault"
)

// Checkout is what a buyer sends to turn a cart into an order.
type Checkout struct {
	CartID string
	Email  string
	Method string // how to pay, such as "test_ok"
	Key    string // the request's idempotency key, scoped to its sender; never empty
}

// Checkout turns a cart into an order and asks for its payment:
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
func (s *Service) Checkout(ctx context.Context, v Visitor, in Checkout) (store.Order, error) {
	if err := s.validateCheckout(ctx, &in); err != nil {
		return store.Order{}, err
	}
	order, placed, err := s.orderCart(ctx, v, in)
	if err != nil || !placed {
		return order, err
	}
	return s.startPayment(ctx, order)
}

// cartReads is how often a checkout reads its cart.
const cartReads = 3

// orderCart makes the order out of the cart. The cart may get another order id
// meanwhile, from another run of this request (see instead): then it is read again, and
// what the buyer sees in it has to be the same. placed is false when the order is an
// earlier one of the same checkout.
func (s *Service) orderCart(ctx context.Context, v Visitor, in Checkout) (order store.Order, placed bool, err error) {
	var seen []store.CartLine
	for range cartReads {
		cart, before, err := s.openCart(ctx, v, in)
		switch {
		case err != nil || before != nil:
			return orderOrZero(before), false, err
		case seen != nil && !slices.Equal(seen, cart.Lines):
			return store.Order{}, false, reason.CartChanged.New()
		}
		seen = cart.Lines
		if order, placed, err = s.attemptCheckout(ctx, v, in, cart); !reason.CartChanged.Matches(err) {
			return order, placed, err
		}
	}
	return store.Order{}, false, reason.CartChanged.New()
}

// attemptCheckout holds the stock of the cart as it was read, and makes the order.
func (s *Service) attemptCheckout(ctx context.Context, v Visitor, in Checkout, cart store.Cart) (order store.Order, placed bool, err error) {
	cart, held, err := s.holdStock(ctx, v, cart)
	if err != nil {
		order, err = s.existingOrderOr(ctx, in, err)
		return order, false, err
	}
	return s.placeOrder(ctx, v, in, cart, held)
}

// existingOrderOr answers a checkout that got no hold. Its request may run a second
// time while the first run, which stood still for longer than its lease, goes on: when
// that has made the order, then it is the answer.
func (s *Service) existingOrderOr(ctx context.Context, in Checkout, refusal error) (order store.Order, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		order, err = store.OrderByKey(ctx, q, in.keyOf())
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return store.Order{}, refusal
	}
	return order, err
}

func orderOrZero(o *store.Order) store.Order {
	if o == nil {
		return store.Order{}
	}
	return *o
}

// validateCheckout checks what can be checked without the cart, and writes the address
// as it is kept.
func (s *Service) validateCheckout(ctx context.Context, in *Checkout) error {
	var wrong []fault.Field
	address, err := emailaddr.Typed(in.Email)
	if err != nil {
		wrong = append(wrong, fault.Field{Pointer: "/email", Detail: err.Error()})
	}
	in.Email = address.String()
	if !s.methods.isAccepted(ctx, in.Method) {
		wrong = append(wrong, fault.Field{Pointer: "/payment_method", Detail: "is not a payment method of this shop"})
	}
	if len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	return nil
}

// keyOf binds the idempotency key to the cart: a key is good for one checkout of one
// cart.
func (in Checkout) keyOf() string { return sha256Hex("checkout\x00" + in.CartID + "\x00" + in.Key) }

// openCart reads a cart that can be checked out, or the order that this very checkout
// made before.
func (s *Service) openCart(ctx context.Context, v Visitor, in Checkout) (cart store.Cart, before *store.Order, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		if cart, err = cartOf(ctx, q, v, in.CartID, store.CartByID); err != nil {
			return err
		}
		order, err := store.OrderByKey(ctx, q, in.keyOf())
		if err == nil {
			before = &order
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return checkCartReady(cart)
	})
	return cart, before, err
}

// checkCartReady refuses a cart that cannot be checked out.
func checkCartReady(cart store.Cart) error {
	if cart.State != store.CartOpen {
		return alreadyOrdered(cart.OrderID)
	}
	if len(cart.Lines) == 0 {
		return reason.CartEmpty.New()
	}
	return checkTotalLimit(cart)
}
