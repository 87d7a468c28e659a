package product

import (
	"context"
	"errors"
	"time"

	"app/modules/catalog/internal/price"
	"app/modules/catalog/internal/reason"
	"app/modules/catalog/internal/stock"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// Options put a service together. All are required.
type Options struct {
	DB *database.DB
	// Members is what is asked of merchants.
	Members merchantsv1.Authorizer
	Now     func() time.Time
}

// Service lists products, changes them and finds them. It is safe for concurrent use.
type Service struct{ Options }

var _ stock.Products = (*Service)(nil)

// New makes a service on a migrated database.
func New(o Options) *Service { return &Service{o} }

// ByID reads a listed product; anyone may, and a draft who has a role with its merchant.
// Errors: not_found.
func (s *Service) ByID(ctx context.Context, id string) (Product, error) {
	p, err := s.readListed(ctx, id)
	if err != nil {
		return Product{}, err
	}
	return p, s.requireVisible(ctx, p)
}

// readListed reads a listed product, a draft as well, whoever calls.
func (s *Service) readListed(ctx context.Context, id string) (Product, error) {
	if !ids.Valid("prd", id) {
		return Product{}, reason.ProductNotFound.New()
	}
	return database.ReadOne(ctx, s.DB, func(ctx context.Context, q *database.Tx) (Product, error) {
		return listedProduct(ctx, q, id)
	})
}

// RequireListed fails as ByID does for what is not listed; anyone may ask.
func (s *Service) RequireListed(ctx context.Context, id string) error {
	_, err := s.ByID(ctx, id)
	return err
}

// listedProduct reads a product that is not archived.
func listedProduct(ctx context.Context, q *database.Tx, id string) (Product, error) {
	p, err := listedByID(ctx, q, id)
	if errors.Is(err, database.ErrNotFound) {
		return Product{}, reason.ProductNotFound.New()
	}
	return p, err
}

// Create lists a product; a manager of the merchant may. Repeated with the same
// idempotency key it returns the product made before. Errors: invalid_argument,
// not_found (merchant), permission_denied, failed_precondition (merchant_not_approved),
// already_exists (sku_taken, external_id_taken, slug_taken).
func (s *Service) Create(ctx context.Context, d Draft) (Product, error) {
	p, err := s.fromDraft(ctx, d)
	if err != nil {
		return Product{}, err
	}
	if err := s.RequireRole(ctx, p.MerchantID, merchantsv1.Role_ROLE_MANAGER, merchantsv1.MerchantNotFound); err != nil {
		return Product{}, err
	}
	actor := identity.FromContext(ctx).Actor()
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (Product, error) {
		listed, err := insertWithStock(ctx, tx, p, actor)
		if !errors.Is(err, database.ErrDuplicate) {
			return listed, err
		}
		made, err := byID(ctx, tx, p.ID) // by an earlier run of the same request
		if errors.Is(err, database.ErrNotFound) {
			return Product{}, explainDuplicate(ctx, tx, p)
		}
		return made, err
	})
}

// Ensure lists a product unless the merchant lists the sku, and reports whether it did.
// An existing product is left as it is; the id is its.
func (s *Service) Ensure(ctx context.Context, d Draft) (id string, created bool, err error) {
	p, err := s.fromDraft(ctx, d)
	if err != nil {
		return "", false, err
	}
	id = p.ID
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		_, err := insertWithStock(ctx, tx, p, identity.Caller(ctx))
		if created = !errors.Is(err, database.ErrDuplicate); created {
			return err
		}
		listed, err := bySKU(ctx, tx, p.MerchantID, p.SKU)
		if errors.Is(err, database.ErrNotFound) {
			return nil // an earlier run of the same request made it, and its sku was changed since
		}
		id = listed.ID
		return err
	})
	return id, created, err
}

func (s *Service) fromDraft(ctx context.Context, d Draft) (Product, error) {
	now := s.Now()
	return d.toProduct(ids.For(ctx, "prd", now, d.MerchantID, d.SKU), now)
}

