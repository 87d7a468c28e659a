// Package access decides who may see and change what a merchant sells.
package access

import (
	"context"
	"fmt"

	"app/modules/merchants/merchantsv1"
	"app/platform/fault"
	"app/platform/identity"
)

// Members asks merchants who has a role with one.
type Members struct{ Ask merchantsv1.Authorizer }

// Require checks that the caller has a role with the merchant, or is its API key
// with the scope that stands for one.
//
//  1. Nobody is signed in: unauthenticated.
//  2. No role with the merchant, or another merchant's key: hidden, the reason that the
//     caller would get if there were nothing at all.
//  3. A lesser role: permission_denied, role_too_low; a role that waits for a second
//     factor: second_factor_required. Not the scope: permission_denied, scope_required.
//  4. A change for a merchant that may not sell yet: failed_precondition,
//     merchant_not_approved.
func (m Members) Require(ctx context.Context, merchantID string, least merchantsv1.Role, hidden fault.Reason) error {
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
	granted, err := merchantsv1.AccessOf(ctx, m.Ask, caller, scopes, merchantID)
	role := granted.Role(merchantID)
	switch {
	case err != nil:
		return fmt.Errorf("ask for role: %w", err)
	case role == merchantsv1.Role_ROLE_UNSPECIFIED:
		return hidden.New()
	case role < least:
		return granted.ErrTooLow() //nolint:wrapcheck // it is what the client gets
	case least >= merchantsv1.Role_ROLE_MANAGER && !granted.Approved(merchantID):
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
