package member

import (
	"context"

	"app/modules/merchants/internal/reason"
	"app/modules/merchants/merchantsv1"
	"app/modules/users/usersv1"
	"app/platform/database"
	"app/platform/identity"
)

// Me stands for the caller in Remove.
const Me = "me"

// LeftKey is an API key that outlives the membership of whoever made it.
type LeftKey struct {
	ID   string
	Name string
	Hint string // how the key begins
}

// Remove ends a membership: an owner removes anybody, a member leaves. The invitations
// that they sent and nobody has answered end as well. The API keys that they made go
// on, because tills depend on keys and not on people: they are returned, so that an
// owner can revoke them. Errors: those of RequireOwner, reason.MemberNotFound,
// reason.LastOwner; those of the call to users.
func (s *Service) Remove(ctx context.Context, merchantID, userID string) ([]LeftKey, error) {
	if userID == Me {
		userID = identity.FromContext(ctx).UserID
	}
	if err := s.mayRemove(ctx, merchantID, userID); err != nil { // before users is asked for keys
		return nil, err
	}
	left, err := s.keysMadeBy(ctx, merchantID, userID)
	if err != nil {
		return nil, err
	}
	return left, s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := Lock(ctx, tx, merchantID); err != nil {
			return err
		}
		if err := requireRemovable(ctx, tx, merchantID, userID); err != nil {
			return err
		}
		if err := deleteMember(ctx, tx, merchantID, userID); err != nil {
			return err
		}
		if err := s.Invitations.WithdrawBy(ctx, tx, merchantID, userID); err != nil {
			return err
		}
		return requireSomeOwner(ctx, tx, merchantID)
	})
}

func (s *Service) mayRemove(ctx context.Context, merchantID, userID string) error {
	return s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		return requireRemovable(ctx, q, merchantID, userID)
	})
}

// requireRemovable lets owners remove a member, and members themselves.
func requireRemovable(ctx context.Context, q *database.Tx, merchantID, userID string) error {
	if userID != identity.FromContext(ctx).UserID {
		if err := RequireOwner(ctx, q, merchantID); err != nil {
			return err
		}
	}
	role, err := RoleOf(ctx, q, merchantID, userID)
	if err == nil && role == merchantsv1.Role_ROLE_UNSPECIFIED {
		err = reason.MemberNotFound.New()
	}
	return err
}

// keysMadeBy lists the keys of a merchant that somebody has made.
func (s *Service) keysMadeBy(ctx context.Context, merchantID, userID string) ([]LeftKey, error) {
	reply, err := s.Keys.ListAPIKeys(ctx, &usersv1.ListAPIKeysRequest{MerchantId: merchantID})
	if err != nil {
		return nil, err //nolint:wrapcheck // the boundary translates it
	}
	var out []LeftKey
	for _, k := range reply.GetKeys() {
		if k.GetCreatedBy() == userID {
			out = append(out, LeftKey{k.GetId(), k.GetName(), k.GetHint()})
		}
	}
	return out, nil
}
