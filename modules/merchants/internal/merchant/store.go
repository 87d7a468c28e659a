package merchant

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"app/modules/merchants/merchantsv1"
	"app/platform/database"
)

// merchantRow is a row of merchants_merchants.
type merchantRow struct {
	bun.BaseModel `bun:"table:merchants_merchants,alias:m"`

	ID          string             `bun:"id,pk"`
	Slug        string             `bun:"slug"`
	Name        string             `bun:"name"`
	Description string             `bun:"description"`
	Status      Status             `bun:"status"`
	Version     int64              `bun:"version"`
	CreatedAt   database.Timestamp `bun:"created_at"`
	OpenedBy    string             `bun:"opened_by"`
}

var merchants = database.ModelOf[merchantRow]()

func newMerchantRow(m Merchant) merchantRow {
	return merchantRow{
		ID: m.ID, Slug: m.Slug, Name: m.Name, Description: m.Description, Status: m.Status, Version: m.Version,
		CreatedAt: database.Timestamp{Time: m.CreatedAt}, OpenedBy: m.OpenedBy,
	}
}

func (r merchantRow) toMerchant() Merchant {
	return Merchant{
		ID: r.ID, Slug: r.Slug, Name: r.Name, Description: r.Description, Status: r.Status, Version: r.Version,
		CreatedAt: r.CreatedAt.Time, OpenedBy: r.OpenedBy,
	}
}

// insertMerchant adds a merchant. database.ErrDuplicate: the id or the slug is taken.
func insertMerchant(ctx context.Context, tx *database.Tx, m Merchant) error {
	return merchants.Insert(ctx, tx, "merchant", newMerchantRow(m))
}

// LockAccount makes transactions that count what an account has wait for each other. It
// comes before member.Lock.
func LockAccount(ctx context.Context, tx *database.Tx, userID string) error {
	return tx.Lock(ctx, "merchants_locks", userID)
}

// countOpened counts the merchants that an account has opened, and those of them that
// wait for approval.
func countOpened(ctx context.Context, q *database.Tx, userID string) (all, pending int, err error) {
	err = q.Bun().NewSelect().Model((*merchantRow)(nil)).
		ColumnExpr("COUNT(*), COALESCE(SUM(CASE WHEN m.status = ? THEN 1 ELSE 0 END), 0)", string(Pending)).
		Where("m.opened_by = ?", userID).Scan(ctx, &all, &pending)
	if err != nil {
		return 0, 0, fmt.Errorf("count merchants: %w", err)
	}
	return all, pending, nil
}

// merchantByID reads a merchant. database.ErrNotFound.
func merchantByID(ctx context.Context, q *database.Tx, id string) (Merchant, error) {
	row, err := merchants.Get(ctx, q, "merchant", `WHERE m.id = ?`, id)
	return row.toMerchant(), err
}

// merchantBySlug reads a merchant. database.ErrNotFound.
func merchantBySlug(ctx context.Context, q *database.Tx, slug string) (Merchant, error) {
	row, err := merchants.Get(ctx, q, "merchant", `WHERE m.slug = ?`, slug)
	return row.toMerchant(), err
}

// listOf lists the merchants a user is a member of by id, after the given one.
func listOf(ctx context.Context, q *database.Tx, userID, after string, limit int) ([]Merchant, error) {
	rows, err := merchants.List(ctx, q, "merchants", `JOIN merchants_members b ON b.merchant_id = m.id
		WHERE b.user_id = ? AND b.merchant_id > ? ORDER BY b.merchant_id LIMIT ?`, userID, after, limit)
	out := make([]Merchant, len(rows))
	for i, r := range rows {
		out[i] = r.toMerchant()
	}
	return out, err
}

// readProfile reads the profile of a merchant in one statement. database.ErrNotFound.
func readProfile(ctx context.Context, q *database.Tx, id string) (p Profile, err error) {
	err = q.QueryRow(ctx, `SELECT m.name, m.slug, m.status, COALESCE((SELECT b.user_id FROM merchants_members b
		WHERE b.merchant_id = m.id AND b.role = ? ORDER BY b.created_at, b.user_id LIMIT 1), '') FROM merchants_merchants m WHERE m.id = ?`,
		int32(merchantsv1.Role_ROLE_OWNER), id).Scan(&p.Name, &p.Slug, &p.Status, &p.OwnerID)
	return p, database.Found("profile", err)
}

// updateProfile changes name and description. database.ErrChanged: the merchant has
// another version.
func updateProfile(ctx context.Context, tx *database.Tx, m Merchant) error {
	return tx.One(ctx, "update merchant",
		`UPDATE merchants_merchants SET name = ?, description = ?, version = version + 1 WHERE id = ? AND version = ?`,
		m.Name, m.Description, m.ID, m.Version)
}

// approvePending lets a pending merchant sell. database.ErrChanged: it is not pending.
func approvePending(ctx context.Context, tx *database.Tx, id string) error {
	return tx.One(ctx, "approve merchant", `UPDATE merchants_merchants SET status = ?, version = version + 1 WHERE id = ? AND status = ?`,
		string(Approved), id, string(Pending))
}
