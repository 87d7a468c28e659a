package registration

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"app/modules/users/internal/code"
	"app/modules/users/internal/store"
	"app/platform/database"
)

// codeRow is a row of users_codes. Tries and SpentAt are counted, set and asked for
// within statements alone.
type codeRow struct {
	bun.BaseModel `bun:"table:users_codes,alias:c"`

	ID           string             `bun:"id,pk"`
	EmailKey     string             `bun:"email_key"`
	Purpose      code.Purpose       `bun:"purpose"`
	Hash         string             `bun:"code_hash"`
	Tries        int                `bun:"tries"`
	ExpiresAt    database.Timestamp `bun:"expires_at"`
	SpentAt      database.Timestamp `bun:"spent_at,nullzero"`
	Email        string             `bun:"email"`
	PasswordHash string             `bun:"password_hash"`
	FirstName    string             `bun:"first_name"`
	MiddleName   string             `bun:"middle_name"`
	LastName     string             `bun:"last_name"`
	CreatedAt    database.Timestamp `bun:"created_at"`
	Locale       string             `bun:"locale"`
	Network      string             `bun:"network"`
	Share        code.Share         `bun:"share"`
}

var codes = database.ModelOf[codeRow]()

func newCodeRow(c Code) codeRow {
	return codeRow{
		ID: c.ID, EmailKey: c.EmailKey, Purpose: c.Purpose, Hash: c.Hash, ExpiresAt: database.Timestamp{Time: c.ExpiresAt},
		Email: c.Email, PasswordHash: c.PasswordHash, FirstName: c.FirstName, MiddleName: c.MiddleName, LastName: c.LastName,
		CreatedAt: database.Timestamp{Time: c.CreatedAt}, Locale: c.Locale, Network: c.Network, Share: c.Share,
	}
}

func (r codeRow) toCode() Code {
	return Code{
		ID: r.ID, EmailKey: r.EmailKey, Purpose: r.Purpose, Hash: r.Hash, ExpiresAt: r.ExpiresAt.Time,
		Email: r.Email, PasswordHash: r.PasswordHash, FirstName: r.FirstName, MiddleName: r.MiddleName, LastName: r.LastName,
		CreatedAt: r.CreatedAt.Time, Locale: r.Locale, Network: r.Network, Share: r.Share,
	}
}

const (
	tryCode    = `UPDATE users_codes SET tries = tries + 1 WHERE id = ? AND tries < 5 AND spent_at IS NULL AND expires_at > ?`
	spendCode  = `UPDATE users_codes SET spent_at = ?, password_hash = '' WHERE id = ? AND spent_at IS NULL`
	oldCodes   = `SELECT id FROM users_codes WHERE created_at < ? LIMIT 100`
	deleteCode = `DELETE FROM users_codes WHERE id = ?`
)

// addCode adds a row. ErrDuplicate: the id has one, so the request is a repetition.
func addCode(ctx context.Context, tx *database.Tx, c Code) error {
	return codes.Insert(ctx, tx, "code", newCodeRow(c))
}

// newestOf reads the newest row of an address, a purpose and a network: of these no
// other counts. ErrNotFound.
func newestOf(ctx context.Context, tx *database.Tx, emailKey string, p code.Purpose, network string) (Code, error) {
	row, err := codes.Get(ctx, tx, "code",
		`WHERE c.email_key = ? AND c.purpose = ? AND c.network = ? ORDER BY c.created_at DESC, c.id DESC LIMIT 1`, emailKey, string(p), network)
	return row.toCode(), err
}

// findCode reads a row, also one that is spent or over. ErrNotFound.
func findCode(ctx context.Context, tx *database.Tx, id string) (Code, error) {
	row, err := codes.Get(ctx, tx, "code", `WHERE c.id = ?`, id)
	return row.toCode(), err
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
