package service

import (
	"context"
	"fmt"

	"app/modules/merchants/merchantsv1"
	"app/platform/fault"
	"app/platform/identity"
)

// authorise checks that the caller has a role with the merchant.
//
//  1. Nobody is signed in: unauthenticated.
//  2. No role with the merchant: the thing does not exist for the caller, exactly as if it did not exist at all.
//  3. A lesser role: permission_denied, role_required.
//  4. A change for a merchant that may not sell yet: failed_precondition, merchant_not_approved.
func (s *Service) authorise(ctx context.Context, merchantID string, least merchantsv1.Role, what string) error {
	user := identity.FromContext(ctx).UserID
	if user == "" {
		return fault.New(fault.Unauthenticated, "unauthenticated", "You have to sign in.")
	}
	member, err := s.members.Member(ctx, &merchantsv1.MemberRequest{MerchantId: merchantID, UserId: user})
	switch {
	case err != nil:
		return fmt.Errorf("ask for role: %w", err)
	case member.GetRole() == merchantsv1.Role_ROLE_UNSPECIFIED:
		return fault.Missing(what)
	case member.GetRole() < least:
		return fault.New(fault.PermissionDenied, "role_required", "Your role with this merchant does not allow it.")
	case least >= merchantsv1.Role_ROLE_MANAGER && !member.GetApproved():
		return fault.New(fault.FailedPrecondition, "merchant_not_approved", "The merchant has not been approved yet.")
	}
	return nil
}

// managed reads a listed product that the caller may change.
func (s *Service) managed(ctx context.Context, id string) (Product, error) {
	return s.membersOnly(ctx, id, merchantsv1.Role_ROLE_MANAGER)
}

func (s *Service) membersOnly(ctx context.Context, id string, least merchantsv1.Role) (Product, error) {
	p, err := s.Product(ctx, id)
	if err != nil {
		return Product{}, err
	}
	return p, s.authorise(ctx, p.MerchantID, least, "product")
}
