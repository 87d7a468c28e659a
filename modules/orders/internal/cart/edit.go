package cart

import (
	"context"
	"fmt"
	"slices"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/internal/caller"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/ids"
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
func (s *Service) EditLine(ctx context.Context, c caller.Caller, in Edit) (Cart, error) {
	if in.Quantity < 0 || in.Quantity > MaxQuantity {
		return Cart{}, invalidQuantity("must be 0 to %d", MaxQuantity)
	}
	if _, err := s.Get(ctx, c, in.CartID); err != nil { // before catalog is asked
		return Cart{}, err
	}
	line := Line{ProductID: in.ProductID}
	if in.Quantity > 0 {
		product, err := s.findProduct(ctx, in.ProductID)
		if err != nil {
			return Cart{}, err
		}
		if err := checkQuantityBounds(product, in.Quantity); err != nil {
			return Cart{}, err
		}
		line = Line{
			ProductID: product.GetId(), MerchantID: product.GetMerchantId(), Title: product.GetTitle(),
			Quantity: in.Quantity, Price: product.GetPrice().Value(), AddedAt: s.Now(),
		}
	}
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (Cart, error) {
		return s.editLocked(ctx, tx, c, in, line)
	})
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
	return invalidQuantity("must be %d to %d, or 0", least, most)
}

func invalidQuantity(format string, bounds ...any) error {
	return fault.Invalid(fault.Field{Pointer: "/quantity", Detail: fmt.Sprintf(format, bounds...)})
}

// findProduct asks catalog for one product.
func (s *Service) findProduct(ctx context.Context, id string) (*catalogv1.Product, error) {
	if !ids.Valid("prd", id) {
		return nil, fault.Missing("product")
	}
	answer, err := s.Catalog.Products(ctx, &catalogv1.ProductsRequest{ProductIds: []string{id}})
	if err != nil {
		return nil, err
	}
	for _, p := range answer.GetProducts() {
		if p.GetId() == id {
			return p, nil
		}
	}
	return nil, fault.Missing("product")
}

// editLocked changes the line, and with it the version and the order id of the cart.
func (s *Service) editLocked(ctx context.Context, tx *database.Tx, c caller.Caller, in Edit, line Line) (Cart, error) {
	cart, err := findForUpdate(ctx, tx, c, in.CartID)
	if err != nil {
		return Cart{}, err
	}
	if err := cart.CheckOpen(); err != nil {
		return Cart{}, err
	}
	if in.Match != nil {
		if err := in.Match(cart.Version); err != nil {
			return Cart{}, err
		}
	}
	if line.Quantity == 0 {
		return s.removeLine(ctx, tx, cart, line.ProductID)
	}
	if err := cart.Fits(line); err != nil {
		return Cart{}, err
	}
	if err := storeLine(ctx, tx, &cart, line); err != nil {
		return Cart{}, err
	}
	if err := cart.CheckTotal(line.ProductID); err != nil {
		return Cart{}, err
	}
	return s.bumpVersion(ctx, tx, cart)
}

// removeLine takes a product out. A cart without it stays as it is.
func (s *Service) removeLine(ctx context.Context, tx *database.Tx, cart Cart, productID string) (Cart, error) {
	at := cart.lineOf(productID)
	if at < 0 {
		return cart, nil
	}
	cart.Lines = slices.Delete(cart.Lines, at, at+1)
	if len(cart.Lines) == 0 {
		cart.Currency = ""
	}
	if err := deleteLine(ctx, tx, cart.ID, productID); err != nil {
		return Cart{}, err
	}
	return s.bumpVersion(ctx, tx, cart)
}

// storeLine stores a line and puts it among the lines of the cart, in the place of that
// of the same product.
func storeLine(ctx context.Context, tx *database.Tx, cart *Cart, line Line) error {
	cart.Currency = line.Price.Currency
	if at := cart.lineOf(line.ProductID); at >= 0 {
		line.AddedAt = cart.Lines[at].AddedAt
		cart.Lines[at] = line
		return updateLine(ctx, tx, cart.ID, line)
	}
	cart.Lines = append(cart.Lines, line)
	return insertLine(ctx, tx, cart.ID, line)
}
