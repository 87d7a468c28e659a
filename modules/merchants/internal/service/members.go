package service

import (
	"context"
	"errors"
	"fmt"

	"app/modules/merchants/internal/store"
	"app/modules/merchants/merchantsv1"
	"app/modules/users/usersv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// Invitation names a member to be, by id or by address.
type Invitation struct {
	UserID string
	Email  string
	Role   merchantsv1.Role
}

// Members lists a merchant's members, for any of them. Error: NotFound.
func (s *Service) Members(ctx context.Context, merchant, after string, limit int) (out []store.Member, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		role, _, err := store.Membership(ctx, q, merchant, identity.FromContext(ctx).UserID)
		if err != nil {
			return err
		}
		if role == merchantsv1.Role_ROLE_UNSPECIFIED {
			return fault.Missing("merchant")
		}
		out, err = store.Members(ctx, q, merchant, after, limit)
		return err
	})
	return out, err
}

// Invite makes somebody a member, or changes the role of one, for owners. Errors: NotFound and PermissionDenied as Update,
// InvalidArgument at /email or /user_id when there is no such account, FailedPrecondition (last_owner).
func (s *Service) Invite(ctx context.Context, merchant string, i Invitation) (store.Member, error) {
	if err := s.mayChangeMembers(ctx, merchant); err != nil { // before anything is said about an address
		return store.Member{}, err
	}
	user, err := s.invited(ctx, i)
	if err != nil {
		return store.Member{}, err
	}
	m := store.Member{MerchantID: merchant, UserID: user, Role: i.Role, CreatedAt: s.Now()}
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := lockOwned(ctx, tx, merchant); err != nil {
			return err
		}
		if ok, err := store.SetRole(ctx, tx, merchant, user, i.Role); err != nil {
			return err
		} else if !ok {
			if err := store.InsertMember(ctx, tx, m); err != nil {
				return fmt.Errorf("add member: %w", err)
			}
		}
		if m, err = store.MemberOf(ctx, tx, merchant, user); err != nil {
			return err
		}
		return hasOwner(ctx, tx, merchant)
	})
	return m, err
}

func (s *Service) mayChangeMembers(ctx context.Context, merchant string) error {
	return s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		_, err := owned(ctx, q, merchant)
		return err
	})
}

// invited asks users who is meant.
func (s *Service) invited(ctx context.Context, i Invitation) (string, error) {
	request, field := &usersv1.FindRequest{By: &usersv1.FindRequest_Id{Id: i.UserID}}, "/user_id"
	if i.UserID == "" {
		request, field = &usersv1.FindRequest{By: &usersv1.FindRequest_Email{Email: i.Email}}, "/email"
	}
	reply, err := s.Users.Find(ctx, request)
	if code := fault.CodeOf(err); code == fault.NotFound || code == fault.InvalidArgument {
		return "", fault.Invalid(fault.Field{Pointer: field, Detail: "nobody with a confirmed account"}).Because(err)
	}
	return reply.GetUser().GetId(), err
}

// Remove ends a membership: an owner removes anybody, a member leaves. Errors: NotFound, PermissionDenied,
// FailedPrecondition (last_owner).
func (s *Service) Remove(ctx context.Context, merchant, user string) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if user != identity.FromContext(ctx).UserID {
			if _, err := owned(ctx, tx, merchant); err != nil {
				return err
			}
		}
		if _, err := store.LockMembers(ctx, tx, merchant); err != nil {
			return err
		}
		ok, err := store.DeleteMember(ctx, tx, merchant, user)
		if err != nil {
			return err
		}
		if !ok {
			return fault.Missing("member")
		}
		return hasOwner(ctx, tx, merchant)
	})
}

// lockOwned locks the members of a merchant that the caller owns.
func lockOwned(ctx context.Context, tx *database.Tx, merchant string) error {
	if _, err := store.LockMembers(ctx, tx, merchant); err != nil {
		return err
	}
	_, err := owned(ctx, tx, merchant)
	return err
}

// hasOwner undoes a change that would leave a merchant to nobody.
func hasOwner(ctx context.Context, tx *database.Tx, merchant string) error {
	n, err := store.Owners(ctx, tx, merchant)
	if err == nil && n == 0 {
		err = fault.New(fault.FailedPrecondition, "last_owner", "A merchant needs an owner: make somebody else one first.")
	}
	return err
}

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
	// The role in force: whoever asks for more than a viewer's gets no further, whether or not it looks at the reason.
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
	owner, err := s.user(ctx, req.GetOwnerId())
	if err != nil {
		return nil, err
	}
	approved := *s
	approved.AutoApprove = true
	m, err := approved.insert(ctx, ids.New("mrc", s.Now()), Draft{Name: req.GetName(), Slug: req.GetSlug()}, owner)
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
