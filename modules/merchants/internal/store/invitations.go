package store

import (
	"context"
	"fmt"
	"time"

	"app/modules/merchants/merchantsv1"
	"app/platform/database"
)

// InvitationState tells what became of an invitation.
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
	SettledBy  string // who accepted, else empty
}

// Good reports whether the invitation can be answered.
func (i Invitation) Good(now time.Time) bool { return i.State == Invited && now.Before(i.ExpiresAt) }

const (
	invitationColumns = `id, merchant_id, email, email_key, role, token_hash, invited_by, created_at, expires_at, state, COALESCE(settled_by, '')`

	insertInvitation = `INSERT INTO merchants_invitations (id, merchant_id, email, email_key, role, token_hash, invited_by, created_at, expires_at, state)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)`
	invitationByID    = `SELECT ` + invitationColumns + ` FROM merchants_invitations WHERE id = ?`
	invitationsOf     = `SELECT ` + invitationColumns + ` FROM merchants_invitations WHERE merchant_id = ? AND state = 1 AND expires_at > ? AND id > ? ORDER BY id LIMIT ?`
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
	_, err := tx.Exec(ctx, insertInvitation, i.ID, i.MerchantID, i.Email, i.EmailKey, int32(i.Role), i.TokenHash, i.InvitedBy,
		database.Micros(i.CreatedAt), database.Micros(i.ExpiresAt))
	return mapDuplicate("insert invitation", err)
}

// InvitationByID reads an invitation, whatever became of it. ErrNotFound.
func InvitationByID(ctx context.Context, q *database.Tx, id string) (Invitation, error) {
	i, err := scanInvitation(q.QueryRow(ctx, invitationByID, id))
	return i, mapNoRows("read invitation", err)
}

// Invitations lists the invitations of a merchant that wait for an answer by id, after
// the given one.
func Invitations(ctx context.Context, q *database.Tx, merchant string, now time.Time, after string, limit int) ([]Invitation, error) {
	rows, err := q.Query(ctx, invitationsOf, merchant, database.Micros(now), after, limit)
	return collectRows("list invitations", rows, err, scanInvitation)
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

func scanInvitation(row interface{ Scan(...any) error }) (i Invitation, err error) {
	var created, expires int64
	err = row.Scan(&i.ID, &i.MerchantID, &i.Email, &i.EmailKey, &i.Role, &i.TokenHash, &i.InvitedBy, &created, &expires, &i.State, &i.SettledBy)
	i.CreatedAt, i.ExpiresAt = database.Time(created), database.Time(expires)
	return i, err
}
