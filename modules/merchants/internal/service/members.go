package service

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"app/modules/merchants/internal/reason"
	"app/modules/merchants/internal/store"
	"app/modules/merchants/merchantsv1"
	"app/modules/users/usersv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
)

// Entry is one line of the list of members: a member, or for owners an address that is
// invited.
type Entry struct {
	Member     store.Member
	Invitation store.Invitation // its ID is empty for a member
}

// Key is what the list is in order of.
func (e Entry) Key() string {
	if e.Invitation.ID != "" {
		return e.Invitation.ID
	}
	return e.Member.UserID
}

// Members lists a merchant's members, for any of them, and for owners the invitations
// that wait for an answer. Error: NotFound.
func (s *Service) Members(ctx context.Context, merchant, after string, limit int) (out []Entry, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		out = nil
		role, _, err := store.Membership(ctx, q, merchant, identity.FromContext(ctx).UserID)
		if err != nil {
			return err
		}
		if role == merchantsv1.Role_ROLE_UNSPECIFIED {
			return merchantsv1.MerchantNotFound.New()
		}
		if role == merchantsv1.Role_ROLE_OWNER && !identity.FromContext(ctx).FactorNeeded {
			waiting, err := store.Invitations(ctx, q, merchant, s.Now(), after, limit)
			if err != nil {
				return err
			}
			for _, i := range waiting {
				out = append(out, Entry{Invitation: i})
			}
		}
		members, err := store.Members(ctx, q, merchant, after, limit)
		for _, m := range members {
			out = append(out, Entry{Member: m})
		}
		return err
	})
	slices.SortFunc(out, func(a, b Entry) int { return strings.Compare(a.Key(), b.Key()) })
	return out[:min(len(out), limit)], err
}

// SetRole changes the role of a member, for owners. Nobody becomes a member by it:
// people are invited. Errors: NotFound and PermissionDenied as Update, InvalidArgument
// at /user_id for whoever is not a member, FailedPrecondition (last_owner).
func (s *Service) SetRole(ctx context.Context, merchant, user string, role merchantsv1.Role) (store.Member, error) {
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (store.Member, error) {
		if err := lockOwned(ctx, tx, merchant); err != nil {
			return store.Member{}, err
		}
		if _, err := store.SetRole(ctx, tx, merchant, user, role); err != nil { // to MySQL the same role again is no change
			return store.Member{}, err
		}
		m, err := store.MemberOf(ctx, tx, merchant, user)
		if errors.Is(err, store.ErrNotFound) {
			return m, fault.Invalid(fault.Field{Pointer: "/user_id", Detail: "is not a member: invite people by their address"})
		}
		if err == nil && role != merchantsv1.Role_ROLE_OWNER {
			err = store.WithdrawInvitationsBy(ctx, tx, merchant, user, s.Now())
		}
		if err != nil {
			return m, err
		}
		return m, requireSomeOwner(ctx, tx, merchant)
	})
}

// Me stands for the caller in Remove.
const Me = "me"

// Remove ends a membership: an owner removes anybody, a member leaves. The invitations
// that they sent and nobody has answered end as well. The API keys that they made go
// on, because tills depend on keys and not on people: they are returned, so that an
// owner can revoke them. Errors: NotFound, PermissionDenied, FailedPrecondition
// (last_owner).
func (s *Service) Remove(ctx context.Context, merchant, user string) ([]*usersv1.APIKeyInfo, error) {
	if user == Me {
		user = identity.FromContext(ctx).UserID
	}
	if err := s.mayRemove(ctx, merchant, user); err != nil { // before users is asked for keys
		return nil, err
	}
	reply, err := s.Users.ListAPIKeys(ctx, &usersv1.ListAPIKeysRequest{MerchantId: merchant})
	if err != nil {
		return nil, err //nolint:wrapcheck // the boundary translates it
	}
	keys := slices.DeleteFunc(reply.GetKeys(), func(k *usersv1.APIKeyInfo) bool { return k.GetCreatedBy() != user })
	return keys, s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if _, err := store.LockMembers(ctx, tx, merchant); err != nil {
			return err
		}
		if err := checkMemberRemovable(ctx, tx, merchant, user); err != nil {
			return err
		}
		return removeMember(ctx, tx, merchant, user, s.Now())
	})
}

func (s *Service) mayRemove(ctx context.Context, merchant, user string) error {
	return s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error { return checkMemberRemovable(ctx, q, merchant, user) })
}

// checkMemberRemovable lets owners remove a member, and members themselves.
func checkMemberRemovable(ctx context.Context, q *database.Tx, merchant, user string) error {
	if user != identity.FromContext(ctx).UserID {
		if _, err := requireOwner(ctx, q, merchant); err != nil {
			return err
		}
	}
	role, _, err := store.Membership(ctx, q, merchant, user)
	if err == nil && role == merchantsv1.Role_ROLE_UNSPECIFIED {
		err = reason.MemberNotFound.New()
	}
	return err
}

// removeMember ends a membership under the lock of the merchant.
func removeMember(ctx context.Context, tx *database.Tx, merchant, user string, now time.Time) error {
	if _, err := store.DeleteMember(ctx, tx, merchant, user); err != nil {
		return err
	}
	if err := store.WithdrawInvitationsBy(ctx, tx, merchant, user, now); err != nil {
		return err
	}
	return requireSomeOwner(ctx, tx, merchant)
}

// lockOwned locks the members of a merchant that the caller owns.
func lockOwned(ctx context.Context, tx *database.Tx, merchant string) error {
	if _, err := store.LockMembers(ctx, tx, merchant); err != nil {
		return err
	}
	_, err := requireOwner(ctx, tx, merchant)
	return err
}

// requireSomeOwner undoes a change that would leave a merchant to nobody.
func requireSomeOwner(ctx context.Context, tx *database.Tx, merchant string) error {
	n, err := store.Owners(ctx, tx, merchant)
	if err == nil && n == 0 {
		err = reason.LastOwner.New()
	}
	return err
}
