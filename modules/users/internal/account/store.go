package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// accountRow is a row of users_accounts.
type accountRow struct {
	bun.BaseModel `bun:"table:users_accounts,alias:a"`

	ID           string             `bun:"id,pk"`
	Email        string             `bun:"email"`
	EmailKey     string             `bun:"email_key"`
	PasswordHash string             `bun:"password_hash"`
	FirstName    string             `bun:"first_name"`
	MiddleName   string             `bun:"middle_name"`
	LastName     string             `bun:"last_name"`
	Admin        bool               `bun:"admin"`
	VerifiedAt   database.Timestamp `bun:"verified_at"`
	DisabledAt   database.Timestamp `bun:"disabled_at,nullzero"`
	Version      int64              `bun:"version"`
	CreatedAt    database.Timestamp `bun:"created_at"`
	Locale       string             `bun:"locale"`
	Unconfirmed  bool               `bun:"unconfirmed"`
	HashKind     string             `bun:"hash_kind"`
}

var accounts = database.ModelOf[accountRow]()

func newAccountRow(a Account) accountRow {
	return accountRow{
		ID: a.ID, Email: a.Email, EmailKey: a.EmailKey, PasswordHash: a.PasswordHash,
		FirstName: a.FirstName, MiddleName: a.MiddleName, LastName: a.LastName, Admin: a.Admin,
		VerifiedAt: database.Timestamp{Time: a.VerifiedAt}, DisabledAt: database.Timestamp{Time: a.DisabledAt}, Version: a.Version,
		CreatedAt: database.Timestamp{Time: a.CreatedAt}, Locale: a.Locale, Unconfirmed: a.Unconfirmed, HashKind: a.HashKind,
	}
}

func (r accountRow) toAccount() Account {
	return Account{
		ID: r.ID, Email: r.Email, EmailKey: r.EmailKey, PasswordHash: r.PasswordHash,
		FirstName: r.FirstName, MiddleName: r.MiddleName, LastName: r.LastName, Admin: r.Admin,
		VerifiedAt: r.VerifiedAt.Time, DisabledAt: r.DisabledAt.Time, Version: r.Version,
		CreatedAt: r.CreatedAt.Time, Locale: r.Locale, Unconfirmed: r.Unconfirmed, HashKind: r.HashKind,
	}
}

const (
	renameAccount = `UPDATE users_accounts SET first_name = ?, middle_name = ?, last_name = ?, locale = ?, version = version + 1
		WHERE id = ? AND version = ?`
	promoteAccount = `UPDATE users_accounts SET admin = 1 WHERE id = ? AND admin = 0`
	demoteAccount  = `UPDATE users_accounts SET admin = 0 WHERE id = ? AND admin = 1`
	disableAccount = `UPDATE users_accounts SET disabled_at = ? WHERE id = ? AND disabled_at IS NULL`
	enableAccount  = `UPDATE users_accounts SET disabled_at = NULL WHERE id = ? AND disabled_at IS NOT NULL`
	rehashAccount  = `UPDATE users_accounts SET password_hash = ?, hash_kind = '' WHERE id = ? AND password_hash = ?`
)

// Insert adds a new account. ErrDuplicate: the id or the address has one.
func Insert(ctx context.Context, tx *database.Tx, a Account) error {
	return accounts.Insert(ctx, tx, "account", newAccountRow(a))
}

// ByID reads one account. ErrNotFound.
func ByID(ctx context.Context, tx *database.Tx, id string) (Account, error) {
	row, err := accounts.Get(ctx, tx, "account", `WHERE a.id = ?`, id)
	return row.toAccount(), err
}

// Lock reads one account and keeps it as it is until the transaction ends:
// sessions are opened and ended under this lock, so that whoever ends all of them
// misses none. ErrNotFound.
func Lock(ctx context.Context, tx *database.Tx, id string) (Account, error) {
	row, err := accounts.Get(ctx, tx, "account", `WHERE a.id = ?`+tx.ForUpdate(), id)
	return row.toAccount(), err
}

