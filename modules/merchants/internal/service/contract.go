package service

import (
	"context"
	"errors"
	"fmt"

	"app/modules/merchants/internal/store"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// maxRoles bounds what Roles is asked for at once.
const maxRoles = 1000

// Roles implements the contract.
func (s *Service) Roles(ctx context.Context, req *merchantsv1.RolesRequest) (*merchantsv1.RolesResponse, error) {
	if len(req.GetMerchantIds()) > maxRoles {
		return nil, fault.Invalid(fault.Field{Pointer: "/merchant_ids", Detail: fmt.Sprintf("are at most %d", maxRoles)})
	}
	found, err := database.ReadOne(ctx, s.DB, func(ctx context.Context, q *database.Tx) (map[string]store.MerchantRole, error) {
		return store.Roles(ctx, q, req.GetMerchantIds(), req.GetUserId())
	})
	if err != nil {
		return nil, err
	}
	caller := identity.FromContext(ctx)
	waits := caller.FactorNeeded && caller.UserID == req.GetUserId()
	out := &merchantsv1.RolesResponse{Members: make([]*merchantsv1.MemberResponse, len(req.GetMerchantIds()))}
	for i, id := range req.GetMerchantIds() {
		m := found[id]
		out.Members[i] = &merchantsv1.MemberResponse{Role: m.Role, Approved: m.Status == store.Approved}
		// The role in force: whoever asks for more than a viewer's gets no further,
		// whether or not it looks at the reason.
		if waits && m.Role > merchantsv1.Role_ROLE_VIEWER {
			out.Members[i].Role, out.Members[i].SecondFactorNeeded = merchantsv1.Role_ROLE_VIEWER, true
		}
	}
	return out, nil
}

// Member implements the contract.
func (s *Service) Member(ctx context.Context, req *merchantsv1.MemberRequest) (*merchantsv1.MemberResponse, error) {
	out, err := s.Roles(ctx, &merchantsv1.RolesRequest{MerchantIds: []string{req.GetMerchantId()}, UserId: req.GetUserId()})
	if err != nil {
		return nil, err
	}
	return out.GetMembers()[0], nil
}

// Ensure implements the contract.
func (s *Service) Ensure(ctx context.Context, req *merchantsv1.EnsureRequest) (*merchantsv1.EnsureResponse, error) {
	if !validSlug(req.GetSlug()) || req.GetName() == "" {
		return nil, fault.Invalid(fault.Field{Pointer: "/slug", Detail: "a valid slug and a name are needed"})
	}
	if found, err := s.bySlug(ctx, req.GetSlug()); !errors.Is(err, store.ErrNotFound) {
		return &merchantsv1.EnsureResponse{MerchantId: found.ID}, err
	}
	owner, err := s.findUser(ctx, req.GetOwnerId())
	if err != nil {
		return nil, err
	}
	approved := *s
	approved.AutoApprove = true
	m, err := approved.insertMerchant(ctx, ids.New("mrc", s.Now()), Draft{Name: req.GetName(), Slug: req.GetSlug()}, owner, anyNumber)
	if errors.Is(err, store.ErrDuplicate) { // somebody else was faster
		found, err := s.bySlug(ctx, req.GetSlug())
		return &merchantsv1.EnsureResponse{MerchantId: found.ID}, err
	}
	return &merchantsv1.EnsureResponse{MerchantId: m.ID, Created: true}, err
}

func (s *Service) bySlug(ctx context.Context, slug string) (store.Merchant, error) {
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (store.Merchant, error) {
		return store.BySlug(ctx, q, slug)
	})
}
