package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"app/modules/merchants/merchantsv1"
	"app/platform/database"
)

// InsertMember adds a member. ErrDuplicate: the user is one already.
func InsertMember(ctx context.Context, tx *database.Tx, m Member) error {
	_, err := tx.Exec(ctx, `INSERT INTO merchants_members (merchant_id, user_id, role, created_at) VALUES (?, ?, ?, ?)`,
		m.MerchantID, m.UserID, int32(m.Role), database.Micros(m.CreatedAt))
	return mapDuplicate("insert member", err)
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
	rows, err := q.Query(ctx, `SELECT merchant_id, user_id, role, created_at FROM merchants_members
		WHERE merchant_id = ? AND user_id > ? ORDER BY user_id LIMIT ?`, merchant, after, limit)
	return collectRows("list members", rows, err, scanMember)
}

// AreMembers tells which of the users are members of a merchant.
func AreMembers(ctx context.Context, q *database.Tx, merchant string, users []string) (map[string]bool, error) {
	there := map[string]bool{}
	if len(users) == 0 {
		return there, nil
	}
	rows, err := q.Bun().NewSelect().Table("merchants_members").Column("user_id").
		Where("merchant_id = ?", merchant).Where("user_id IN ?", bun.Tuple(users)).Rows(ctx)
	found, err := collectRows("list members", rows, err, func(row interface{ Scan(...any) error }) (id string, err error) { return id, row.Scan(&id) })
	for _, id := range found {
		there[id] = true
	}
	return there, err
}

// MemberOf reads one member. ErrNotFound.
func MemberOf(ctx context.Context, q *database.Tx, merchant, user string) (Member, error) {
	m, err := scanMember(q.QueryRow(ctx, `SELECT merchant_id, user_id, role, created_at FROM merchants_members
		WHERE merchant_id = ? AND user_id = ?`, merchant, user))
	return m, mapNoRows("read member", err)
}

func scanMember(row interface{ Scan(...any) error }) (m Member, err error) {
	var created int64
	err = row.Scan(&m.MerchantID, &m.UserID, &m.Role, &created)
	m.CreatedAt = database.Time(created)
	return m, err
}