// ByEmail reads the account of an address in lower case. ErrNotFound.
func ByEmail(ctx context.Context, tx *database.Tx, key string) (Account, error) {
	row, err := accounts.Get(ctx, tx, "account", `WHERE a.email_key = ?`, key)
	return row.toAccount(), err
}

// IfExists tells an account that is there from one that is not; the error is any
// other.
func IfExists(a Account, err error) (Account, bool, error) {
	if errors.Is(err, store.ErrNotFound) {
		return Account{}, false, nil
	}
	return a, err == nil, err
}

// rename writes the names and the locale of a, which is one version on after it.
// ErrChanged: a is not the current version.
func rename(ctx context.Context, tx *database.Tx, a Account) error {
	return tx.One(ctx, "rename account", renameAccount, a.FirstName, a.MiddleName, a.LastName, a.Locale, a.ID, a.Version)
}

// Promote makes the account an administrator. ErrChanged: it is one.
func Promote(ctx context.Context, tx *database.Tx, id string) error {
	return tx.One(ctx, "promote account", promoteAccount, id)
}

// Demote takes an account the rights of an administrator. ErrChanged: it has
// none.
func Demote(ctx context.Context, tx *database.Tx, id string) error {
	return tx.One(ctx, "demote account", demoteAccount, id)
}

// Admins reads the accounts of administrators, the oldest first. It looks through all
// accounts: for a command.
func Admins(ctx context.Context, tx *database.Tx, limit int) ([]Account, error) {
	rows, err := accounts.List(ctx, tx, "administrators", `WHERE a.admin = 1 ORDER BY a.id LIMIT ?`, limit)
	return store.Convert(rows, accountRow.toAccount), err
}

// CountAdmins counts the administrators that may sign in. It looks through all
// accounts: for a command.
func CountAdmins(ctx context.Context, tx *database.Tx) (int, error) {
	n, err := tx.Bun().NewSelect().Model((*accountRow)(nil)).Where("a.admin = 1").Where("a.disabled_at IS NULL").Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count administrators: %w", err)
	}
	return int(n), nil
}

// Disable keeps somebody out. ErrChanged: the account is disabled already.
func Disable(ctx context.Context, tx *database.Tx, id string, now time.Time) error {
	return tx.One(ctx, "disable account", disableAccount, database.Micros(now), id)
}

// Enable lets somebody in again. ErrChanged: the account is not disabled.
func Enable(ctx context.Context, tx *database.Tx, id string) error {
	return tx.One(ctx, "enable account", enableAccount, id)
}

// Rehash replaces the stored form of the same password. ErrChanged: the
// password is another by now.
func Rehash(ctx context.Context, tx *database.Tx, id, from, to string) error {
	return tx.One(ctx, "rehash password", rehashAccount, to, id, from)
}

const (
	setPassword = `UPDATE users_accounts SET password_hash = ?, hash_kind = '' WHERE id = ?`
	setEmail    = `UPDATE users_accounts SET email = ?, email_key = ?, verified_at = ?, version = version + 1 WHERE id = ? AND email_key = ?`
)

// SetPassword gives the account another password. The same one again is fine.
func SetPassword(ctx context.Context, tx *database.Tx, id, hash string) error {
	return store.Exec(ctx, tx, "set password", setPassword, hash, id)
}

// SetEmail gives the account another address, which has just been shown to be its
// owner's; from is the one before, in lower case. ErrDuplicate: the address has an
// account. ErrChanged: the account's address is another by now.
func SetEmail(ctx context.Context, tx *database.Tx, id, from, email, key string, now time.Time) error {
	err := tx.One(ctx, "set address", setEmail, email, key, database.Micros(now), id, from)
	if database.IsDuplicate(err) {
		return store.ErrDuplicate
	}
	return err
}
