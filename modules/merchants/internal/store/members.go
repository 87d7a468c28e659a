package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"app/modules/merchants/merchantsv1"
	"app/platform/database"
)

// Member is somebody who may act for a merchant.
type Member struct {
	MerchantID string
	UserID     string
	Role       merchantsv1.Role
	CreatedAt  time.Time
}

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

// InsertMember adds a member. ErrDuplicate: the user is one already.
func InsertMember(ctx context.Context, tx *database.Tx, m Member) error {
	return members.Insert(ctx, tx, "member", newMemberRow(m))
}

// SetRole changes a member's role. It returns false when the user is not a member.
func SetRole(ctx context.Context, tx *database.Tx, merchant, user string, role merchantsv1.Role) (bool, error) {
	return anyRowChanged(tx.Exec(ctx, `UPDATE merchants_members SET role = ? WHERE merchant_id = ? AND user_id = ?`, int32(role), merchant, user))
}

// DeleteMember removes a member. It returns false when the user is not a member.
func DeleteMember(ctx context.Context, tx *database.Tx, merchant, user string) (bool, error) {
	return anyRowChanged(tx.Exec(ctx, `DELETE FROM merchants_members WHERE merchant_id = ? AND user_id = ?`, merchant, user))
}

// LockMembers makes changes of one merchant's members wait for each other: on MySQL
// transactions run side by side, and two owners who leave at the same time would each
// see the other. It returns false when there is no such merchant.
func LockMembers(ctx context.Context, tx *database.Tx, merchant string) (bool, error) {
	return anyRowChanged(tx.Exec(ctx, `UPDATE merchants_merchants SET version = version WHERE id = ?`, merchant))
}

// Owners counts a merchant's owners.
func Owners(ctx context.Context, q *database.Tx, merchant string) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT COUNT(*) FROM merchants_members WHERE merchant_id = ? AND role = ?`, merchant, int32(merchantsv1.Role_ROLE_OWNER)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count owners: %w", err)
	}
	return n, nil
}

// Members lists a merchant's members by user id, after the given one.
func Members(ctx context.Context, q *database.Tx, merchant, after string, limit int) ([]Member, error) {
	rows, err := members.List(ctx, q, "members", `WHERE b.merchant_id = ? AND b.user_id > ? ORDER BY b.user_id LIMIT ?`, merchant, after, limit)
	var out []Member
	for _, r := range rows {
		out = append(out, r.toMember())
	}
	return out, err
}

// AreMembers reports which of the users are members of a merchant.
func AreMembers(ctx context.Context, q *database.Tx, merchant string, users []string) (map[string]bool, error) {
	there := map[string]bool{}
	if len(users) == 0 {
		return there, nil
	}
	var found []memberRow
	err := q.Bun().NewSelect().Model(&found).Column("user_id").
		Where("b.merchant_id = ?", merchant).Where("b.user_id IN ?", bun.Tuple(users)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	for _, m := range found {
		there[m.UserID] = true
	}
	return there, nil
}

// MemberOf reads one member. ErrNotFound.
func MemberOf(ctx context.Context, q *database.Tx, merchant, user string) (Member, error) {
	row, err := members.Get(ctx, q, "member", `WHERE b.merchant_id = ? AND b.user_id = ?`, merchant, user)
	return row.toMember(), err
}

// Membership reads a user's role and the merchant's status in one query. Role is
// ROLE_UNSPECIFIED for somebody without one.
func Membership(ctx context.Context, q *database.Tx, merchant, user string) (role merchantsv1.Role, status Status, err error) {
	err = q.QueryRow(ctx, `SELECT b.role, m.status FROM merchants_members b JOIN merchants_merchants m ON m.id = b.merchant_id
		WHERE b.merchant_id = ? AND b.user_id = ?`, merchant, user).Scan(&role, &status)
	if errors.Is(err, sql.ErrNoRows) {
		return merchantsv1.Role_ROLE_UNSPECIFIED, "", nil
	}
	if err != nil {
		return 0, "", fmt.Errorf("read membership: %w", err)
	}
	return role, status, nil
}

// MerchantRole is a user's role with a merchant, and whether the merchant may sell.
type MerchantRole struct {
	Role   merchantsv1.Role
	Status Status
}

// Roles reads a user's roles with merchants, by the merchant's id, in one query. A
// merchant that does not exist is left out.
func Roles(ctx context.Context, q *database.Tx, merchants []string, user string) (map[string]MerchantRole, error) {
	out := make(map[string]MerchantRole, len(merchants))
	if len(merchants) == 0 {
		return out, nil
	}
	args := []any{user}
	for _, id := range merchants {
		args = append(args, id)
	}
	rows, err := q.Query(ctx, `SELECT m.id, m.status, COALESCE(b.role, 0) FROM merchants_merchants m
		LEFT JOIN merchants_members b ON b.merchant_id = m.id AND b.user_id = ? WHERE m.id IN (?`+strings.Repeat(", ?", len(merchants)-1)+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("read roles: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		var r MerchantRole
		if err := rows.Scan(&id, &r.Status, &r.Role); err != nil {
			return nil, fmt.Errorf("read roles: %w", err)
		}
		out[id] = r
	}
	return out, rows.Err()
}
