package service

import (
	"context"
	"errors"
	"fmt"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/store"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
	"app/platform/text"
)

// Stock reads the stock of a listed product; any member of its merchant may. Errors:
// not_found.
func (s *Service) Stock(ctx context.Context, id string) (Stock, error) {
	p, err := s.membersOnly(ctx, id, merchantsv1.Role_ROLE_VIEWER)
	return p.Stock, err
}

// Correction adds units to a product's stock or takes some away.
type Correction struct {
	ProductID string
	// Delta is not 0 and at most MaxStock either way.
	Delta int64
	// Reason is 1 to 200 characters for the journal.
	Reason string
	Match  Match
}

// Correct changes the units on hand; a manager of the product's merchant may. Repeated
// with the same idempotency key it changes nothing more. Units that are held or sold
// cannot be taken away. Errors: invalid_argument, not_found, permission_denied,
// failed_precondition (merchant_not_approved, stock_short), version_mismatch, aborted.
func (s *Service) Correct(ctx context.Context, c Correction) (Stock, error) {
	if _, err := s.productForManager(ctx, c.ProductID); err != nil {
		return Stock{}, err
	}
	if wrong := cleanCorrection(&c); len(wrong) > 0 {
		return Stock{}, fault.Invalid(wrong...)
	}
	entry := s.correctionMovement(ctx, c)
	var p Product
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		if p, err = productOnSale(ctx, tx, c.ProductID); err != nil {
			return err
		}
		err = store.InsertMovement(ctx, tx, entry)
		if errors.Is(err, store.ErrDuplicate) {
			return nil // done by an earlier run of the same request
		}
		if err == nil {
			p, err = s.correctStock(ctx, tx, p, c)
		}
		return err
	})
	return p.Stock, err
}

// cleanCorrection puts the reason in the form to keep and lists what is wrong.
func cleanCorrection(c *Correction) (wrong []fault.Field) {
	if c.Delta == 0 || c.Delta > MaxStock || c.Delta < -MaxStock {
		wrong = append(wrong, fault.Field{Pointer: "/delta", Detail: fmt.Sprintf("must not be 0, and at most %d either way", MaxStock)})
	}
	return append(wrong, normaliseText("/reason", &c.Reason, text.Line, 1, 200)...)
}

func (s *Service) correctionMovement(ctx context.Context, c Correction) store.Movement {
	now := s.now()
	m := store.Movement{
		ID: ids.For(ctx, "mov", now), ProductID: c.ProductID, Kind: store.KindReceived, Delta: c.Delta, Reason: c.Reason,
		Actor: identity.FromContext(ctx).Actor(), CreatedAt: now,
	}
	if c.Delta < 0 {
		m.Kind = store.KindCorrected
	}
	return m
}

// correctStock changes the stock of p as it was read before, which only If-Match goes
// by.
func (s *Service) correctStock(ctx context.Context, tx *database.Tx, p Product, c Correction) (Product, error) {
	only := int64(0)
	if c.Match != nil {
		if err := c.Match(p.Stock.Version); err != nil {
			return Product{}, err
		}
		only = p.Stock.Version
	}
	ok, err := store.Correct(ctx, tx, p.ID, c.Delta, only)
	if err != nil {
		return Product{}, err
	}
	after, err := store.ProductByID(ctx, tx, p.ID)
	switch {
	case err != nil:
		return Product{}, err
	case !ok:
		return Product{}, c.validateAgainst(after.Stock)
	}
	return after, s.tellLow(ctx, tx, []store.Line{{ProductID: p.ID, Quantity: -c.Delta}}, map[string]Product{p.ID: after})
}

// validateAgainst says why the stock as it is does not take the correction.
func (c *Correction) validateAgainst(now Stock) error {
	if err := c.Match.matchVersion(now.Version); err != nil {
		return err
	}
	switch {
	case now.Available()+c.Delta < 0:
		return catalogv1.StockShort.Newf("Only %d units are neither held nor sold.", now.Available())
	case now.OnHand+c.Delta > MaxStock:
		return fault.Invalid(fault.Field{Pointer: "/delta", Detail: fmt.Sprintf("more than %d units would be on hand", MaxStock)})
	}
	return errRace("stock")
}
