package service

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/internal/reason"
	"app/modules/orders/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/ids"
)

// Bounds of a cart.
const (
	MaxLines    = 200    // different products
	MaxQuantity = 10_000 // units of one product
)

// Edit sets the quantity of one product in a cart.
type Edit struct {
	CartID    string
	ProductID string
	// Quantity is 0 to MaxQuantity; 0 takes the product out.
	Quantity int64
	// Match refuses the edit by the cart's version, as If-Match asks; nil accepts any.
	Match func(version int64) error
}

// EditLine sets the quantity of one product; price and title are taken over from
// catalog as they are now. Edits of one cart at the same time are all kept: each has
// its row, and the cart's version only orders them.
//
// invalid_argument: a quantity that the product is not sold in; not_found: no such
// cart, or no such product; failed_precondition: cart_already_ordered, currency_mixed
// (a cart has one currency), cart_full, total_too_high; version_mismatch: Match
// refused.
func (s *Service) EditLine(ctx context.Context, v Visitor, in Edit) (store.Cart, error) {
	if in.Quantity < 0 || in.Quantity > MaxQuantity {
		return store.Cart{}, fault.Invalid(fault.Field{Pointer: "/quantity", Detail: "must be 0 to " + strconv.Itoa(MaxQuantity)})
	}
	if _, err := s.readCart(ctx, v, in.CartID); err != nil {
		return store.Cart{}, err
	}
	line := store.CartLine{ProductID: in.ProductID}
	if in.Quantity > 0 {
		product, err := s.findProduct(ctx, in.ProductID)
		if err != nil {
			return store.Cart{}, err
		}
		if err := checkQuantityBounds(product, in.Quantity); err != nil {
			return store.Cart{}, err
		}
		line = store.CartLine{
			ProductID: product.GetId(), MerchantID: product.GetMerchantId(), Title: product.GetTitle(),
			Quantity: in.Quantity, Price: product.GetPrice().Value(), AddedAt: s.Now(),
		}
	}
	var cart store.Cart
	err := s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		cart, err = s.editLine(ctx, tx, v, in, line)
		return err
	})
	return cart, err
}

// checkQuantityBounds refuses a quantity that the product is not sold in. A catalog of
// an earlier release names no bounds.
func checkQuantityBounds(p *catalogv1.Product, quantity int64) error {
	least, most := max(1, p.GetMinQuantity()), p.GetMaxQuantity()
	if most == 0 {
		most = MaxQuantity
	}
	if quantity >= least && quantity <= most {
		return nil
	}
	return fault.Invalid(fault.Field{Pointer: "/quantity", Detail: fmt.Sprintf("must be %d to %d, or 0", least, most)})
}

// findProduct asks catalog for one product.
func (s *Service) findProduct(ctx context.Context, id string) (*catalogv1.Product, error) {
	if !ids.Valid("prd", id) {
		return nil, fault.Missing("product")
	}
	answer, err := s.Catalog.Products(ctx, &catalogv1.ProductsRequest{ProductIds: []string{id}})
	if err != nil {
		return nil, err //nolint:wrapcheck // the boundary translates it
	}
	for _, p := range answer.GetProducts() {
		if p.GetId() == id {
			return p, nil
		}
	}
	return nil, fault.Missing("product")
}

// editLine changes the line and with it the version and the order id of the cart.
func (s *Service) editLine(ctx context.Context, tx *database.Tx, v Visitor, in Edit, line store.CartLine) (store.Cart, error) {
	cart, err := cartOf(ctx, tx, v, in.CartID, store.LockCart)
	if err != nil {
		return store.Cart{}, err
	}
	if cart.State != store.CartOpen {
		return store.Cart{}, alreadyOrdered(cart.OrderID)
	}
	if in.Match != nil {
		if err := in.Match(cart.Version); err != nil {
			return store.Cart{}, err
		}
	}
	at := slices.IndexFunc(cart.Lines, func(l store.CartLine) bool { return l.ProductID == line.ProductID })
	if at < 0 && line.Quantity == 0 {
		return cart, nil // nothing to take out
	}
	if err := checkLineFits(cart, at, line); err != nil {
		return store.Cart{}, err
	}
	if err := writeLine(ctx, tx, &cart, at, line); err != nil {
		return store.Cart{}, err
	}
	if line.Quantity > 0 {
		if err := checkTotalLimit(cart, line.ProductID); err != nil {
			return store.Cart{}, err
		}
	}
	return cart, s.bumpCartVersion(ctx, tx, &cart)
}

// checkLineFits refuses a line that would make the cart one of two currencies or too
// long.
func checkLineFits(cart store.Cart, at int, line store.CartLine) error {
	if line.Quantity == 0 {
		return nil
	}
	if at < 0 && len(cart.Lines) >= MaxLines {
		return reason.CartFull.Newf("A cart holds %d different products at most.", MaxLines)
	}
	for i, other := range cart.Lines {
		if i != at && other.Price.Currency != line.Price.Currency {
			return currencyMixed(other.Price.Currency, []fault.Field{soldIn(line.ProductID, line.Price.Currency)})
		}
	}
	return nil
}

// writeLine stores the line and changes cart.Lines accordingly; at is where the product
// is, -1 when it is new.
func writeLine(ctx context.Context, tx *database.Tx, cart *store.Cart, at int, line store.CartLine) error {
	switch {
	case line.Quantity == 0:
		cart.Lines = slices.Delete(cart.Lines, at, at+1)
		if len(cart.Lines) == 0 {
			cart.Currency = ""
		}
		return store.DeleteCartLine(ctx, tx, cart.ID, line.ProductID)
	case at >= 0:
		line.AddedAt = cart.Lines[at].AddedAt
		cart.Lines[at], cart.Currency = line, line.Price.Currency
		return store.UpdateCartLine(ctx, tx, cart.ID, line)
	default:
		cart.Lines, cart.Currency = append(cart.Lines, line), line.Price.Currency
		return store.InsertCartLine(ctx, tx, cart.ID, line)
	}
}

// bumpCartVersion gives the cart its next version, and a new order id: stock held for
// the version before cannot serve this one.
func (s *Service) bumpCartVersion(ctx context.Context, tx *database.Tx, cart *store.Cart) error {
	before, now := cart.OrderID, s.Now()
	cart.OrderID, cart.UpdatedAt = ids.New("ord", now), now
	if err := store.UpdateCart(ctx, tx, *cart, before); err != nil {
		return err
	}
	cart.Version++
	return nil
}
