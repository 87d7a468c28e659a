package attribute

import (
	"context"
	"errors"
	"time"

	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/reason"
	"app/modules/catalog/internal/stock"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// Products is what attributes ask of products and of who may change them.
type Products interface {
	// ItemFor reads a listed product for a caller who has at least the role with its
	// merchant. Errors: not_found, permission_denied, failed_precondition
	// (merchant_not_approved).
	ItemFor(ctx context.Context, productID string, least merchantsv1.Role) (stock.Item, error)
	// RequireRole checks that the caller has at least the role with the merchant. Errors:
	// unauthenticated, hidden for who has none, permission_denied, failed_precondition
	// (merchant_not_approved).
	RequireRole(ctx context.Context, merchantID string, least merchantsv1.Role, hidden fault.Reason) error
}

// Options put a service together. All are required.
type Options struct {
	DB       *database.DB
	Products Products
	Now      func() time.Time
}

// Service keeps attributes and gives products values. It is safe for concurrent use.
type Service struct{ Options }

// New makes a service on a migrated database.
func New(o Options) *Service { return &Service{o} }

// Query says which attributes to list.
type Query struct {
	// MerchantID is whose they are; empty for the shop.
	MerchantID string
	// After is the last attribute of the page before; empty for the first page.
	After string
	Limit int
}

// List reads the attributes of a merchant, or of the shop, the oldest first; anyone may.
// Errors: invalid_argument.
func (s *Service) List(ctx context.Context, q Query) ([]Attribute, error) {
	if q.MerchantID != "" && !ids.Valid("mrc", q.MerchantID) {
		return nil, fault.Invalid(fault.Field{Pointer: "/merchant_id", Detail: "is not the id of a merchant"})
	}
	if q.After != "" && !ids.Valid("att", q.After) {
		return nil, fault.Invalid(fault.Field{Pointer: "/after", Detail: "is not a cursor of this list"})
	}
	return database.ReadOne(ctx, s.DB, func(ctx context.Context, tx *database.Tx) ([]Attribute, error) {
		return listAttributes(ctx, tx, q)
	})
}

// ByID reads an attribute; anyone may. Errors: not_found.
func (s *Service) ByID(ctx context.Context, id string) (Attribute, error) {
	return database.ReadOne(ctx, s.DB, func(ctx context.Context, q *database.Tx) (Attribute, error) {
		return findAttribute(ctx, q, id)
	})
}

func findAttribute(ctx context.Context, q *database.Tx, id string) (Attribute, error) {
	if !ids.Valid("att", id) {
		return Attribute{}, reason.AttributeNotFound.New()
	}
	a, err := attributeByID(ctx, q, id)
	if errors.Is(err, database.ErrNotFound) {
		return Attribute{}, reason.AttributeNotFound.New()
	}
	return a, err
}

// requireOwner checks that the caller may declare attributes of a merchant, as a manager
// of it, or those of the shop, as an administrator.
func (s *Service) requireOwner(ctx context.Context, merchantID string, hidden fault.Reason) error {
	if merchantID != "" {
		return s.Products.RequireRole(ctx, merchantID, merchantsv1.Role_ROLE_MANAGER, hidden)
	}
	switch caller := identity.FromContext(ctx); {
	case !caller.SignedIn():
		return fault.NotSignedIn.New()
	case caller.AdminWithheld:
		return identity.ErrSecondFactor() //nolint:wrapcheck // it is what the client gets
	case !caller.Admin:
		return fault.NotAllowed.Newf("Attributes of the shop are for its administrators.")
	}
	return nil
}

// Create declares an attribute; a manager of the merchant may, or an administrator for
// the shop. Repeated with the same idempotency key it returns the attribute made before.
// Errors: invalid_argument, not_found (merchant), permission_denied, failed_precondition
// (merchant_not_approved, too_many_attributes), already_exists (attribute_code_taken).
func (s *Service) Create(ctx context.Context, d Draft) (Attribute, error) {
	now := s.Now()
	a, err := d.toAttribute(ids.For(ctx, "att", now, d.MerchantID), now)
	if err != nil {
		return Attribute{}, err
	}
	if err := s.requireOwner(ctx, a.MerchantID, merchantsv1.MerchantNotFound); err != nil {
		return Attribute{}, err
	}
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (Attribute, error) {
		if err := lockOwner(ctx, tx, a.MerchantID); err != nil {
			return Attribute{}, err
		}
		if made, err := attributeByID(ctx, tx, a.ID); !errors.Is(err, database.ErrNotFound) {
			return made, err // by an earlier run of the same request
		}
		return a, addAttribute(ctx, tx, a)
	})
}

// addAttribute adds an attribute to those of its owner, which are locked.
func addAttribute(ctx context.Context, tx *database.Tx, a Attribute) error {
	count, err := countOwned(ctx, tx, a.MerchantID)
	if err != nil {
		return err
	}
	if count >= MaxPerOwner {
		return reason.TooManyAttributes.Newf("There are %d attributes, which is as many as there may be.", count)
	}
	err = insertAttribute(ctx, tx, a)
	if errors.Is(err, database.ErrDuplicate) {
		taken := reason.AttributeCodeTaken.New()
		taken.Fields = []fault.Field{{Pointer: "/code", Detail: "is taken"}}
		return taken
	}
	return err
}

// Change changes an attribute, for whoever may declare it. Errors: invalid_argument,
// not_found, permission_denied, failed_precondition (merchant_not_approved,
// choice_in_use), version_mismatch, aborted.
func (s *Service) Change(ctx context.Context, id string, match product.Match, c Change) (next Attribute, err error) {
	a, err := s.ByID(ctx, id)
	if err != nil {
		return Attribute{}, err
	}
	if err := s.requireOwner(ctx, a.MerchantID, reason.AttributeNotFound); err != nil {
		return Attribute{}, err
	}
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		before, err := findAttribute(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := match(before.Version); err != nil {
			return err
		}
		if next, err = c.applyTo(before); err != nil {
			return err
		}
		next.Version++
		return changeAttribute(ctx, tx, before, next)
	})
	if errors.Is(err, database.ErrChanged) {
		return Attribute{}, fault.ChangedMeanwhile.Newf("The attribute was changed by others at the same time. Try again.")
	}
	return next, err
}

// changeAttribute writes next over the version that was read. The row is written before
// uses of a choice are looked for: whoever gives a product a value keeps it locked, so
// what was given is seen here, or the choice is gone for it.
func changeAttribute(ctx context.Context, tx *database.Tx, before, next Attribute) error {
	written := next
	written.Version = before.Version
	if err := updateAttribute(ctx, tx, written); err != nil {
		return err
	}
	used, err := usedChoice(ctx, tx, next.ID, removedChoices(before, next))
	if err != nil || used == "" {
		return err
	}
	refused := reason.ChoiceInUse.New()
	refused.Fields = []fault.Field{{Pointer: "/choices", Detail: "are without " + used + ", which products have"}}
	return refused
}
