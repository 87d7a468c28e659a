package stock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"app/modules/catalog/catalogevents"
	"app/modules/catalog/catalogv1"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// Products is what stock asks of the products that it counts.
type Products interface {
	// ItemFor reads a listed product for a caller who has at least the role with its
	// merchant. Errors: not_found, permission_denied, failed_precondition
	// (merchant_not_approved).
	ItemFor(ctx context.Context, productID string, least merchantsv1.Role) (Item, error)
	// ItemOnSale reads a listed product, whoever calls. Errors: not_found.
	ItemOnSale(ctx context.Context, tx *database.Tx, productID string) (Item, error)
}

// Options put a service together. All are required.
type Options struct {
	DB       *database.DB
	Products Products
	Now      func() time.Time
}

// Service shows and corrects stock. It is safe for concurrent use.
type Service struct{ Options }

// New makes a service on a migrated database.
func New(o Options) *Service { return &Service{o} }

// ByProduct reads the stock of a listed product; any member of its merchant may.
// Errors: not_found.
func (s *Service) ByProduct(ctx context.Context, productID string) (Stock, error) {
	item, err := s.Products.ItemFor(ctx, productID, merchantsv1.Role_ROLE_VIEWER)
	return item.Stock, err
}

// Correct changes the units on hand; a manager of the product's merchant may. Repeated
// with the same idempotency key it changes nothing more. Units that are held or sold
// cannot be taken away. Errors: invalid_argument, not_found, permission_denied,
// failed_precondition (merchant_not_approved, stock_short), version_mismatch, aborted.
func (s *Service) Correct(ctx context.Context, c Correction) (Stock, error) {
	if _, err := s.Products.ItemFor(ctx, c.ProductID, merchantsv1.Role_ROLE_MANAGER); err != nil {
		return Stock{}, err
	}
	if wrong := c.normaliseCorrection(); len(wrong) > 0 {
		return Stock{}, fault.Invalid(wrong...)
	}
	now := s.Now()
	entry := Movement{
		ID: ids.For(ctx, "mov", now), ProductID: c.ProductID, Kind: c.movementKind(), Delta: c.Delta, Reason: c.Reason,
		Actor: identity.FromContext(ctx).Actor(), CreatedAt: now,
	}
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (Stock, error) {
		item, err := s.Products.ItemOnSale(ctx, tx, c.ProductID)
		if err != nil {
			return Stock{}, err
		}
		err = InsertMovement(ctx, tx, entry)
		if errors.Is(err, database.ErrDuplicate) {
			return item.Stock, nil // done by an earlier run of the same request
		}
		if err != nil {
			return Stock{}, err
		}
		return correctItem(ctx, tx, item, c)
	})
}

// correctItem changes the stock of an item as it was read before, which only If-Match
// goes by.
func correctItem(ctx context.Context, tx *database.Tx, item Item, c Correction) (Stock, error) {
	only := int64(0)
	if c.Match != nil {
		if err := c.Match(item.Stock.Version); err != nil {
			return Stock{}, err
		}
		only = item.Stock.Version
	}
	ok, err := adjustOnHand(ctx, tx, c.ProductID, c.Delta, only)
	if err != nil {
		return Stock{}, err
	}
	item.Stock, err = readStock(ctx, tx, c.ProductID)
	switch {
	case err != nil:
		return Stock{}, err
	case !ok:
		return Stock{}, c.refusalBy(item.Stock)
	}
	return item.Stock, EmitLow(ctx, tx, item, -c.Delta)
}

// refusalBy says why the stock as it is does not take the correction.
func (c *Correction) refusalBy(now Stock) error {
	if err := c.matchVersion(now.Version); err != nil {
		return err
	}
	switch {
	case now.Available()+c.Delta < 0:
		return catalogv1.StockShort.Newf("Only %d units are neither held nor sold.", now.Available())
	case now.OnHand+c.Delta > MaxOnHand:
		return fault.Invalid(fault.Field{Pointer: "/delta", Detail: fmt.Sprintf("more than %d units would be on hand", MaxOnHand)})
	}
	return fault.ChangedMeanwhile.Newf("The stock was changed by others at the same time. Try again.")
}

// EmitLow emits StockLow when the units that the transaction took brought the available
// ones across the threshold. item is as it is now, read in this transaction after the
// units were taken: the row is locked then, so exactly one transaction sees the
// crossing.
func EmitLow(ctx context.Context, tx *database.Tx, item Item, taken int64) error {
	if !item.Stock.crossedThreshold(taken) {
		return nil
	}
	key := events.Key{Aggregate: "product", ID: item.Stock.ProductID, Version: item.Stock.Version}
	return events.Emit(ctx, tx, key, &catalogevents.StockLow{
		ProductId: item.Stock.ProductID, MerchantId: item.MerchantID, Sku: item.SKU, Available: item.Stock.Available(),
	})
}
