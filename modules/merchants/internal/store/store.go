// Package store keeps merchants and their members.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"app/modules/merchants/merchantsv1"
	"app/platform/database"
)

// Errors of this package.
var (
	// ErrDuplicate is returned when the id or the slug is taken, or the user is a
	// member already.
	ErrDuplicate = errors.New("exists already")
	// ErrNotFound is returned when there is no such row.
	ErrNotFound = errors.New("no such row")
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

// Member is somebody who may act for a merchant.
type Member struct {
	MerchantID string
	UserID     string
	Role       merchantsv1.Role
	CreatedAt  time.Time
}

// InsertMerchant adds a merchant. ErrDuplicate: the id or the slug is taken.
func InsertMerchant(ctx context.Context, tx *database.Tx, m Merchant) error {
	_, err := tx.Exec(ctx, `INSERT INTO merchants_merchants (id, slug, name, description, status, version, created_at, opened_by) VALUES (?, ?, ?, ?, ?, 1, ?, ?)`,
		m.ID, m.Slug, m.Name, m.Description, string(m.Status), database.Micros(m.CreatedAt), m.OpenedBy)
	return mapDuplicate("insert merchant", err)
}

const columns = `m.id, m.slug, m.name, m.description, m.status, m.version, m.created_at, m.opened_by`

func scanMerchant(row interface{ Scan(...any) error }) (m Merchant, err error) {
	var created int64
	err = row.Scan(&m.ID, &m.Slug, &m.Name, &m.Description, &m.Status, &m.Version, &created, &m.OpenedBy)
	m.CreatedAt = database.Time(created)
	return m, err
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
	m, err := scanMerchant(q.QueryRow(ctx, `SELECT `+columns+` FROM merchants_merchants m WHERE m.id = ?`, id))
	return m, mapNoRows("read merchant", err)
}

// BySlug reads a merchant. ErrNotFound.
func BySlug(ctx context.Context, q *database.Tx, slug string) (Merchant, error) {
	m, err := scanMerchant(q.QueryRow(ctx, `SELECT `+columns+` FROM merchants_merchants m WHERE m.slug = ?`, slug))
	return m, mapNoRows("read merchant", err)
}

// OfUser lists the merchants a user is a member of, by id, after the given one.
func OfUser(ctx context.Context, q *database.Tx, user, after string, limit int) ([]Merchant, error) {
	rows, err := q.Query(ctx, `SELECT `+columns+` FROM merchants_members b JOIN merchants_merchants m ON m.id = b.merchant_id
		WHERE b.user_id = ? AND b.merchant_id > ? ORDER BY b.merchant_id LIMIT ?`, user, after, limit)
	return collectRows("list merchants", rows, err, scanMerchant)
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

// collectRows reads the rows of a list.
func collectRows[T any](what string, rows *sql.Rows, err error, scan func(interface{ Scan(...any) error }) (T, error)) ([]T, error) {
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return out, nil
}

func anyRowChanged(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, fmt.Errorf("update: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

func mapDuplicate(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case database.IsDuplicate(err):
		return ErrDuplicate
	}
	return fmt.Errorf("%s: %w", what, err)
}

func mapNoRows(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	}
	return fmt.Errorf("%s: %w", what, err)
}