// insertWithStock writes product, stock and the first movement, and returns the product
// with its slug. The error is database.ErrDuplicate when the id exists, or the merchant
// lists a name of it.
func insertWithStock(ctx context.Context, tx *database.Tx, p Product, actor string) (Product, error) {
	p, err := insertWithSlug(ctx, tx, p)
	if err != nil {
		return Product{}, err
	}
	if err := stock.Insert(ctx, tx, p.Stock); err != nil {
		return Product{}, err
	}
	if p.Stock.OnHand == 0 {
		return p, nil
	}
	return p, stock.InsertMovement(ctx, tx, stock.Movement{
		ID: ids.Derive("mov", p.CreatedAt, p.ID), ProductID: p.ID, Kind: stock.KindReceived, Delta: p.Stock.OnHand,
		Reason: "first stock", Actor: actor, CreatedAt: p.CreatedAt,
	})
}

// Match checks the version that a change is meant for, as operation.Conditional does.
// Nil accepts every version.
type Match func(version int64) error

func (m Match) matchVersion(version int64) error {
	if m == nil {
		return nil
	}
	return m(version)
}

// maxTries bounds how often a change is tried over a row that others change.
const maxTries = 5

// Change changes a listed product; a manager of its merchant may. Errors:
// invalid_argument, not_found, permission_denied, failed_precondition
// (merchant_not_approved), version_mismatch, already_exists (sku_taken,
// external_id_taken, slug_taken), aborted.
func (s *Service) Change(ctx context.Context, id string, match Match, c Change) (Product, error) {
	if _, err := s.forMember(ctx, id, merchantsv1.Role_ROLE_MANAGER); err != nil {
		return Product{}, err
	}
	now := s.Now()
	if wrong := c.normaliseChange(now); len(wrong) > 0 {
		return Product{}, fault.Invalid(wrong...)
	}
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (Product, error) {
		err := retryChange(ctx, tx, id, match, func(p Product) error {
			if wrong := c.validateChange(p, now); len(wrong) > 0 {
				return fault.Invalid(wrong...)
			}
			return changeProduct(ctx, tx, p, c, now)
		})
		if err != nil {
			return Product{}, err
		}
		if c.LowStockThreshold != nil {
			if err := stock.SetThreshold(ctx, tx, id, *c.LowStockThreshold); err != nil {
				return Product{}, err
			}
		}
		return byID(ctx, tx, id)
	})
}

// changeProduct applies c to the version that was read. The error is
// database.ErrChanged when that has been overtaken.
func changeProduct(ctx context.Context, tx *database.Tx, p Product, c Change, now time.Time) (err error) {
	next := c.applyTo(p)
	repriced := next.Price != p.Price
	var ended price.Former
	if repriced {
		if next, ended, err = changePrice(ctx, tx, p, next, now); err != nil {
			return err
		}
	}
	err = updateProduct(ctx, tx, p, next)
	switch {
	case errors.Is(err, database.ErrDuplicate):
		return explainDuplicate(ctx, tx, next)
	case err != nil || !repriced:
		return err
	}
	return price.Record(ctx, tx, ended)
}

// Archive takes a product off sale; a manager of its merchant may. Its holds stay good,
// and its sku can be used again. Errors: as Change.
func (s *Service) Archive(ctx context.Context, id string, match Match) error {
	if _, err := s.forMember(ctx, id, merchantsv1.Role_ROLE_MANAGER); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return retryChange(ctx, tx, id, match, func(p Product) error { return archiveProduct(ctx, tx, p, s.Now()) })
	})
}

// retryChange makes a change of the version it reads, and reads again when that has been
// overtaken.
func retryChange(ctx context.Context, tx *database.Tx, id string, match Match, change func(p Product) error) error {
	for range maxTries {
		p, err := listedProduct(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := match.matchVersion(p.Version); err != nil {
			return err
		}
		if err := change(p); !errors.Is(err, database.ErrChanged) {
			return err
		}
	}
	return fault.ChangedMeanwhile.Newf("The product was changed by others at the same time. Try again.")
}
