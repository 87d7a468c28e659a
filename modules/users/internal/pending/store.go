package pending

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// signInRow is a row of users_pending. Tries and SpentAt are counted, set and asked for
// within statements alone.
type signInRow struct {
	bun.BaseModel `bun:"table:users_pending,alias:p"`

	TicketHash string             `bun:"ticket_hash,pk"`
	AccountID  string             `bun:"account_id"`
	Methods    string             `bun:"methods"`
	Transport  string             `bun:"transport"`
	Tries      int                `bun:"tries"`
	CreatedAt  database.Timestamp `bun:"created_at"`
	ExpiresAt  database.Timestamp `bun:"expires_at"`
	SpentAt    database.Timestamp `bun:"spent_at,nullzero"`
}

var signIns = database.ModelOf[signInRow]()

func newSignInRow(p SignIn) signInRow {
	return signInRow{
		TicketHash: p.TicketHash, AccountID: p.AccountID, Methods: p.Methods, Transport: p.Transport,
		CreatedAt: database.Timestamp{Time: p.CreatedAt}, ExpiresAt: database.Timestamp{Time: p.ExpiresAt},
	}
}

func (r signInRow) toSignIn() SignIn {
	return SignIn{
		TicketHash: r.TicketHash, AccountID: r.AccountID, Methods: r.Methods, Transport: r.Transport,
		CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time,
	}
}

const (
	tryPending     = `UPDATE users_pending SET tries = tries + 1 WHERE ticket_hash = ? AND tries < 5 AND spent_at IS NULL AND expires_at > ?`
	spendPending   = `UPDATE users_pending SET spent_at = ? WHERE ticket_hash = ? AND spent_at IS NULL AND expires_at > ?`
	dropPendingsOf = `UPDATE users_pending SET spent_at = ? WHERE account_id = ? AND spent_at IS NULL`
	oldPendings    = `SELECT ticket_hash FROM users_pending WHERE expires_at < ? LIMIT 100`
	deletePending  = `DELETE FROM users_pending WHERE ticket_hash = ?`
)

// Insert adds a half-done sign-in.
func Insert(ctx context.Context, tx *database.Tx, p SignIn) error {
	return signIns.Insert(ctx, tx, "pending sign-in", newSignInRow(p))
}

// ByHash reads a half-done sign-in, also one that is over. ErrNotFound.
func ByHash(ctx context.Context, tx *database.Tx, hash string) (SignIn, error) {
	row, err := signIns.Get(ctx, tx, "pending sign-in", `WHERE p.ticket_hash = ?`, hash)
	return row.toSignIn(), err
}

// Try counts a try before it is made. ErrChanged: no try is left, or the ticket
// is spent or over.
func Try(ctx context.Context, tx *database.Tx, hash string, now time.Time) error {
	return tx.One(ctx, "try pending sign-in", tryPending, hash, database.Micros(now))
}

// Spend uses a ticket up. ErrChanged: it was used before, or is over.
func Spend(ctx context.Context, tx *database.Tx, hash string, now time.Time) error {
	return tx.One(ctx, "spend pending sign-in", spendPending, database.Micros(now), hash, database.Micros(now))
}

// DropOf uses up all tickets of an account, as when its password has changed.
func DropOf(ctx context.Context, tx *database.Tx, accountID string, now time.Time) error {
	return store.Exec(ctx, tx, "drop pending sign-ins", dropPendingsOf, database.Micros(now), accountID)
}

// Sweep removes at most 100 that ended by themselves before a time.
func Sweep(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	return store.DeleteEach(ctx, tx, "pending sign-ins", oldPendings, deletePending, database.Micros(before))
}
