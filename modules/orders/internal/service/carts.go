package service

import (
	"context"
	"errors"

	"app/modules/orders/internal/reason"
	"app/modules/orders/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/ids"
	"app/platform/money"
)

// CreateCart makes an empty cart: the visitor's own when signed in, else a guest's,
// whose token is answered this once and for a repetition of the same request.
func (s *Service) CreateCart(ctx context.Context, v Visitor) (cart store.Cart, token string, err error) {
	now := s.Now()
	cart = store.Cart{
		ID: ids.For(ctx, "crt", now), OrderID: ids.New("ord", now), BuyerID: v.Principal.UserID,
		State: store.CartOpen, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if cart.BuyerID == "" {
		token = s.newToken(ctx)
		cart.TokenHash = sha256Hex(token)
	}
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return store.InsertCart(ctx, tx, cart)
	})
	if errors.Is(err, store.ErrDuplicate) { // the request was here before
		cart, err = s.readCart(ctx, Visitor{Principal: v.Principal, tokenHash: cart.TokenHash}, cart.ID)
	}
	return cart, token, err
}

// Cart reads a cart. not_found: there is none, or it is another's.
func (s *Service) Cart(ctx context.Context, v Visitor, id string) (store.Cart, error) {
	return s.readCart(ctx, v, id)
}

func (s *Service) readCart(ctx context.Context, v Visitor, id string) (cart store.Cart, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		cart, err = cartOf(ctx, q, v, id, store.CartByID)
		return err
	})
	return cart, err
}

// cartOf reads the cart and refuses whoever it does not belong to.
func cartOf(ctx context.Context, tx *database.Tx, v Visitor, id string,
	read func(context.Context, *database.Tx, string) (store.Cart, error),
) (store.Cart, error) {
	if !ids.Valid("crt", id) {
		return store.Cart{}, reason.CartNotFound.New()
	}
	cart, err := read(ctx, tx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.Cart{}, reason.CartNotFound.New()
	case err != nil:
		return store.Cart{}, err
	case !v.isOwner(cart.BuyerID, cart.TokenHash):
		return store.Cart{}, reason.CartNotFound.New()
	}
	return cart, nil
}

// CartTotal sums the lines at the prices the buyer was shown; the total of an empty
// cart is zero in the shop's currency.
func (s *Service) CartTotal(c store.Cart) (money.Money, error) {
	if len(c.Lines) == 0 {
		return money.Money{Currency: s.Options.Currency}, nil
	}
	return totalOf(c)
}

// checkTotalLimit refuses a cart that comes to more than money.Max: no order may, or it
// could not be refunded in parts. products name the lines to change, none the whole
// cart. Error: failed_precondition, total_too_high.
func checkTotalLimit(c store.Cart, products ...string) error {
	total, err := totalOf(c)
	if err == nil && !total.TooMuch() || errors.Is(err, money.ErrCurrency) {
		return nil // lines of two currencies are another verdict
	}
	e := reason.TotalTooHigh.Newf("One order cannot cost more than %s.", money.Money{Amount: money.Max, Currency: c.Currency})
	for _, id := range products {
		e.Fields = append(e.Fields, fault.Field{Pointer: "/lines/" + id + "/quantity", Detail: "makes the cart cost more than one order may"})
	}
	return e
}

func totalOf(c store.Cart) (money.Money, error) {
	total := money.Money{Currency: c.Currency}
	for _, l := range c.Lines {
		line, err := l.Price.Times(l.Quantity)
		if err != nil {
			return money.Money{}, err //nolint:wrapcheck // names itself
		}
		if total, err = total.Add(line); err != nil {
			return money.Money{}, err //nolint:wrapcheck // names itself
		}
	}
	return total, nil
}

func alreadyOrdered(orderID string) error {
	e := reason.CartAlreadyOrdered.Newf("This cart has become order %s.", orderID)
	e.Fields = []fault.Field{{Pointer: "/order_id", Detail: orderID}}
	return e
}
