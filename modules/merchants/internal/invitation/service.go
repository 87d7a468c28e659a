package invitation

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/merchants/internal/member"
	"app/modules/merchants/internal/merchant"
	"app/modules/merchants/internal/reason"
	"app/modules/merchants/merchantsevents"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/emailaddr"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// retention is how long an invitation is kept after it lapsed.
const retention = 30 * 24 * time.Hour

// Options put a service together.
type Options struct {
	DB  *database.DB
	Now func() time.Time
	// PublicURL is the address that people use, without a path; links in e-mails begin
	// with it.
	PublicURL string
	Limits    Limits
}

// Service invites people and takes their answers. It is safe for concurrent use.
type Service struct{ Options }

var _ member.Invitations = (*Service)(nil)

// New makes a service on a migrated database.
func New(o Options) *Service { return &Service{o} }

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
// Errors: those of member.RequireOwner, InvalidArgument at /email,
// reason.MerchantPending, reason.TooManyInvitations.
func (s *Service) Invite(ctx context.Context, merchantID string, o member.Offer) (member.Entry, error) {
	if err := s.mayInvite(ctx, merchantID); err != nil { // before anything is said about an address
		return member.Entry{}, err
	}
	address, err := emailaddr.Parse(strings.TrimSpace(o.Email))
	if err != nil {
		return member.Entry{}, fault.Invalid(fault.Field{Pointer: "/email", Detail: err.Error()})
	}
	token, now := newToken(), s.Now().Truncate(time.Microsecond)
	i := Invitation{
		ID: ids.For(ctx, "inv", now), MerchantID: merchantID, Email: address.String(), EmailKey: address.Key(), Role: o.Role,
		TokenHash: hashToken(token), InvitedBy: identity.FromContext(ctx).UserID,
		CreatedAt: now, ExpiresAt: now.Add(s.Limits.Life), State: Pending,
	}
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error { return s.createInvitation(ctx, tx, i, token) })
	if errors.Is(err, database.ErrDuplicate) { // the request was sent twice and has had its effect
		i, err = s.invitationByID(ctx, i.ID)
	}
	return i.Entry(), err
}

func (s *Service) mayInvite(ctx context.Context, merchantID string) error {
	return s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		_, err := approvedOwned(ctx, q, merchantID)
		return err
	})
}

// approvedOwned reads an approved merchant that the caller is an owner of.
func approvedOwned(ctx context.Context, q *database.Tx, merchantID string) (merchant.Merchant, error) {
	m, err := merchant.Owned(ctx, q, merchantID)
	if err == nil && m.Status != merchant.Approved {
		err = reason.MerchantPending.New()
	}
	return m, err
}

// createInvitation writes an invitation and its e-mail.
func (s *Service) createInvitation(ctx context.Context, tx *database.Tx, i Invitation, token string) error {
	if err := merchant.LockAccount(ctx, tx, i.InvitedBy); err != nil {
		return err
	}
	if err := member.Lock(ctx, tx, i.MerchantID); err != nil {
		return err
	}
	m, err := approvedOwned(ctx, tx, i.MerchantID)
	if err != nil {
		return err
	}
	if err := insertInvitation(ctx, tx, i); err != nil {
		return err
	}
	if err := replaceOlder(ctx, tx, i); err != nil {
		return err
	}
	if err := s.requireWithinLimits(ctx, tx, i); err != nil {
		return err
	}
	if err := deleteLapsed(ctx, tx, i.MerchantID, i.CreatedAt.Add(-retention)); err != nil {
		return err
	}
	return s.emitInvited(ctx, tx, i, m, token)
}

// requireWithinLimits counts beside an invitation that has been inserted.
func (s *Service) requireWithinLimits(ctx context.Context, tx *database.Tx, i Invitation) error {
	n, err := countBeside(ctx, tx, i, i.CreatedAt.Add(-24*time.Hour))
	switch {
	case err != nil:
		return err
	case max(n.ofMerchant, n.ofInviter) > s.Limits.PerDay:
		refusal := reason.TooManyInvitations.Newf("%d invitations can be sent in a day.", s.Limits.PerDay)
		refusal.RetryAfter = time.Hour
		return refusal
	case n.pending > s.Limits.Pending:
		return reason.TooManyInvitations.Newf("%d invitations wait for an answer: withdraw some first.", s.Limits.Pending)
	}
	return nil
}

func (s *Service) emitInvited(ctx context.Context, tx *database.Tx, i Invitation, m merchant.Merchant, token string) error {
	code := codeOf(i.ID, token)
	return events.Emit(ctx, tx, events.Key{Aggregate: "invitation", ID: i.ID, Version: 1}, &merchantsevents.Invited{
		InvitationId: i.ID, MerchantId: m.ID, MerchantName: m.Name, Email: i.Email, Role: member.RoleName(i.Role), Code: code,
		Link: linkTo(s.PublicURL, code), ExpiresAt: timestamppb.New(i.ExpiresAt), Locale: callctx.ClientOf(ctx).Locale(),
	}, events.Sensitive())
}

func (s *Service) invitationByID(ctx context.Context, id string) (Invitation, error) {
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (Invitation, error) {
		return readInvitation(ctx, q, id)
	})
}

// Waiting implements member.Invitations.
func (s *Service) Waiting(ctx context.Context, q *database.Tx, merchantID, after string, limit int) ([]member.Entry, error) {
	found, err := listPending(ctx, q, merchantID, s.Now(), after, limit)
	out := make([]member.Entry, len(found))
	for n, i := range found {
		out[n] = i.Entry()
	}
	return out, err
}
