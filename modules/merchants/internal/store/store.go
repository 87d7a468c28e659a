// Package store keeps merchants and their members.
package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"app/platform/database"
)

// Errors that callers decide by.
var (
	// ErrDuplicate is returned when the id or the slug is taken, or the user is a
	// member already.
	ErrDuplicate = database.ErrDuplicate
	// ErrNotFound is returned when there is no such row.
	ErrNotFound = database.ErrNotFound
)

// Status reports whether a merchant may sell.
type Status string

// The statuses.
const (
	Pending  Status = "pending"
	Approved Status = "approved"
)

// Merchant is who sells.
type Merchant struct {
	ID          string
	Slug        string
	Name        string
	Description string
	Status      Status
	Version     int64
	CreatedAt   time.Time
	OpenedBy    string // the account that it counts for; empty when that is not known
}

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

// InsertMerchant adds a merchant. ErrDuplicate: the id or the slug is taken.
func InsertMerchant(ctx context.Context, tx *database.Tx, m Merchant) error {
	return merchants.Insert(ctx, tx, "merchant", newMerchantRow(m))
}

// LockAccount makes transactions that count what an account has wait for each other. It
// comes before the lock of a merchant.
func LockAccount(ctx context.Context, tx *database.Tx, user string) error {
	return tx.Lock(ctx, "merchants_locks", user)
}

// CountOpened counts the merchants that an account has opened, and those of them that
// wait for approval.
func CountOpened(ctx context.Context, q *database.Tx, user string) (all, pending int, err error) {
	err = q.QueryRow(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN status = 'pending' THEN 1 ELSE 0 END), 0)
		FROM merchants_merchants WHERE opened_by = ?`, user).Scan(&all, &pending)
	if err != nil {
		return 0, 0, fmt.Errorf("count merchants: %w", err)
	}
	return all, pending, nil
}

// ByID reads a merchant. ErrNotFound.
func ByID(ctx context.Context, q *database.Tx, id string) (Merchant, error) {
	row, err := merchants.Get(ctx, q, "merchant", `WHERE m.id = ?`, id)
	return row.toMerchant(), err
}

// BySlug reads a merchant. ErrNotFound.
func BySlug(ctx context.Context, q *database.Tx, slug string) (Merchant, error) {
	row, err := merchants.Get(ctx, q, "merchant", `WHERE m.slug = ?`, slug)
	return row.toMerchant(), err
}

// OfUser lists the merchants a user is a member of, by id, after the given one.
func OfUser(ctx context.Context, q *database.Tx, user, after string, limit int) ([]Merchant, error) {
	rows, err := merchants.List(ctx, q, "merchants", `JOIN merchants_members b ON b.merchant_id = m.id
		WHERE b.user_id = ? AND b.merchant_id > ? ORDER BY b.merchant_id LIMIT ?`, user, after, limit)
	var out []Merchant
	for _, r := range rows {
		out = append(out, r.toMerchant())
	}
	return out, err
}

// Update changes name and description of the given version. It returns false when the
// merchant has another version.
func Update(ctx context.Context, tx *database.Tx, m Merchant) (bool, error) {
	return anyRowChanged(tx.Exec(ctx, `UPDATE merchants_merchants SET name = ?, description = ?, version = version + 1 WHERE id = ? AND version = ?`,
		m.Name, m.Description, m.ID, m.Version))
}

// Approve lets a pending merchant sell. It returns false when the merchant is not
// pending.
func Approve(ctx context.Context, tx *database.Tx, id string) (bool, error) {
	return anyRowChanged(tx.Exec(ctx, `UPDATE merchants_merchants SET status = 'approved', version = version + 1 WHERE id = ? AND status = 'pending'`, id))
}

func anyRowChanged(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, fmt.Errorf("update: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}
