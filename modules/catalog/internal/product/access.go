package product

import (
	"context"
	"fmt"

	"app/modules/catalog/internal/reason"
	"app/modules/catalog/internal/stock"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
)

// requireRole checks that the caller has a role with the merchant, or is its API key
// with the scope that stands for one.
//
//  1. Nobody is signed in: unauthenticated.
//  2. No role with the merchant, or another merchant's key: hidden, the reason that the
//     caller would get if there were nothing at all.
//  3. A lesser role: permission_denied, role_too_low; a role that waits for a second
//     factor: second_factor_required. Not the scope: permission_denied, scope_required.
//  4. A change for a merchant that may not sell yet: failed_precondition,
//     merchant_not_approved.
func (s *Service) requireRole(ctx context.Context, merchantID string, least merchantsv1.Role, hidden fault.Reason) error {
	caller := identity.FromContext(ctx)
	if !caller.SignedIn() {
		return fault.NotSignedIn.New()
	}
	if caller.IsKey() && caller.Merchant != merchantID {
		return hidden.New()
	}
	if scope := scopeOf(least); caller.IsKey() && !caller.ActsFor(merchantID, scope) {
		return fault.ScopeMissing.Newf("The API key needs the scope %s.", scope)
	}
	access, err := merchantsv1.AccessOf(ctx, s.Members, caller, scopes, merchantID)
	role := access.Role(merchantID)
	switch {
	case err != nil:
		return fmt.Errorf("ask for role: %w", err)
	case role == merchantsv1.Role_ROLE_UNSPECIFIED:
		return hidden.New()
	case role < least:
		return access.ErrTooLow() //nolint:wrapcheck // it is what the client gets
	case least >= merchantsv1.Role_ROLE_MANAGER && !access.Approved(merchantID):
		return merchantsv1.MerchantNotApproved.New()
	}
	return nil
}

// scopes are what an API key needs for what a viewer and a manager may do with
// products.
var scopes = merchantsv1.Scopes{Read: "catalog:read", Write: "catalog:write", Approval: true}

// scopeOf is what an API key needs for what a user needs the role for.
func scopeOf(role merchantsv1.Role) identity.Scope {
	if role >= merchantsv1.Role_ROLE_MANAGER {
		return scopes.Write
	}
	return scopes.Read
}

// forMember reads a listed product for a caller who has at least the role with its
// merchant.
func (s *Service) forMember(ctx context.Context, id string, least merchantsv1.Role) (Product, error) {
	p, err := s.readListed(ctx, id)
	if err != nil {
		return Product{}, err
	}
	return p, s.requireRole(ctx, p.MerchantID, least, reason.ProductNotFound)
}

// requireVisible hides a draft from whoever has no role with its merchant, and from an
// API key without the scope: it answers as if there were no such product.
func (s *Service) requireVisible(ctx context.Context, p Product) error {
	if p.PublicFrom.IsZero() || p.StatusAt(s.Now()) == StatusActive {
		return nil
	}
	err := s.requireRole(ctx, p.MerchantID, merchantsv1.Role_ROLE_VIEWER, reason.ProductNotFound)
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
