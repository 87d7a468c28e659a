package member

import (
	"context"
	"errors"
	"slices"
	"strings"

	"app/modules/merchants/internal/reason"
	"app/modules/merchants/merchantsv1"
	"app/modules/users/usersv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
)

// Keys knows the API keys of a merchant; users keeps them.
type Keys interface {
	// ListAPIKeys lists the keys in force. Errors are those of the call.
	ListAPIKeys(ctx context.Context, req *usersv1.ListAPIKeysRequest) (*usersv1.ListAPIKeysResponse, error)
}

// Invitations asks people to become members. Package invitation does it, which stands
// above this one.
type Invitations interface {
	// Invite asks somebody by e-mail, for owners of the merchant.
	Invite(ctx context.Context, merchantID string, o Offer) (Entry, error)
	// Waiting lists the invitations that nobody has answered by id, after the given
	// one.
	Waiting(ctx context.Context, q *database.Tx, merchantID, after string, limit int) ([]Entry, error)
	// WithdrawBy withdraws what somebody has sent for a merchant and nobody has
	// answered.
	WithdrawBy(ctx context.Context, tx *database.Tx, merchantID, inviterID string) error
}

// Options put a service together.
type Options struct {
	DB          *database.DB
	Keys        Keys
	Invitations Invitations
}

// Service knows the members of merchants and changes them. It is safe for concurrent
// use.
type Service struct{ Options }

// New makes a service on a migrated database.
func New(o Options) *Service { return &Service{o} }

// Standings is what a user is to merchants, in the order of their ids. Whoever asks
// about themselves in a session with one factor, where the shop demands two, is a
// viewer at most.
func (s *Service) Standings(ctx context.Context, userID string, merchantIDs ...string) ([]Standing, error) {
	found, err := database.ReadOne(ctx, s.DB, func(ctx context.Context, q *database.Tx) (map[string]Standing, error) {
		return standingsOf(ctx, q, userID, merchantIDs)
	})
	if err != nil {
		return nil, err
	}
	caller := identity.FromContext(ctx)
	oneFactor := caller.FactorNeeded && caller.UserID == userID
	out := make([]Standing, len(merchantIDs))
	for i, id := range merchantIDs {
		if out[i] = found[id]; oneFactor {
			out[i] = out[i].withOneFactor()
		}
	}
	return out, nil
}

// List lists a merchant's members by id, after the given one, for any of them. For
// owners the invitations that wait for an answer are among them. Error:
// merchantsv1.MerchantNotFound.
func (s *Service) List(ctx context.Context, merchantID, after string, limit int) ([]Entry, error) {
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) ([]Entry, error) {
		caller := identity.FromContext(ctx)
		role, err := RoleOf(ctx, q, merchantID, caller.UserID)
		if err != nil {
			return nil, err
		}
		if role == merchantsv1.Role_ROLE_UNSPECIFIED {
			return nil, merchantsv1.MerchantNotFound.New()
		}
		out, err := listMembers(ctx, q, merchantID, after, limit)
		if err != nil || role != merchantsv1.Role_ROLE_OWNER || caller.FactorNeeded {
			return out, err
		}
		waiting, err := s.Invitations.Waiting(ctx, q, merchantID, after, limit)
		out = slices.Concat(waiting, out)
		slices.SortFunc(out, func(a, b Entry) int { return strings.Compare(a.ID(), b.ID()) })
		return out[:min(len(out), limit)], err
	})
}

// SetRole changes the role of a member, for owners. Nobody becomes a member by it:
// people are invited. Whoever is an owner no longer has their invitations withdrawn.
// Errors: those of RequireOwner, InvalidArgument at /user_id for whoever is not a
// member, reason.LastOwner.
func (s *Service) SetRole(ctx context.Context, merchantID, userID string, role merchantsv1.Role) (Member, error) {
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (Member, error) {
		if err := LockOwned(ctx, tx, merchantID); err != nil {
			return Member{}, err
		}
		err := updateRole(ctx, tx, merchantID, userID, role)
		if errors.Is(err, database.ErrChanged) {
			return Member{}, fault.Invalid(fault.Field{Pointer: "/user_id", Detail: "is not a member: invite people by their address"})
		}
		if err != nil {
			return Member{}, err
		}
		if role != merchantsv1.Role_ROLE_OWNER {
			if err := s.Invitations.WithdrawBy(ctx, tx, merchantID, userID); err != nil {
				return Member{}, err
			}
		}
		if err := requireSomeOwner(ctx, tx, merchantID); err != nil {
			return Member{}, err
		}
		return Of(ctx, tx, merchantID, userID)
	})
}

// requireSomeOwner refuses a change that would leave a merchant to nobody.
func requireSomeOwner(ctx context.Context, tx *database.Tx, merchantID string) error {
	n, err := countOwners(ctx, tx, merchantID)
	if err == nil && n == 0 {
		err = reason.LastOwner.New()
	}
	return err
}
