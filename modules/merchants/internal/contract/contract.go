// Package contract serves what other modules may ask merchants: it turns messages into
// what the subjects of the module know, and back.
package contract

import (
	"context"
	"fmt"

	"app/modules/merchants/internal/member"
	"app/modules/merchants/internal/merchant"
	"app/modules/merchants/merchantsv1"
	"app/platform/fault"
)

// Handler serves the contract. It is safe for concurrent use.
type Handler struct {
	members   *member.Service
	merchants *merchant.Service
}

var _ merchantsv1.MerchantsHandler = (*Handler)(nil)

// New makes a handler of two services.
func New(members *member.Service, merchants *merchant.Service) *Handler {
	return &Handler{members, merchants}
}

// maxRoles bounds what Roles is asked for at once.
const maxRoles = 1000

// Roles implements merchantsv1.MerchantsHandler.
func (h *Handler) Roles(ctx context.Context, req *merchantsv1.RolesRequest) (*merchantsv1.RolesResponse, error) {
	if len(req.GetMerchantIds()) > maxRoles {
		return nil, fault.Invalid(fault.Field{Pointer: "/merchant_ids", Detail: fmt.Sprintf("are at most %d", maxRoles)})
	}
	standings, err := h.members.Standings(ctx, req.GetUserId(), req.GetMerchantIds()...)
	if err != nil {
		return nil, err
	}
	out := &merchantsv1.RolesResponse{Members: make([]*merchantsv1.MemberResponse, len(standings))}
	for i, s := range standings {
		out.Members[i] = memberMessage(s)
	}
	return out, nil
}

// Member implements merchantsv1.MerchantsHandler.
func (h *Handler) Member(ctx context.Context, req *merchantsv1.MemberRequest) (*merchantsv1.MemberResponse, error) {
	standings, err := h.members.Standings(ctx, req.GetUserId(), req.GetMerchantId())
	if err != nil {
		return nil, err
	}
	return memberMessage(standings[0]), nil
}

// Ensure implements merchantsv1.MerchantsHandler.
func (h *Handler) Ensure(ctx context.Context, req *merchantsv1.EnsureRequest) (*merchantsv1.EnsureResponse, error) {
	id, created, err := h.merchants.Ensure(ctx, merchant.Draft{Name: req.GetName(), Slug: req.GetSlug()}, req.GetOwnerId())
	if err != nil {
		return nil, err
	}
	return &merchantsv1.EnsureResponse{MerchantId: id, Created: created}, nil
}

// Profile implements merchantsv1.MerchantsHandler.
func (h *Handler) Profile(ctx context.Context, req *merchantsv1.ProfileRequest) (*merchantsv1.ProfileResponse, error) {
	p, err := h.merchants.Profile(ctx, req.GetMerchantId())
	if err != nil {
		return nil, err
	}
	return profileMessage(p), nil
}

func memberMessage(s member.Standing) *merchantsv1.MemberResponse {
	return &merchantsv1.MemberResponse{Role: s.Role, Approved: s.Approved, SecondFactorNeeded: s.SecondFactorNeeded}
}

func profileMessage(p merchant.Profile) *merchantsv1.ProfileResponse {
	return &merchantsv1.ProfileResponse{Name: p.Name, Slug: p.Slug, Approved: p.Status == merchant.Approved, OwnerId: p.OwnerID}
}
