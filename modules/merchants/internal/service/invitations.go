package service

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/merchants/internal/reason"
	"app/modules/merchants/internal/store"
	"app/modules/merchants/merchantsevents"
	"app/modules/merchants/merchantsv1"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/emailaddr"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// LetterPath is the page that the e-mail of an invitation leads to.
const LetterPath = "/v1/invitations/letter"

// kept is how long an invitation is kept after it ran out.
const kept = 30 * 24 * time.Hour

// Offer is what somebody is invited to.
type Offer struct {
	Email string
	Role  merchantsv1.Role
}

// Invite asks somebody by e-mail to act for a merchant, for its owners.
//
//  1. Nobody is a member before they accept, and the owner learns nothing about the
//     address: what this answers and does is the same whether it has an account, is a
//     member already, or neither. Nobody is asked about it.
//  2. The merchant has to be approved: until then its name is a text that nobody has
//     read, and goes to nobody.
//  3. A newer invitation of an address replaces the one before. Those of whoever stops
//     being an owner are void.
//  4. Limits count under the locks of the inviter's account and of the merchant, the
//     new one included, so a repetition of the request finds its invitation first.
//
// Errors: NotFound and PermissionDenied as Update, InvalidArgument at /email,
// FailedPrecondition (merchant_pending), ResourceExhausted (too_many_invitations).
func (s *Service) Invite(ctx context.Context, merchant string, o Offer) (store.Invitation, error) {
	if err := s.mayInvite(ctx, merchant); err != nil { // before anything is said about an address
		return store.Invitation{}, err
	}
	address, err := emailaddr.Parse(strings.TrimSpace(o.Email))
	if err != nil {
		return store.Invitation{}, fault.Invalid(fault.Field{Pointer: "/email", Detail: err.Error()})
	}
	token, now := newToken(), s.Now().Truncate(time.Microsecond)
	i := store.Invitation{
		ID: ids.For(ctx, "inv", now), MerchantID: merchant, Email: address.String(), EmailKey: address.Key(), Role: o.Role, TokenHash: hashToken(token),
		InvitedBy: identity.FromContext(ctx).UserID, CreatedAt: now, ExpiresAt: now.Add(s.Limits.InvitationLife), State: store.Invited,
	}
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error { return s.createInvitation(ctx, tx, i, token) })
	if errors.Is(err, store.ErrDuplicate) { // the request was sent twice and has had its effect
		return s.loadInvitation(ctx, i.ID)
	}
	return i, err
}

func (s *Service) mayInvite(ctx context.Context, merchant string) error {
	return s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		_, err := approvedOwned(ctx, q, merchant)
		return err
	})
}

// approvedOwned reads an approved merchant that the caller is an owner of.
func approvedOwned(ctx context.Context, q *database.Tx, merchant string) (View, error) {
	v, err := requireOwner(ctx, q, merchant)
	if err == nil && v.Status != store.Approved {
		err = reason.MerchantPending.New()
	}
	return v, err
}

// createInvitation writes an invitation and its e-mail.
func (s *Service) createInvitation(ctx context.Context, tx *database.Tx, i store.Invitation, token string) error {
	if err := store.LockAccount(ctx, tx, i.InvitedBy); err != nil {
		return err
	}
	if _, err := store.LockMembers(ctx, tx, i.MerchantID); err != nil {
		return err
	}
	v, err := approvedOwned(ctx, tx, i.MerchantID)
	if err != nil {
		return err
	}
	if err := store.InsertInvitation(ctx, tx, i); err != nil {
		return err
	}
	if err := store.ReplaceInvitations(ctx, tx, i); err != nil {
		return err
	}
	if err := s.withinLimits(ctx, tx, i); err != nil {
		return err
	}
	if err := store.DeleteInvitations(ctx, tx, i.MerchantID, i.CreatedAt.Add(-kept)); err != nil {
		return err
	}
	code := i.ID + "-" + token // an id has no hyphen, and a dot would look like an address to who defuses texts
	return events.Emit(ctx, tx, events.Key{Aggregate: "invitation", ID: i.ID, Version: 1}, &merchantsevents.Invited{
		InvitationId: i.ID, MerchantId: v.ID, MerchantName: v.Name, Email: i.Email, Role: RoleName(i.Role), Code: code,
		Link: strings.TrimSuffix(s.PublicURL, "/") + LetterPath + "#" + code, ExpiresAt: timestamppb.New(i.ExpiresAt),
		Locale: callctx.ClientOf(ctx).Locale(),
	}, events.Sensitive())
}

func (s *Service) withinLimits(ctx context.Context, tx *database.Tx, i store.Invitation) error {
	n, err := store.CountInvitations(ctx, tx, i, i.CreatedAt.Add(-24*time.Hour))
	switch {
	case err != nil:
		return err
	case max(n.OfMerchant, n.OfInviter) > s.Limits.InvitationsDay:
		refusal := reason.TooManyInvitations.Newf("%d invitations can be sent in a day.", s.Limits.InvitationsDay)
		refusal.RetryAfter = time.Hour
		return refusal
	case n.Waiting > s.Limits.InvitationsPending:
		return reason.TooManyInvitations.Newf("%d invitations wait for an answer: withdraw some first.", s.Limits.InvitationsPending)
	}
	return nil
}

