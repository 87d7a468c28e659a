package service

import (
	"context"
	"fmt"

	"app/modules/merchants/merchantsv1"
	"app/platform/fault"
	"app/platform/identity"
)

// requireMerchantRole checks that the caller has a role with the merchant, or is its
// API key with the scope that stands for one.
//
//  1. Nobody is signed in: unauthenticated.
//  2. No role with the merchant, or another merchant's key: the thing does not exist
//     for the caller, exactly as if it did not exist at all.
//  3. A lesser role: permission_denied, role_too_low; a role that waits for a second
//     factor: second_factor_required. Not the scope: permission_denied, scope_required.
//  4. A change for a merchant that may not sell yet: failed_precondition,
//     merchant_not_approved.
func (s *Service) requireMerchantRole(ctx context.Context, merchantID string, least merchantsv1.Role, what string) error {
	caller := identity.FromContext(ctx)
	if !caller.SignedIn() {
		return fault.New(fault.Unauthenticated, "unauthenticated", "You have to sign in.")
	}
	if caller.IsKey() && caller.Merchant != merchantID {
		return fault.Missing(what)
	}
	if scope := scopeOf(least); caller.IsKey() && !caller.ActsFor(merchantID, scope) {
		return fault.New(fault.PermissionDenied, "scope_required", "The API key needs the scope "+string(scope)+".")
	}
	access, err := merchantsv1.AccessOf(ctx, s.members, caller, scopes, merchantID)
	role := access.Role(merchantID)
	switch {
	case err != nil:
		return fmt.Errorf("ask for role: %w", err)
	case role == merchantsv1.Role_ROLE_UNSPECIFIED:
		return fault.Missing(what)
	case role < least:
		return access.ErrTooLow() //nolint:wrapcheck // it is what the client gets
	case least >= merchantsv1.Role_ROLE_MANAGER && !access.Approved(merchantID):
		return fault.New(fault.FailedPrecondition, "merchant_not_approved", "The merchant has not been approved yet.")
	}
	return nil
}

// scopes are what an API key needs for what a viewer and a manager may do with
// products.
var scopes = merchantsv1.Scopes{Read: identity.CatalogRead, Write: identity.CatalogWrite, Approval: true}

// scopeOf is what an API key needs for what a user needs the role for.
func scopeOf(role merchantsv1.Role) identity.Scope {
	if role >= merchantsv1.Role_ROLE_MANAGER {
		return scopes.Write
	}
	return scopes.Read
}

// productForManager reads a listed product that the caller may change.
func (s *Service) productForManager(ctx context.Context, id string) (Product, error) {
	return s.membersOnly(ctx, id, merchantsv1.Role_ROLE_MANAGER)
}

func (s *Service) membersOnly(ctx context.Context, id string, least merchantsv1.Role) (Product, error) {
	p, err := s.Product(ctx, id)
	if err != nil {
		return Product{}, err
	}
	return p, s.requireMerchantRole(ctx, p.MerchantID, least, "product")
}
