package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"app/platform/database"
)

// Customer is somebody whom a merchant may write to about an order.
type Customer struct {
	OrderID    string
	MerchantID string
	Recipient  string
	Locale     string // that the buyer wants, empty where it is not known
	// Own tells that the buyer was signed in and the address is the account's own.
	Own    bool
	PaidAt time.Time
}

// InsertCustomer notes a customer. One that is there stays as it is.
func InsertCustomer(ctx context.Context, tx *database.Tx, c Customer) error {
	own := 0
	if c.Own {
		own = 1
	}
	_, err := tx.Exec(ctx, `INSERT INTO emails_customers (order_id, merchant_id, recipient, locale, own, paid_at) VALUES (?, ?, ?, ?, ?, ?)`,
		c.OrderID, c.MerchantID, c.Recipient, truncateValidText(c.Locale, 40), own, database.Micros(c.PaidAt))
	if err != nil && !database.IsDuplicate(err) {
		return fmt.Errorf("insert customer: %w", err)
	}
	return nil
}

// CustomerOf reads the customer of an order, as the merchant has it. ErrNotFound: the
// merchant has no such order.
func CustomerOf(ctx context.Context, q *database.Tx, orderID, merchantID string) (c Customer, err error) {
	c.OrderID, c.MerchantID = orderID, merchantID
	var own int
	var paid int64
	err = q.QueryRow(ctx, `SELECT recipient, locale, own, paid_at FROM emails_customers WHERE order_id = ? AND merchant_id = ?`, orderID, merchantID).
		Scan(&c.Recipient, &c.Locale, &own, &paid)
	if errors.Is(err, sql.ErrNoRows) {
		return Customer{}, ErrNotFound
	}
	if err != nil {
		return Customer{}, fmt.Errorf("read customer: %w", err)
	}
	c.Own, c.PaidAt = own == 1, database.Time(paid)
	return c, nil
}

// OwnOrder reports whether an order was placed with the buyer's own address.
func OwnOrder(ctx context.Context, q *database.Tx, orderID string) (own bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM emails_customers WHERE order_id = ? AND own = 1)`, orderID).Scan(&own)
	if err != nil {
		return false, fmt.Errorf("read customer: %w", err)
	}
	return own, nil
}

// ForgetCustomers removes the customers of orders that were paid before a time.
func ForgetCustomers(ctx context.Context, tx *database.Tx, before time.Time) error {
	if _, err := tx.Exec(ctx, `DELETE FROM emails_customers WHERE paid_at < ?`, database.Micros(before)); err != nil {
		return fmt.Errorf("delete customers: %w", err)
	}
	return nil
}

// TellAccount notes the address that an account has shown to be its own, unless a later
// one was told. address is in the form of emailaddr.Address.Key.
func TellAccount(ctx context.Context, tx *database.Tx, userID, address string, at time.Time) error {
	us := database.Micros(at)
	for range 2 {
		result, err := tx.Exec(ctx, `UPDATE emails_accounts SET address = ?, told_at = ? WHERE user_id = ? AND told_at < ?`, address, us, userID, us)
		if err != nil {
			return fmt.Errorf("note address: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 1 {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO emails_accounts (user_id, address, told_at) VALUES (?, ?, ?)`, userID, address, us)
		if err == nil {
			return nil
		}
		if !database.IsDuplicate(err) {
			return fmt.Errorf("note address: %w", err)
		}
	}
	return nil // a later one is there
}

// OwnAddress reports whether an account has shown the address to be its own.
func OwnAddress(ctx context.Context, q *database.Tx, userID, address string) (own bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM emails_accounts WHERE user_id = ? AND address = ?)`, userID, address).Scan(&own)
	if err != nil {
		return false, fmt.Errorf("read address: %w", err)
	}
	return own, nil
}
