package collection

import (
	"context"
	"errors"
	"time"

	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/reason"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/ids"
	"app/platform/slug"
)

// Roles checks what callers may do.
type Roles interface {
	// RequireRole checks that the caller has at least the role with the merchant. Errors:
	// unauthenticated, hidden for who has none, permission_denied, failed_precondition
	// (merchant_not_approved).
	RequireRole(ctx context.Context, merchantID string, least merchantsv1.Role, hidden fault.Reason) error
}

// Options put a service together. All are required.
type Options struct {
	DB    *database.DB
	Roles Roles
	Now   func() time.Time
}

// Service keeps collections. It is safe for concurrent use.
type Service struct{ Options }

// New makes a service on a migrated database.
func New(o Options) *Service { return &Service{o} }

// Query says which collections to list.
type Query struct {
	// MerchantID restricts the list to one merchant; empty lists all.
	MerchantID string
	// Before is the last collection of the page before; empty for the first page.
	Before string
	Limit  int
}

// List reads collections, newest first; anyone may. Errors: invalid_argument.
func (s *Service) List(ctx context.Context, q Query) ([]Collection, error) {
	if q.MerchantID != "" && !ids.Valid("mrc", q.MerchantID) {
		return nil, fault.Invalid(fault.Field{Pointer: "/merchant_id", Detail: "is not the id of a merchant"})
	}
	if q.Before != "" && !ids.Valid("col", q.Before) {
		return nil, fault.Invalid(fault.Field{Pointer: "/after", Detail: "is not a cursor of this list"})
	}
	return database.ReadOne(ctx, s.DB, func(ctx context.Context, tx *database.Tx) ([]Collection, error) {
		return listCollections(ctx, tx, q)
	})
}

// ByID reads a collection; anyone may. Errors: not_found.
func (s *Service) ByID(ctx context.Context, id string) (Collection, error) {
	return database.ReadOne(ctx, s.DB, func(ctx context.Context, q *database.Tx) (Collection, error) {
		return findCollection(ctx, q, id)
	})
}

func findCollection(ctx context.Context, q *database.Tx, id string) (Collection, error) {
	if !ids.Valid("col", id) {
		return Collection{}, reason.CollectionNotFound.New()
	}
	c, err := collectionByID(ctx, q, id)
	if errors.Is(err, database.ErrNotFound) {
		return Collection{}, reason.CollectionNotFound.New()
	}
	return c, err
}

// Create makes a collection; a manager of the merchant may. Repeated with the same
// idempotency key it returns the collection made before. Errors: invalid_argument,
// not_found (merchant), permission_denied, failed_precondition (merchant_not_approved),
// already_exists (slug_taken).
func (s *Service) Create(ctx context.Context, d Draft) (Collection, error) {
	now := s.Now()
	c, err := d.toCollection(ids.For(ctx, "col", now, d.MerchantID), now)
	if err != nil {
		return Collection{}, err
	}
	if err := s.Roles.RequireRole(ctx, c.MerchantID, merchantsv1.Role_ROLE_MANAGER, merchantsv1.MerchantNotFound); err != nil {
		return Collection{}, err
	}
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (Collection, error) {
		err := insertCollection(ctx, tx, c)
		if !errors.Is(err, database.ErrDuplicate) {
			return c, err
		}
		made, err := collectionByID(ctx, tx, c.ID) // by an earlier run of the same request
		if errors.Is(err, database.ErrNotFound) {
			return Collection{}, slug.TakenAt("/slug")
		}
		return made, err
	})
}

// Change changes a collection; a manager of its merchant may. Errors: invalid_argument,
// not_found, permission_denied, failed_precondition (merchant_not_approved),
// version_mismatch, already_exists (slug_taken), aborted.
func (s *Service) Change(ctx context.Context, id string, match product.Match, c Change) (next Collection, err error) {
	err = s.changeMatched(ctx, id, match, func(ctx context.Context, tx *database.Tx, now Collection) (err error) {
		if next, err = c.applyTo(now); err != nil {
			return err
		}
		err = updateCollection(ctx, tx, next)
		if errors.Is(err, database.ErrDuplicate) {
			return slug.TakenAt("/slug")
		}
		next.Version++
		return err
	})
	return next, err
}

// Delete removes a collection, and none of its products; a manager of its merchant may.
// Errors: as Change.
func (s *Service) Delete(ctx context.Context, id string, match product.Match) error {
	return s.changeMatched(ctx, id, match, deleteCollection)
}

// SetProducts gives a collection these products of its merchant, in their order, and no
// others; a manager may. Errors: as Change.
func (s *Service) SetProducts(ctx context.Context, id string, match product.Match, productIDs []string) (next Collection, err error) {
	err = s.changeMatched(ctx, id, match, func(ctx context.Context, tx *database.Tx, now Collection) error {
		next = now
		next.Version++
		return setProducts(ctx, tx, now, productIDs)
	})
	return next, err
}

// setProducts writes the products of the version of a collection that was read.
func setProducts(ctx context.Context, tx *database.Tx, c Collection, productIDs []string) error {
	if wrong := validateProducts(productIDs); len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	listed, err := listedOf(ctx, tx, c.MerchantID, productIDs)
	if err != nil {
		return err
	}
	if wrong := validateOwned(productIDs, listed); len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	if err := updateCollection(ctx, tx, c); err != nil {
		return err
	}
	return replacePlaces(ctx, tx, c.ID, productIDs)
}

// changeFunc changes the version of a collection that it is given.
type changeFunc func(ctx context.Context, tx *database.Tx, now Collection) error

// changeMatched makes a change of a collection for a manager of its merchant. The change
// gets the version that match has accepted, and writes over no other: its error is
// database.ErrChanged when that has been overtaken.
func (s *Service) changeMatched(ctx context.Context, id string, match product.Match, change changeFunc) error {
	c, err := s.ByID(ctx, id)
	if err != nil {
		return err
	}
	if err := s.Roles.RequireRole(ctx, c.MerchantID, merchantsv1.Role_ROLE_MANAGER, reason.CollectionNotFound); err != nil {
		return err
	}
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		c, err := findCollection(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := match(c.Version); err != nil {
			return err
		}
		return change(ctx, tx, c)
	})
	if errors.Is(err, database.ErrChanged) {
		return fault.ChangedMeanwhile.Newf("The collection was changed by others at the same time. Try again.")
	}
	return err
}
