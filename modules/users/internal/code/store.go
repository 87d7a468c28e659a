package code

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// requestRow is a row of users_requests. Tries and SpentAt are counted, set and asked for
// within statements alone.
type requestRow struct {
	bun.BaseModel `bun:"table:users_requests,alias:r"`

	ID        string             `bun:"id,pk"`
	EmailKey  string             `bun:"email_key"`
	Purpose   Purpose            `bun:"purpose"`
	Network   string             `bun:"network"`
	Share     Share              `bun:"share"`
	AccountID string             `bun:"account_id"`
	Email     string             `bun:"email"`
	Hash      string             `bun:"code_hash"`
	Tries     int                `bun:"tries"`
	CreatedAt database.Timestamp `bun:"created_at"`
	ExpiresAt database.Timestamp `bun:"expires_at"`
	SpentAt   database.Timestamp `bun:"spent_at,nullzero"`
}

var requests = database.ModelOf[requestRow]()

func newRequestRow(r Request) requestRow {
	return requestRow{
		ID: r.ID, EmailKey: r.EmailKey, Purpose: r.Purpose, Network: r.Network, Share: r.Share, AccountID: r.AccountID,
		Email: r.Email, Hash: r.Hash, CreatedAt: database.Timestamp{Time: r.CreatedAt}, ExpiresAt: database.Timestamp{Time: r.ExpiresAt},
	}
}

func (r requestRow) toRequest() Request {
	return Request{
		ID: r.ID, EmailKey: r.EmailKey, Purpose: r.Purpose, Network: r.Network, Share: r.Share, AccountID: r.AccountID,
		Email: r.Email, Hash: r.Hash, CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time,
	}
}

const (
	newestRequest = `SELECT id FROM users_requests WHERE email_key = ? AND purpose = ? AND network = ? ORDER BY created_at DESC, id DESC LIMIT 1`
	tryRequest    = `UPDATE users_requests SET tries = tries + 1 WHERE id = ? AND tries < 5 AND spent_at IS NULL AND expires_at > ?`
	spendRequest  = `UPDATE users_requests SET spent_at = ? WHERE id = ? AND spent_at IS NULL`
	voidRequests  = `UPDATE users_requests SET spent_at = ? WHERE account_id = ? AND spent_at IS NULL`
	oldRequests   = `SELECT id FROM users_requests WHERE created_at < ? LIMIT 100`
	deleteRequest = `DELETE FROM users_requests WHERE id = ?`
)

// Insert adds a row. ErrDuplicate: the id has one, so the request is a
// repetition.
func Insert(ctx context.Context, tx *database.Tx, r Request) error {
	return requests.Insert(ctx, tx, "request for a code", newRequestRow(r))
}

// findRequest reads a row. ErrNotFound.
func findRequest(ctx context.Context, tx *database.Tx, id string) (Request, error) {
	row, err := requests.Get(ctx, tx, "request for a code", `WHERE r.id = ?`, id)
	return row.toRequest(), err
}

// isNewest reports whether r is the newest of its address, purpose and
// network: no other counts.
func isNewest(ctx context.Context, tx *database.Tx, r Request) (newest bool, err error) {
	var id string
	err = tx.QueryRow(ctx, newestRequest, r.EmailKey, string(r.Purpose), r.Network).Scan(&id)
	return id == r.ID, database.Found("newest request for a code", err)
}

// countTry counts a try before it is made. ErrChanged: no try is left, or the
// code is spent or over.
func countTry(ctx context.Context, tx *database.Tx, id string, now time.Time) error {
	return tx.One(ctx, "try code", tryRequest, id, database.Micros(now))
}

// useRequest uses a code up. ErrChanged: it was used before.
func useRequest(ctx context.Context, tx *database.Tx, id string, now time.Time) error {
	return tx.One(ctx, "spend code", spendRequest, database.Micros(now), id)
}

// Void makes all codes void that an account has been sent.
func Void(ctx context.Context, tx *database.Tx, accountID string, now time.Time) error {
	return store.Exec(ctx, tx, "void codes", voidRequests, database.Micros(now), accountID)
}

// Sweep removes at most 100 rows older than a time.
func Sweep(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	return store.DeleteEach(ctx, tx, "requests for codes", oldRequests, deleteRequest, database.Micros(before))
}
