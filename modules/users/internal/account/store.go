package account

import (
	"context"
	"database/sql"
	"time"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// Account is one person whose address is verified.
type Account struct {
	ID           string // usr_...
	Email        string // as it was typed
	EmailKey     string // in lower case, unique
	PasswordHash string // PHC string, or bcrypt
	FirstName    string
	MiddleName   string
	LastName     string
	Admin        bool
	VerifiedAt   time.Time
	DisabledAt   time.Time // zero: not disabled
	Version      int64     // 1 at first, one more with each change of the names
	CreatedAt    time.Time
	Locale       string // language of e-mails, a BCP 47 tag; empty where it is not known
}

// Disabled reports whether the account may not sign in.
func (a Account) Disabled() bool { return !a.DisabledAt.IsZero() }

const (
	accountColumns = `id, email, email_key, password_hash, first_name, middle_name, last_name, admin, verified_at, disabled_at, version, created_at, locale`

	insertAccount  = `INSERT INTO users_accounts (` + accountColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?)`
	accountByID    = `SELECT ` + accountColumns + ` FROM users_accounts WHERE id = ?`
	accountByEmail = `SELECT ` + accountColumns + ` FROM users_accounts WHERE email_key = ?`
	renameAccount  = `UPDATE users_accounts SET first_name = ?, middle_name = ?, last_name = ?, locale = ?, version = version + 1 WHERE id = ? AND version = ?`
	promoteAccount = `UPDATE users_accounts SET admin = 1 WHERE id = ? AND admin = 0`
	demoteAccount  = `UPDATE users_accounts SET admin = 0 WHERE id = ? AND admin = 1`
	admins         = `SELECT ` + accountColumns + ` FROM users_accounts WHERE admin = 1 ORDER BY id LIMIT ?`
	countAdmins    = `SELECT COUNT(*) FROM users_accounts WHERE admin = 1 AND disabled_at IS NULL`
	disableAccount = `UPDATE users_accounts SET disabled_at = ? WHERE id = ? AND disabled_at IS NULL`
	enableAccount  = `UPDATE users_accounts SET disabled_at = NULL WHERE id = ? AND disabled_at IS NOT NULL`
	rehashAccount  = `UPDATE users_accounts SET password_hash = ?, hash_kind = '' WHERE id = ? AND password_hash = ?`
)

// Insert adds a new account. ErrDuplicate: the id or the address has one.
func Insert(ctx context.Context, tx *database.Tx, a Account) error {
	_, err := tx.Exec(ctx, insertAccount, a.ID, a.Email, a.EmailKey, a.PasswordHash, a.FirstName, a.MiddleName, a.LastName,
		store.BoolToInt(a.Admin), database.Micros(a.VerifiedAt), a.Version, database.Micros(a.CreatedAt), a.Locale)
	return database.Inserted("account", err)
}

// ByID reads one account. ErrNotFound.
func ByID(ctx context.Context, tx *database.Tx, id string) (Account, error) {
	return scanAccount(tx.QueryRow(ctx, accountByID, id))
}

// Lock reads one account and keeps it as it is until the transaction ends:
// sessions are opened and ended under this lock, so that whoever ends all of them
// misses none. ErrNotFound.
func Lock(ctx context.Context, tx *database.Tx, id string) (Account, error) {
	query := accountByID
	if tx.Engine() == database.MySQL {
		query += ` FOR UPDATE`
	}
	return scanAccount(tx.QueryRow(ctx, query, id))
}

// ByEmail reads the account of an address in lower case. ErrNotFound.
func ByEmail(ctx context.Context, tx *database.Tx, key string) (Account, error) {
	return scanAccount(tx.QueryRow(ctx, accountByEmail, key))
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
func Admins(ctx context.Context, tx *database.Tx, limit int) (out []Account, err error) {
	rows, err := tx.Query(ctx, admins, limit)
	if err != nil {
		return nil, database.Found("administrators", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		a, err := scanAccount(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, database.Found("administrators", rows.Err())
}

// CountAdmins counts the administrators that may sign in. It looks through all
// accounts: for a command.
func CountAdmins(ctx context.Context, tx *database.Tx) (n int, err error) {
	err = tx.QueryRow(ctx, countAdmins).Scan(&n)
	return n, database.Found("administrators", err)
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

func scanAccount(row store.Scanner) (Account, error) {
	var a Account
	var admin int
	var verified, created int64
	var disabled sql.NullInt64
	err := row.Scan(&a.ID, &a.Email, &a.EmailKey, &a.PasswordHash, &a.FirstName, &a.MiddleName, &a.LastName,
		&admin, &verified, &disabled, &a.Version, &created, &a.Locale)
	if err != nil {
		return Account{}, database.Found("account", err)
	}
	a.Admin, a.VerifiedAt, a.DisabledAt, a.CreatedAt = admin == 1, database.Time(verified), database.NullTime(disabled), database.Time(created)
	return a, nil
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
