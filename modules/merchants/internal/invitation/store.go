package invitation

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"app/modules/merchants/merchantsv1"
	"app/platform/database"
)

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
	State      State              `bun:"state"`
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

// insertInvitation adds an invitation. database.ErrDuplicate: the id is taken, so the
// request is a repetition.
func insertInvitation(ctx context.Context, tx *database.Tx, i Invitation) error {
	return invitations.Insert(ctx, tx, "invitation", newInvitationRow(i))
}

// readInvitation reads an invitation, whatever became of it. database.ErrNotFound.
func readInvitation(ctx context.Context, q *database.Tx, id string) (Invitation, error) {
	row, err := invitations.Get(ctx, q, "invitation", `WHERE i.id = ?`, id)
	return row.toInvitation(), err
}

// listPending lists the invitations of a merchant that wait for an answer by id, after
// the given one.
func listPending(ctx context.Context, q *database.Tx, merchantID string, now time.Time, after string, limit int) ([]Invitation, error) {
	rows, err := invitations.List(ctx, q, "invitations",
		`WHERE i.merchant_id = ? AND i.state = 1 AND i.expires_at > ? AND i.id > ? ORDER BY i.id LIMIT ?`,
		merchantID, database.Micros(now), after, limit)
	out := make([]Invitation, len(rows))
	for n, r := range rows {
		out[n] = r.toInvitation()
	}
	return out, err
}

// updatePending stores what became of an invitation. database.ErrChanged: it waited for
// no answer any more.
func updatePending(ctx context.Context, tx *database.Tx, i Invitation) error {
	at := database.Micros(i.SettledAt)
	return tx.One(ctx, "settle invitation",
		`UPDATE merchants_invitations SET state = ?, settled_at = ?, settled_by = ? WHERE id = ? AND state = 1 AND expires_at > ?`,
		int(i.State), at, i.SettledBy, i.ID, at)
}

// replaceOlder withdraws what else waits for an answer from the address of an
// invitation.
func replaceOlder(ctx context.Context, tx *database.Tx, by Invitation) error {
	return execWithdrawal(ctx, withdrawPending(tx, by.MerchantID, by.CreatedAt).Where("email_key = ?", by.EmailKey).Where("id <> ?", by.ID))
}

// withdrawSent withdraws what somebody has sent for a merchant and nobody has answered.
func withdrawSent(ctx context.Context, tx *database.Tx, merchantID, inviterID string, now time.Time) error {
	return execWithdrawal(ctx, withdrawPending(tx, merchantID, now).Where("invited_by = ?", inviterID))
}

// withdrawPending withdraws the invitations of a merchant that wait for an answer.
func withdrawPending(tx *database.Tx, merchantID string, now time.Time) *bun.UpdateQuery {
	return tx.Bun().NewUpdate().Model((*invitationRow)(nil)).
		Set("state = ?", int(Withdrawn)).Set("settled_at = ?", database.Micros(now)).
		Where("merchant_id = ?", merchantID).Where("state = ?", int(Pending))
}

func execWithdrawal(ctx context.Context, update *bun.UpdateQuery) error {
	if _, err := update.Exec(ctx); err != nil {
		return fmt.Errorf("withdraw invitations: %w", err)
	}
	return nil
}

// deleteLapsed removes a merchant's invitations that lapsed before a time, and with
// them the addresses of strangers.
func deleteLapsed(ctx context.Context, tx *database.Tx, merchantID string, before time.Time) error {
	_, err := tx.Bun().NewDelete().Model((*invitationRow)(nil)).
		Where("merchant_id = ?", merchantID).Where("expires_at < ?", database.Micros(before)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("delete invitations: %w", err)
	}
	return nil
}

const countQuery = `SELECT (SELECT COUNT(*) FROM merchants_invitations WHERE merchant_id = ? AND created_at > ? AND created_at <= ?),
	(SELECT COUNT(*) FROM merchants_invitations WHERE invited_by = ? AND created_at > ? AND created_at <= ?),
	(SELECT COUNT(*) FROM merchants_invitations WHERE merchant_id = ? AND state = 1 AND expires_at > ?)`

// countBeside counts beside an invitation, itself included, what was made since a time.
func countBeside(ctx context.Context, q *database.Tx, i Invitation, since time.Time) (n counts, err error) {
	from, now := database.Micros(since), database.Micros(i.CreatedAt)
	until := database.Micros(i.CreatedAt.Add(database.ClockSkew)) // later ones were made before the clock went back
	err = q.QueryRow(ctx, countQuery, i.MerchantID, from, until, i.InvitedBy, from, until, i.MerchantID, now).
		Scan(&n.ofMerchant, &n.ofInviter, &n.pending)
	if err != nil {
		return counts{}, fmt.Errorf("count invitations: %w", err)
	}
	return n, nil
}
