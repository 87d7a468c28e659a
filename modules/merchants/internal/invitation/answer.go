package invitation

import (
	"context"
	"errors"
	"time"

	"app/modules/merchants/internal/member"
	"app/modules/merchants/internal/reason"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
)

// Accept makes the caller a member, with the token from the e-mail: the token proves
// that whoever has it reads the mail of the invited address, or was told by somebody
// who does; the caller is who gets the role. A member keeps the role that they have.
// Accepting again changes nothing. Errors: fault.NotSignedIn, and
// reason.InvitationNotFound, the same whether the invitation is unknown, over, answered
// by somebody else, or the token is not its own.
func (s *Service) Accept(ctx context.Context, id, token string) (member.Member, error) {
	caller := identity.FromContext(ctx).UserID
	if caller == "" {
		return member.Member{}, fault.NotSignedIn.New()
	}
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (member.Member, error) {
		i, err := lockForAnswer(ctx, tx, id, token)
		if err != nil {
			return member.Member{}, err
		}
		if err := s.acceptInvitation(ctx, tx, i, caller); err != nil {
			return member.Member{}, err
		}
		m, err := member.Of(ctx, tx, i.MerchantID, caller)
		if errors.Is(err, database.ErrNotFound) { // accepted before, and removed since
			err = reason.InvitationNotFound.New()
		}
		return m, err
	})
}

// acceptInvitation answers an invitation with yes, unless the user has done so before.
func (s *Service) acceptInvitation(ctx context.Context, tx *database.Tx, i Invitation, userID string) error {
	if i.acceptedBy(userID) {
		return nil
	}
	if err := s.settleInvitation(ctx, tx, i, Accepted, userID); err != nil {
		return err
	}
	_, err := member.Of(ctx, tx, i.MerchantID, userID)
	if !errors.Is(err, database.ErrNotFound) {
		return err
	}
	return member.Insert(ctx, tx, member.Member{
		MerchantID: i.MerchantID, UserID: userID, Role: i.Role, CreatedAt: s.Now().Truncate(time.Microsecond),
	})
}

// lockForAnswer reads an invitation under the lock of its merchant, for whoever has its
// token.
func lockForAnswer(ctx context.Context, tx *database.Tx, id, token string) (Invitation, error) {
	i, err := readInvitation(ctx, tx, id)
	if errors.Is(err, database.ErrNotFound) || err == nil && !i.hasToken(token) {
		return Invitation{}, reason.InvitationNotFound.New()
	}
	if err != nil {
		return Invitation{}, err
	}
	if err := member.Lock(ctx, tx, i.MerchantID); err != nil {
		return Invitation{}, err
	}
	return readInvitation(ctx, tx, id) // as it is under the lock
}

// Decline answers an invitation with no, for whoever has the token of the e-mail,
// signed in or not. Error: reason.InvitationNotFound, as Accept.
func (s *Service) Decline(ctx context.Context, id, token string) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		i, err := lockForAnswer(ctx, tx, id, token)
		if err != nil {
			return err
		}
		return s.settleInvitation(ctx, tx, i, Declined, "")
	})
}

// Withdraw takes an invitation back, for owners of the merchant. Errors: those of
// member.RequireOwner, reason.InvitationNotFound.
func (s *Service) Withdraw(ctx context.Context, merchantID, id string) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := member.LockOwned(ctx, tx, merchantID); err != nil {
			return err
		}
		i, err := readInvitation(ctx, tx, id)
		if errors.Is(err, database.ErrNotFound) || err == nil && i.MerchantID != merchantID {
			return reason.InvitationNotFound.New()
		}
		if err != nil {
			return err
		}
		return s.settleInvitation(ctx, tx, i, Withdrawn, "")
	})
}

// WithdrawBy implements member.Invitations.
func (s *Service) WithdrawBy(ctx context.Context, tx *database.Tx, merchantID, inviterID string) error {
	return withdrawSent(ctx, tx, merchantID, inviterID, s.Now())
}

// settleInvitation ends an invitation that waits for an answer. userID is who accepted,
// else empty. Error: reason.InvitationNotFound when it does not wait any more.
func (s *Service) settleInvitation(ctx context.Context, tx *database.Tx, i Invitation, as State, userID string) error {
	i.State, i.SettledAt, i.SettledBy = as, s.Now(), userID
	err := updatePending(ctx, tx, i)
	if errors.Is(err, database.ErrChanged) {
		return reason.InvitationNotFound.New()
	}
	return err
}
