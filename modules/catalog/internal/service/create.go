package service

import (
	"cmp"
	"context"
	"errors"

	"app/modules/catalog/internal/reason"
	"app/modules/catalog/internal/store"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
	"app/platform/money"
)

// Draft is a product that is to be listed.
type Draft struct {
	MerchantID, Title, Description, SKU string
	Price                               money.Money
	// Stock is the number of units to begin with.
	Stock             int64
	LowStockThreshold int64
	// MinQuantity and MaxQuantity bound the units of one order; 0 is the widest bound.
	MinQuantity, MaxQuantity int64
}

// Create lists a product; a manager of the merchant may. Repeated with the same
// idempotency key it returns the product made before. Errors: invalid_argument,
// not_found (merchant), permission_denied, failed_precondition (merchant_not_approved),
// already_exists (sku_taken).
func (s *Service) Create(ctx context.Context, d Draft) (Product, error) {
	p, err := s.newProduct(ctx, d)
	if err != nil {
		return Product{}, err
	}
	if err := s.requireMerchantRole(ctx, p.MerchantID, merchantsv1.Role_ROLE_MANAGER, merchantsv1.MerchantNotFound); err != nil {
		return Product{}, err
	}
	actor := identity.FromContext(ctx).Actor()
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		err := s.insertProduct(ctx, tx, p, actor)
		if errors.Is(err, store.ErrDuplicate) {
			err = loadExistingProduct(ctx, tx, &p)
		}
		return err
	})
	return p, err
}

// newProduct makes a product of what was asked for, or says what is wrong with it.
func (s *Service) newProduct(ctx context.Context, d Draft) (Product, error) {
	now := s.now()
	id := ids.For(ctx, "prd", now, d.MerchantID, d.SKU)
	p := Product{
		ID: id, MerchantID: d.MerchantID, Title: d.Title, Description: d.Description, SKU: d.SKU, Price: d.Price,
		MinQuantity: cmp.Or(d.MinQuantity, MinQuantity), MaxQuantity: cmp.Or(d.MaxQuantity, MaxQuantity),
		Version: 1, CreatedAt: database.Time(database.Micros(now)),
		Stock: Stock{ProductID: id, OnHand: d.Stock, LowThreshold: d.LowStockThreshold, Version: 1},
	}
	wrong := normaliseProduct(&p, now)
	if !ids.Valid("mrc", p.MerchantID) {
		wrong = append(wrong, fault.Field{Pointer: "/merchant_id", Detail: "is not the id of a merchant"})
	}
	if len(wrong) > 0 {
		return Product{}, fault.Invalid(wrong...)
	}
	return p, nil
}

// insertProduct writes product, stock and the first movement. store.ErrDuplicate: the
// id exists, or the merchant lists the sku.
func (s *Service) insertProduct(ctx context.Context, tx *database.Tx, p Product, actor string) error {
	if err := store.InsertProduct(ctx, tx, p); err != nil {
		return err
	}
	if err := store.InsertStock(ctx, tx, p.Stock); err != nil {
		return err
	}
	if p.Stock.OnHand == 0 {
		return nil
	}
	return store.InsertMovement(ctx, tx, store.Movement{
		ID: ids.Derive("mov", p.CreatedAt, p.ID), ProductID: p.ID, Kind: store.KindReceived, Delta: p.Stock.OnHand,
		Reason: "first stock", Actor: actor, CreatedAt: p.CreatedAt,
	})
}

// loadExistingProduct replaces a product that could not be inserted by the one that an
// earlier run of the same request made.
func loadExistingProduct(ctx context.Context, tx *database.Tx, p *Product) error {
	before, err := store.ProductByID(ctx, tx, p.ID)
	if errors.Is(err, store.ErrNotFound) {
		return errSKUTaken
	}
	*p = before
	return err
}

var errSKUTaken = func() error {
	taken := reason.SKUTaken.New()
	taken.Fields = []fault.Field{{Pointer: "/sku", Detail: "is taken"}}
	return taken
}()
