package member

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"app/modules/merchants/merchantsv1"
	"app/platform/database"
)

// memberRow is a row of merchants_members.
type memberRow struct {
	bun.BaseModel `bun:"table:merchants_members,alias:b"`

	MerchantID string             `bun:"merchant_id,pk"`
	UserID     string             `bun:"user_id,pk"`
	Role       merchantsv1.Role   `bun:"role"`
	CreatedAt  database.Timestamp `bun:"created_at"`
}

var members = database.ModelOf[memberRow]()

func newMemberRow(m Member) memberRow {
	return memberRow{MerchantID: m.MerchantID, UserID: m.UserID, Role: m.Role, CreatedAt: database.Timestamp{Time: m.CreatedAt}}
}

func (r memberRow) toMember() Member {
	return Member{MerchantID: r.MerchantID, UserID: r.UserID, Role: r.Role, CreatedAt: r.CreatedAt.Time}
}

// Insert adds a member. database.ErrDuplicate: the user is one already.
func Insert(ctx context.Context, tx *database.Tx, m Member) error {
	return members.Insert(ctx, tx, "member", newMemberRow(m))
}

// Of reads one member. database.ErrNotFound.
func Of(ctx context.Context, q *database.Tx, merchantID, userID string) (Member, error) {
	row, err := members.Get(ctx, q, "member", `WHERE b.merchant_id = ? AND b.user_id = ?`, merchantID, userID)
	return row.toMember(), err
}

// listMembers lists the members of a merchant by user id, after the given one.
func listMembers(ctx context.Context, q *database.Tx, merchantID, after string, limit int) ([]Entry, error) {
	rows, err := members.List(ctx, q, "members",
		`WHERE b.merchant_id = ? AND b.user_id > ? ORDER BY b.user_id LIMIT ?`, merchantID, after, limit)
	out := make([]Entry, len(rows))
	for i, r := range rows {
		out[i] = r.toMember().Entry()
	}
	return out, err
}

// FirstOwner is the owner of a merchant whose id comes first. database.ErrNotFound:
// there is no such merchant.
func FirstOwner(ctx context.Context, q *database.Tx, merchantID string) (Member, error) {
	row, err := members.Get(ctx, q, "owner", `WHERE b.merchant_id = ? AND b.role = ? ORDER BY b.user_id LIMIT 1`,
		merchantID, int32(merchantsv1.Role_ROLE_OWNER))
	return row.toMember(), err
}

// Among reports which of the users are members of a merchant.
func Among(ctx context.Context, q *database.Tx, merchantID string, userIDs []string) (map[string]bool, error) {
	there := map[string]bool{}
	if len(userIDs) == 0 {
		return there, nil
	}
	var found []memberRow
	err := q.Bun().NewSelect().Model(&found).Column("user_id").
		Where("b.merchant_id = ?", merchantID).Where("b.user_id IN ?", bun.Tuple(userIDs)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	for _, m := range found {
		there[m.UserID] = true
	}
	return there, nil
}

// countOwners counts the owners of a merchant.
func countOwners(ctx context.Context, q *database.Tx, merchantID string) (int, error) {
	n, err := q.Bun().NewSelect().Model((*memberRow)(nil)).
		Where("b.merchant_id = ?", merchantID).Where("b.role = ?", int32(merchantsv1.Role_ROLE_OWNER)).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count owners: %w", err)
	}
	return int(n), nil
}

// updateRole changes a member's role. database.ErrChanged: the user is not a member.
func updateRole(ctx context.Context, tx *database.Tx, merchantID, userID string, role merchantsv1.Role) error {
	return tx.One(ctx, "update role",
		`UPDATE merchants_members SET role = ? WHERE merchant_id = ? AND user_id = ?`, int32(role), merchantID, userID)
}

// deleteMember removes a member. database.ErrChanged: the user is not a member.
func deleteMember(ctx context.Context, tx *database.Tx, merchantID, userID string) error {
	return tx.One(ctx, "delete member", `DELETE FROM merchants_members WHERE merchant_id = ? AND user_id = ?`, merchantID, userID)
}

// Lock makes changes of one merchant's members wait for each other: on MySQL
// transactions run side by side, and two owners who leave at the same time would each
// see the other. It locks the merchant's own row, and nothing where there is none.
func Lock(ctx context.Context, tx *database.Tx, merchantID string) error {
	if _, err := tx.Exec(ctx, `UPDATE merchants_merchants SET version = version WHERE id = ?`, merchantID); err != nil {
		return fmt.Errorf("lock members: %w", err)
	}
	return nil
}

// standingsOf reads what a user is to merchants, by the merchant's id, in one
// statement. A merchant that does not exist is left out.
func standingsOf(ctx context.Context, q *database.Tx, userID string, merchantIDs []string) (map[string]Standing, error) {
	out := make(map[string]Standing, len(merchantIDs))
	if len(merchantIDs) == 0 {
		return out, nil
	}
	args := []any{userID}
	for _, id := range merchantIDs {
		args = append(args, id)
	}
	rows, err := q.Query(ctx, `SELECT m.id, m.status = 'approved', COALESCE(b.role, 0) FROM merchants_merchants m
		LEFT JOIN merchants_members b ON b.merchant_id = m.id AND b.user_id = ?
		WHERE m.id IN (?`+strings.Repeat(", ?", len(merchantIDs)-1)+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("read standings: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		var s Standing
		if err := rows.Scan(&id, &s.Approved, &s.Role); err != nil {
			return nil, fmt.Errorf("read standings: %w", err)
		}
		out[id] = s
	}
	return out, rows.Err()
}
