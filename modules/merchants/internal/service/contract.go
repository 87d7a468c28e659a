package service

import (
	"context"
	"errors"

	"app/modules/merchants/internal/store"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// Member implements the contract.
func (s *Service) Member(ctx context.Context, req *merchantsv1.MemberRequest) (*merchantsv1.MemberResponse, error) {
	out := &merchantsv1.MemberResponse{}
	err := s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		role, status, err := store.Membership(ctx, q, req.GetMerchantId(), req.GetUserId())
		if err == nil && role == merchantsv1.Role_ROLE_UNSPECIFIED { // an API key's merchant has no member of its name
			status, err = store.StatusOf(ctx, q, req.GetMerchantId())
		}
		out.Role, out.Approved = role, status == store.Approved
		return err
	})
	// The role in force: whoever asks for more than a viewer's gets no further, whether
	// or not it looks at the reason.
	if caller := identity.FromContext(ctx); caller.FactorNeeded && caller.UserID == req.GetUserId() && out.Role > merchantsv1.Role_ROLE_VIEWER {
		out.Role, out.SecondFactorNeeded = merchantsv1.Role_ROLE_VIEWER, true
	}
	return out, err
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

func (s *Service) bySlug(ctx context.Context, slug string) (m store.Merchant, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		m, err = store.BySlug(ctx, q, slug)
		return err
	})
	return m, err
}
