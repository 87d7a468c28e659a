package registration

import (
	"context"
	"time"

	"app/modules/users/internal/code"
	"app/modules/users/internal/store"
	"app/platform/database"
)

// Code is one e-mail caused by one registration, and what was registered.
type Code struct {
	ID           string // cod_...
	EmailKey     string
	Purpose      code.Purpose
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
	Share        code.Share
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

// addCode adds a row. ErrDuplicate: the id has one, so the request is a repetition.
func addCode(ctx context.Context, tx *database.Tx, c Code) error {
	_, err := tx.Exec(ctx, insertCode, c.ID, c.EmailKey, string(c.Purpose), c.Hash, database.Micros(c.ExpiresAt),
		c.Email, c.PasswordHash, c.FirstName, c.MiddleName, c.LastName, database.Micros(c.CreatedAt), c.Locale, c.Network, string(c.Share))
	return database.Inserted("code", err)
}

// newestOf reads the newest row of an address, a purpose and a network: of these no
// other counts. ErrNotFound.
func newestOf(ctx context.Context, tx *database.Tx, emailKey string, p code.Purpose, network string) (Code, error) {
	return scanCode(tx.QueryRow(ctx, newestCode, emailKey, string(p), network))
}

// findCode reads a row, also one that is spent or over. ErrNotFound.
func findCode(ctx context.Context, tx *database.Tx, id string) (Code, error) {
	return scanCode(tx.QueryRow(ctx, codeByID, id))
}

func scanCode(row store.Scanner) (c Code, err error) {
	var expires, created int64
	err = row.Scan(&c.ID, &c.EmailKey, &c.Purpose, &c.Hash, &expires, &c.Email, &c.PasswordHash,
		&c.FirstName, &c.MiddleName, &c.LastName, &created, &c.Locale, &c.Network, &c.Share)
	if err != nil {
		return Code{}, database.Found("code", err)
	}
	c.ExpiresAt, c.CreatedAt = database.Time(expires), database.Time(created)
	return c, nil
}

// countTry counts a try before it is made. ErrChanged: no try is left, or the code is
// spent or over.
func countTry(ctx context.Context, tx *database.Tx, id string, now time.Time) error {
	return tx.One(ctx, "try code", tryCode, id, database.Micros(now))
}

// useCode uses a code up. ErrChanged: it was used before.
func useCode(ctx context.Context, tx *database.Tx, id string, now time.Time) error {
	return tx.One(ctx, "spend code", spendCode, database.Micros(now), id)
}

// Sweep removes at most 100 rows older than a time.
func Sweep(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	return store.DeleteEach(ctx, tx, "codes", oldCodes, deleteCode, database.Micros(before))
}

const (
	codeLetters = `SELECT network, share, created_at FROM users_codes WHERE email_key = ? AND created_at > ?`
)

// sentLetters lists the e-mails that registrations of an address have caused since a
// time.
func sentLetters(ctx context.Context, tx *database.Tx, emailKey string, since time.Time) ([]code.Letter, error) {
	return code.ListLetters(ctx, tx, codeLetters, emailKey, database.Micros(since))
}
