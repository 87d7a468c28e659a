package product

import (
	"context"

	"app/modules/catalog/internal/access"
	"app/modules/catalog/internal/reason"
	"app/modules/catalog/internal/status"
	"app/modules/catalog/internal/stock"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/fault"
)

// RequireRole checks that the caller has at least the role with the merchant, or is its
// API key with the scope that stands for one. Errors: those of access.Members.Require.
func (s *Service) RequireRole(ctx context.Context, merchantID string, least merchantsv1.Role, hidden fault.Reason) error {
	return access.Members{Ask: s.Members}.Require(ctx, merchantID, least, hidden)
}

// forMember reads a listed product for a caller who has at least the role with its
// merchant.
func (s *Service) forMember(ctx context.Context, id string, least merchantsv1.Role) (Product, error) {
	p, err := s.readListed(ctx, id)
	if err != nil {
		return Product{}, err
	}
	return p, s.RequireRole(ctx, p.MerchantID, least, reason.ProductNotFound)
}

// requireVisible hides a draft from whoever has no role with its merchant, and from an
// API key without the scope: it answers as if there were no such product.
func (s *Service) requireVisible(ctx context.Context, p Product) error {
	if p.PublicFrom.IsZero() || p.StatusAt(s.Now()) == status.Active {
		return nil
	}
	err := s.RequireRole(ctx, p.MerchantID, merchantsv1.Role_ROLE_VIEWER, reason.ProductNotFound)
	switch fault.CodeOf(err) {
	case fault.Unauthenticated, fault.PermissionDenied:
		return reason.ProductNotFound.New()
	default:
		return err
	}
}

// ItemFor implements stock.Products.
func (s *Service) ItemFor(ctx context.Context, productID string, least merchantsv1.Role) (stock.Item, error) {
	p, err := s.forMember(ctx, productID, least)
	if err != nil {
		return stock.Item{}, err
	}
	return p.Item(), nil
}

// ItemOnSale implements stock.Products.
func (s *Service) ItemOnSale(ctx context.Context, tx *database.Tx, productID string) (stock.Item, error) {
	p, err := listedProduct(ctx, tx, productID)
	if err != nil {
		return stock.Item{}, err
	}
	return p.Item(), nil
}
