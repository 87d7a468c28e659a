package service

import (
	"context"
	"errors"

	"app/modules/catalog/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/money"
)

// Change holds the new values of a product; nil leaves a value as it is.
type Change struct {
	Title, Description, SKU *string
	Price                   *money.Money
	LowStockThreshold       *int64

	MinQuantity, MaxQuantity *int64
}

// tries bounds how often a change is tried over a row that others change.
const tries = 5

// Change changes a listed product; a manager of its merchant may. Errors:
// invalid_argument, not_found, permission_denied, failed_precondition
// (merchant_not_approved), version_mismatch, already_exists (sku_taken), aborted.
func (s *Service) Change(ctx context.Context, id string, match Match, c Change) (Product, error) {
	if _, err := s.productForManager(ctx, id); err != nil {
		return Product{}, err
	}
	if wrong := cleanChange(&c, s.now()); len(wrong) > 0 {
		return Product{}, fault.Invalid(wrong...)
	}
	var p Product
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		p, err = s.updateWithRetry(ctx, tx, id, match, c)
		return err
	})
	return p, err
}

// updateWithRetry applies c to the version it reads, and reads again when that has been
// overtaken.
func (s *Service) updateWithRetry(ctx context.Context, tx *database.Tx, id string, match Match, c Change) (Product, error) {
	for range tries {
		p, err := productOnSale(ctx, tx, id)
		if err != nil {
			return Product{}, err
		}
		if err := match.matchVersion(p.Version); err != nil {
			return Product{}, err
		}
		next := c.applyTo(p)
		if wrong := validateQuantityBounds(next); len(wrong) > 0 { // each depends on the other, which may have been there before
			return Product{}, fault.Invalid(wrong...)
		}
		ok, err := store.UpdateProduct(ctx, tx, next)
		switch {
		case errors.Is(err, store.ErrDuplicate):
			return Product{}, errSKUTaken
		case err != nil:
			return Product{}, err
		case ok:
			return c.saveThreshold(ctx, tx, id)
		}
	}
	return Product{}, errRace("product")
}

// saveThreshold writes what belongs to the stock's row and reads the result.
func (c *Change) saveThreshold(ctx context.Context, tx *database.Tx, id string) (Product, error) {
	if c.LowStockThreshold != nil {
		if err := store.SetThreshold(ctx, tx, id, *c.LowStockThreshold); err != nil {
			return Product{}, err
		}
	}
	return store.ProductByID(ctx, tx, id)
}

func (c *Change) applyTo(p Product) Product {
	setIfGiven(&p.Title, c.Title)
	setIfGiven(&p.Description, c.Description)
	setIfGiven(&p.SKU, c.SKU)
	setIfGiven(&p.Price, c.Price)
	setIfGiven(&p.Stock.LowThreshold, c.LowStockThreshold)
	setIfGiven(&p.MinQuantity, c.MinQuantity)
	setIfGiven(&p.MaxQuantity, c.MaxQuantity)
	return p
}

func setIfGiven[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// Archive takes a product off sale; a manager of its merchant may. Its holds stay good,
// and its sku can be used again. Errors: as Change.
func (s *Service) Archive(ctx context.Context, id string, match Match) error {
	if _, err := s.productForManager(ctx, id); err != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		for range tries {
			p, err := productOnSale(ctx, tx, id)
			if err != nil {
				return err
			}
			if err := match.matchVersion(p.Version); err != nil {
				return err
			}
			if ok, err := store.ArchiveProduct(ctx, tx, p, s.now()); ok || err != nil {
				return err
			}
		}
		return errRace("product")
	})
}
