package store

import (
	"context"
	"time"

	"app/platform/database"
)

// Purpose says what a row of codes is for.
type Purpose string

// The purposes.
const (
	// VerifyAddress is a code with the registration that it makes true.
	VerifyAddress Purpose = "verify_address"
	// KnownAddress records that the owner of an account was told of a registration; it
	// has no code.
	KnownAddress Purpose = "known_address"
)

// MaxTries is how often a code may be tried.
const MaxTries = 5

// Code is one e-mail caused by one registration, and what was registered.
type Code struct {
	ID           string // cod_...
	EmailKey     string
	Purpose      Purpose
	Hash         string // empty for KnownAddress
	ExpiresAt    time.Time
	Email        string
	PasswordHash string // blanked when the code is spent
	FirstName    string
	MiddleName   string
	LastName     string
	CreatedAt    time.Time
	Locale       string
	Network      string // which the registration came from; empty: not known
	Share        Share
}

const (
	codeColumns = `id, email_key, purpose, code_hash, expires_at, email, password_hash, first_name, middle_name, last_name, created_at, locale, network, share`

	insertCode = `INSERT INTO users_codes (` + codeColumns + `, tries, spent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, NULL)`
	codeByID   = `SELECT ` + codeColumns + ` FROM users_codes WHERE id = ?`
	newestCode = `SELECT ` + codeColumns + ` FROM users_codes WHERE email_key = ? AND purpose = ? AND network = ? ORDER BY created_at DESC, id DESC LIMIT 1`
	tryCode    = `UPDATE users_codes SET tries = tries + 1 WHERE id = ? AND tries < 5 AND spent_at IS NULL AND expires_at > ?`
	spendCode  = `UPDATE users_codes SET spent_at = ?, password_hash = '' WHERE id = ? AND spent_at IS NULL`
	oldCodes   = `SELECT id FROM users_codes WHERE created_at < ? LIMIT 100`
	deleteCode = `DELETE FROM users_codes WHERE id = ?`
)

// InsertCode adds a row. ErrDuplicate: the id has one, so the request is a repetition.
func InsertCode(ctx context.Context, tx *database.Tx, c Code) error {
	_, err := tx.Exec(ctx, insertCode, c.ID, c.EmailKey, string(c.Purpose), c.Hash, database.Micros(c.ExpiresAt),
		c.Email, c.PasswordHash, c.FirstName, c.MiddleName, c.LastName, database.Micros(c.CreatedAt), c.Locale, c.Network, string(c.Share))
	return database.Inserted("code", err)
}

// NewestCode reads the newest row of an address, a purpose and a network: of these no
// other counts. ErrNotFound.
func NewestCode(ctx context.Context, tx *database.Tx, emailKey string, p Purpose, network string) (Code, error) {
	return scanCode(tx.QueryRow(ctx, newestCode, emailKey, string(p), network))
}

// CodeByID reads a row, also one that is spent or over. ErrNotFound.
func CodeByID(ctx context.Context, tx *database.Tx, id string) (Code, error) {
	return scanCode(tx.QueryRow(ctx, codeByID, id))
}

func scanCode(row Scanner) (c Code, err error) {
	var expires, created int64
	err = row.Scan(&c.ID, &c.EmailKey, &c.Purpose, &c.Hash, &expires, &c.Email, &c.PasswordHash,
		&c.FirstName, &c.MiddleName, &c.LastName, &created, &c.Locale, &c.Network, &c.Share)
	if err != nil {
		return Code{}, database.Found("code", err)
	}
	c.ExpiresAt, c.CreatedAt = database.Time(expires), database.Time(created)
	return c, nil
}

// TryCode counts a try before it is made. ErrChanged: no try is left, or the code is
// spent or over.
func TryCode(ctx context.Context, tx *database.Tx, id string, now time.Time) error {
	return tx.One(ctx, "try code", tryCode, id, database.Micros(now))
}

// SpendCode uses a code up. ErrChanged: it was used before.
func SpendCode(ctx context.Context, tx *database.Tx, id string, now time.Time) error {
	return tx.One(ctx, "spend code", spendCode, database.Micros(now), id)
}

// DeleteCodes removes at most 100 rows older than a time.
func DeleteCodes(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	return DeleteEach(ctx, tx, "codes", oldCodes, deleteCode, database.Micros(before))
}