func (s *Service) loadInvitation(ctx context.Context, id string) (store.Invitation, error) {
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (store.Invitation, error) {
		return store.InvitationByID(ctx, q, id)
	})
}

// Accept makes the caller a member, with the token from the e-mail: the token proves
// that whoever has it reads the mail of the invited address, or was told by somebody
// who does; the caller is who gets the role. A member keeps the role that they have.
// Accepting again changes nothing. Error: NotFound (invitation), the same whether the
// invitation is unknown, over, answered by somebody else, or the token is not its own.
func (s *Service) Accept(ctx context.Context, id, token string) (store.Member, error) {
	caller := identity.FromContext(ctx).UserID
	if caller == "" {
		return store.Member{}, fault.NotSignedIn.New()
	}
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (store.Member, error) {
		i, err := lockInvitation(ctx, tx, id, token)
		if err != nil {
			return store.Member{}, err
		}
		if err := s.acceptInvitation(ctx, tx, i, caller); err != nil {
			return store.Member{}, err
		}
		m, err := store.MemberOf(ctx, tx, i.MerchantID, caller)
		if errors.Is(err, store.ErrNotFound) { // accepted before, and removed since
			err = reason.InvitationNotFound.New()
		}
		return m, err
	})
}

// acceptInvitation answers an invitation with yes, unless the caller has done so
// before.
func (s *Service) acceptInvitation(ctx context.Context, tx *database.Tx, i store.Invitation, user string) error {
	if i.State == store.Accepted && i.SettledBy == user {
		return nil
	}
	ok, err := store.SettleInvitation(ctx, tx, i.ID, store.Accepted, user, s.Now())
	if err == nil && !ok {
		err = reason.InvitationNotFound.New()
	}
	if err != nil {
		return err
	}
	_, err = store.MemberOf(ctx, tx, i.MerchantID, user)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return store.InsertMember(ctx, tx, store.Member{MerchantID: i.MerchantID, UserID: user, Role: i.Role, CreatedAt: s.Now().Truncate(time.Microsecond)})
}

// lockInvitation reads an invitation under the lock of its merchant, for whoever has
// its token.
func lockInvitation(ctx context.Context, tx *database.Tx, id, token string) (store.Invitation, error) {
	i, err := store.InvitationByID(ctx, tx, id)
	right := subtle.ConstantTimeCompare([]byte(i.TokenHash), []byte(hashToken(token))) == 1
	if errors.Is(err, store.ErrNotFound) || err == nil && !right {
		return store.Invitation{}, reason.InvitationNotFound.New()
	}
	if err != nil {
		return store.Invitation{}, err
	}
	if _, err := store.LockMembers(ctx, tx, i.MerchantID); err != nil {
		return store.Invitation{}, err
	}
	return store.InvitationByID(ctx, tx, id) // as it is under the lock
}

// Decline answers an invitation with no, for whoever has the token of the e-mail,
// signed in or not. Error: NotFound (invitation) as Accept.
func (s *Service) Decline(ctx context.Context, id, token string) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		i, err := lockInvitation(ctx, tx, id, token)
		if err != nil {
			return err
		}
		return s.closeInvitation(ctx, tx, i, store.Declined)
	})
}

// Withdraw takes an invitation back, for owners of the merchant. Errors: NotFound
// (merchant, invitation), PermissionDenied as Update.
func (s *Service) Withdraw(ctx context.Context, merchant, id string) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := lockOwned(ctx, tx, merchant); err != nil {
			return err
		}
		i, err := store.InvitationByID(ctx, tx, id)
		if errors.Is(err, store.ErrNotFound) || err == nil && i.MerchantID != merchant {
			return reason.InvitationNotFound.New()
		}
		if err != nil {
			return err
		}
		return s.closeInvitation(ctx, tx, i, store.Withdrawn)
	})
}

func (s *Service) closeInvitation(ctx context.Context, tx *database.Tx, i store.Invitation, state store.InvitationState) error {
	ok, err := store.SettleInvitation(ctx, tx, i.ID, state, "", s.Now())
	if err == nil && !ok {
		err = reason.InvitationNotFound.New()
	}
	return err
}

// newToken makes what the e-mail carries: 256 random bits.
func newToken() string {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// RoleName is the role in the words of the API and of e-mails, empty for none.
func RoleName(r merchantsv1.Role) string { return roleNames[r] }

var roleNames = map[merchantsv1.Role]string{
	merchantsv1.Role_ROLE_VIEWER: "viewer", merchantsv1.Role_ROLE_MANAGER: "manager", merchantsv1.Role_ROLE_OWNER: "owner",
}
