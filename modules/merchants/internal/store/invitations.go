package store

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"app/modules/merchants/merchantsv1"
	"app/platform/database"
)

// InvitationState is what became of an invitation.
type InvitationState int

// The states.
const (
	Invited   InvitationState = 1 // until it is answered or runs out
	Accepted  InvitationState = 2
	Declined  InvitationState = 3
	Withdrawn InvitationState = 4 // by an owner, by a newer one, or because the inviter is an owner no longer
)

// Invitation is an offer to act for a merchant, sent to an address.
type Invitation struct {
	ID         string // inv_...
	MerchantID string
	Email      string // as it was typed
	EmailKey   string // as addresses are compared
	Role       merchantsv1.Role
	TokenHash  string // SHA-256 in hexadecimal
	InvitedBy  string
	CreatedAt  time.Time
	ExpiresAt  time.Time
	State      InvitationState
	SettledAt  time.Time // zero while nobody has answered
	SettledBy  string    // who accepted, else empty
}

// Good reports whether the invitation can be answered.
func (i Invitation) Good(now time.Time) bool { return i.State == Invited && now.Before(i.ExpiresAt) }

// invitationRow is a row of merchants_invitations.
type invitationRow struct {
	bun.BaseModel `bun:"table:merchants_invitations,alias:i"`

	ID         string             `bun:"id,pk"`
	MerchantID string             `bun:"merchant_id"`
	Email      string             `bun:"email"`
	EmailKey   string             `bun:"email_key"`
	Role       merchantsv1.Role   `bun:"role"`
	TokenHash  string             `bun:"token_hash"`
	InvitedBy  string             `bun:"invited_by"`
	CreatedAt  database.Timestamp `bun:"created_at"`
	ExpiresAt  database.Timestamp `bun:"expires_at"`
	State      InvitationState    `bun:"state"`
	SettledAt  database.Timestamp `bun:"settled_at,nullzero"`
	SettledBy  string             `bun:"settled_by,nullzero"`
}

var invitations = database.ModelOf[invitationRow]()

func newInvitationRow(i Invitation) invitationRow {
	return invitationRow{
		ID: i.ID, MerchantID: i.MerchantID, Email: i.Email, EmailKey: i.EmailKey, Role: i.Role, TokenHash: i.TokenHash, InvitedBy: i.InvitedBy,
		CreatedAt: database.Timestamp{Time: i.CreatedAt}, ExpiresAt: database.Timestamp{Time: i.ExpiresAt},
		State: i.State, SettledAt: database.Timestamp{Time: i.SettledAt}, SettledBy: i.SettledBy,
	}
}

func (r invitationRow) toInvitation() Invitation {
	return Invitation{
		ID: r.ID, MerchantID: r.MerchantID, Email: r.Email, EmailKey: r.EmailKey, Role: r.Role, TokenHash: r.TokenHash, InvitedBy: r.InvitedBy,
		CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time, State: r.State, SettledAt: r.SettledAt.Time, SettledBy: r.SettledBy,
	}
}

const (
	settleInvitation  = `UPDATE merchants_invitations SET state = ?, settled_at = ?, settled_by = ? WHERE id = ? AND state = 1 AND expires_at > ?`
	replaceInvitation = `UPDATE merchants_invitations SET state = 4, settled_at = ? WHERE merchant_id = ? AND email_key = ? AND state = 1 AND id <> ?`
	withdrawAll       = `UPDATE merchants_invitations SET state = 4, settled_at = ? WHERE merchant_id = ? AND invited_by = ? AND state = 1`
	deleteInvitations = `DELETE FROM merchants_invitations WHERE merchant_id = ? AND expires_at < ?`
	countInvitations  = `SELECT (SELECT COUNT(*) FROM merchants_invitations WHERE merchant_id = ? AND created_at > ? AND created_at <= ?),
		(SELECT COUNT(*) FROM merchants_invitations WHERE invited_by = ? AND created_at > ? AND created_at <= ?),
		(SELECT COUNT(*) FROM merchants_invitations WHERE merchant_id = ? AND state = 1 AND expires_at > ?)`
)

// InsertInvitation adds an invitation. ErrDuplicate: the id is taken, so the request is
// a repetition.
func InsertInvitation(ctx context.Context, tx *database.Tx, i Invitation) error {
	return invitations.Insert(ctx, tx, "invitation", newInvitationRow(i))
}

// InvitationByID reads an invitation, whatever became of it. ErrNotFound.
func InvitationByID(ctx context.Context, q *database.Tx, id string) (Invitation, error) {
	row, err := invitations.Get(ctx, q, "invitation", `WHERE i.id = ?`, id)
	return row.toInvitation(), err
}

// Invitations lists the invitations of a merchant that wait for an answer by id, after
// the given one.
func Invitations(ctx context.Context, q *database.Tx, merchant string, now time.Time, after string, limit int) ([]Invitation, error) {
	rows, err := invitations.List(ctx, q, "invitations",
		`WHERE i.merchant_id = ? AND i.state = 1 AND i.expires_at > ? AND i.id > ? ORDER BY i.id LIMIT ?`, merchant, database.Micros(now), after, limit)
	var out []Invitation
	for _, r := range rows {
		out = append(out, r.toInvitation())
	}
	return out, err
}

// SettleInvitation answers an invitation. It returns false when that cannot be any
// more.
func SettleInvitation(ctx context.Context, tx *database.Tx, id string, state InvitationState, by string, now time.Time) (bool, error) {
	at := database.Micros(now)
	return anyRowChanged(tx.Exec(ctx, settleInvitation, int(state), at, by, id, at))
}

// ReplaceInvitations withdraws what else waits for an answer from the address of an
// invitation.
func ReplaceInvitations(ctx context.Context, tx *database.Tx, by Invitation) error {
	_, err := anyRowChanged(tx.Exec(ctx, replaceInvitation, database.Micros(by.CreatedAt), by.MerchantID, by.EmailKey, by.ID))
	return err
}

// WithdrawInvitationsBy withdraws what somebody has sent for a merchant and nobody has
// answered.
func WithdrawInvitationsBy(ctx context.Context, tx *database.Tx, merchant, inviter string, now time.Time) error {
	_, err := anyRowChanged(tx.Exec(ctx, withdrawAll, database.Micros(now), merchant, inviter))
	return err
}

// DeleteInvitations removes a merchant's invitations that ran out before a time, and
// with them the addresses of strangers.
func DeleteInvitations(ctx context.Context, tx *database.Tx, merchant string, before time.Time) error {
	_, err := anyRowChanged(tx.Exec(ctx, deleteInvitations, merchant, database.Micros(before)))
	return err
}

// InvitationCounts are what limits of invitations count.
type InvitationCounts struct {
	OfMerchant int // made for the merchant since a time
	OfInviter  int // made by the inviter since a time, for any merchant
	Waiting    int // of the merchant, without an answer
}

// CountInvitations counts beside an invitation, itself included.
func CountInvitations(ctx context.Context, q *database.Tx, i Invitation, since time.Time) (n InvitationCounts, err error) {
	from, now := database.Micros(since), database.Micros(i.CreatedAt)
	until := database.Micros(i.CreatedAt.Add(database.ClockSkew)) // later ones were made before the clock went back
	err = q.QueryRow(ctx, countInvitations, i.MerchantID, from, until, i.InvitedBy, from, until, i.MerchantID, now).Scan(&n.OfMerchant, &n.OfInviter, &n.Waiting)
	if err != nil {
		return n, fmt.Errorf("count invitations: %w", err)
	}
	return n, nil
}
