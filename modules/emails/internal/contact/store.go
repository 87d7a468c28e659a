package contact

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"app/platform/database"
	"app/platform/text"
)

// accountRow is a row of emails_accounts.
type accountRow struct {
	bun.BaseModel `bun:"table:emails_accounts,alias:a"`

	UserID  string             `bun:"user_id,pk"`
	Address string             `bun:"address"`
	ToldAt  database.Timestamp `bun:"told_at"`
}

// customerRow is a row of emails_customers.
type customerRow struct {
	bun.BaseModel `bun:"table:emails_customers,alias:c"`

	OrderID    string             `bun:"order_id,pk"`
	MerchantID string             `bun:"merchant_id,pk"`
	Recipient  string             `bun:"recipient"`
	Locale     string             `bun:"locale"`
	Own        bool               `bun:"own"`
	PaidAt     database.Timestamp `bun:"paid_at"`
}

var (
	accounts  = database.ModelOf[accountRow]()
	customers = database.ModelOf[customerRow]()
)

func newAccountRow(a Account) accountRow {
	return accountRow{UserID: a.UserID, Address: a.Address, ToldAt: database.Timestamp{Time: a.ToldAt}}
}

func (r accountRow) toAccount() Account {
	return Account{UserID: r.UserID, Address: r.Address, ToldAt: r.ToldAt.Time}
}

// newCustomerRow cuts what a buyer's browser said to what the column holds.
func newCustomerRow(c Customer) customerRow {
	return customerRow{
		OrderID: c.OrderID, MerchantID: c.MerchantID, Recipient: c.Recipient, Locale: text.Cut(text.Valid(c.Locale), 40),
		Own: c.Own, PaidAt: database.Timestamp{Time: c.PaidAt},
	}
}

func (r customerRow) toCustomer() Customer {
	return Customer{
		OrderID: r.OrderID, MerchantID: r.MerchantID, Recipient: r.Recipient, Locale: r.Locale, Own: r.Own, PaidAt: r.PaidAt.Time,
	}
}

// updateAccount replaces an address that was told before. database.ErrChanged when
// there is none.
func updateAccount(ctx context.Context, tx *database.Tx, a Account) error {
	told := database.Micros(a.ToldAt)
	return tx.One(ctx, "update account",
		`UPDATE emails_accounts SET address = ?, told_at = ? WHERE user_id = ? AND told_at < ?`, a.Address, told, a.UserID, told)
}

// insertAccount adds an account. Error: database.ErrDuplicate.
func insertAccount(ctx context.Context, tx *database.Tx, a Account) error {
	return accounts.Insert(ctx, tx, "account", newAccountRow(a))
}

// hasAddress reports whether an address is noted as the account's.
func hasAddress(ctx context.Context, q *database.Tx, userID, key string) (own bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM emails_accounts WHERE user_id = ? AND address = ?)`, userID, key).Scan(&own)
	if err != nil {
		return false, fmt.Errorf("read account: %w", err)
	}
	return own, nil
}

// insertCustomer adds a customer. Error: database.ErrDuplicate.
func insertCustomer(ctx context.Context, tx *database.Tx, c Customer) error {
	return customers.Insert(ctx, tx, "customer", newCustomerRow(c))
}

// CustomerOf reads the customer of an order, as the merchant has it.
// database.ErrNotFound: the merchant has no such order.
func CustomerOf(ctx context.Context, q *database.Tx, orderID, merchantID string) (Customer, error) {
	row, err := customers.Get(ctx, q, "customer", `WHERE c.order_id = ? AND c.merchant_id = ?`, orderID, merchantID)
	if err != nil {
		return Customer{}, err
	}
	return row.toCustomer(), nil
}

// IsOwnOrder reports whether an order was placed with the buyer's own address.
func IsOwnOrder(ctx context.Context, q *database.Tx, orderID string) (own bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM emails_customers WHERE order_id = ? AND own = 1)`, orderID).Scan(&own)
	if err != nil {
		return false, fmt.Errorf("read customer: %w", err)
	}
	return own, nil
}

// Forget removes the customers of orders that were paid before a time.
func Forget(ctx context.Context, tx *database.Tx, before time.Time) error {
	_, err := tx.Bun().NewDelete().Model((*customerRow)(nil)).Where("paid_at < ?", database.Micros(before)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("delete customers: %w", err)
	}
	return nil
}
