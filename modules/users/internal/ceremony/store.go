package ceremony

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// ceremonyRow is a row of users_ceremonies.
type ceremonyRow struct {
	bun.BaseModel `bun:"table:users_ceremonies,alias:c"`

	ID         string             `bun:"id,pk"`
	Purpose    string             `bun:"purpose"`
	AccountID  string             `bun:"account_id"`
	TicketHash string             `bun:"ticket_hash"`
	SessionID  string             `bun:"session_id"`
	Data       string             `bun:"data"`
	CreatedAt  database.Timestamp `bun:"created_at"`
	ExpiresAt  database.Timestamp `bun:"expires_at"`
	SpentAt    database.Timestamp `bun:"spent_at,nullzero"` // set and asked for by Spend alone
}

var ceremonies = database.ModelOf[ceremonyRow]()

func newCeremonyRow(c Ceremony) ceremonyRow {
	return ceremonyRow{
		ID: c.ID, Purpose: c.Purpose, AccountID: c.AccountID, TicketHash: c.TicketHash, SessionID: c.SessionID, Data: c.Data,
		CreatedAt: database.Timestamp{Time: c.CreatedAt}, ExpiresAt: database.Timestamp{Time: c.ExpiresAt},
	}
}

func (r ceremonyRow) toCeremony() Ceremony {
	return Ceremony{
		ID: r.ID, Purpose: r.Purpose, AccountID: r.AccountID, TicketHash: r.TicketHash, SessionID: r.SessionID, Data: r.Data,
		CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time,
	}
}

const (
	spendSQL  = `UPDATE users_ceremonies SET spent_at = ? WHERE id = ? AND spent_at IS NULL AND expires_at > ?`
	oldSQL    = `SELECT id FROM users_ceremonies WHERE expires_at < ? LIMIT 100`
	deleteSQL = `DELETE FROM users_ceremonies WHERE id = ?`
)

// Insert adds a challenge.
func Insert(ctx context.Context, tx *database.Tx, c Ceremony) error {
	return ceremonies.Insert(ctx, tx, "ceremony", newCeremonyRow(c))
}

// ByID reads a challenge, also one that is over. ErrNotFound.
func ByID(ctx context.Context, tx *database.Tx, id string) (Ceremony, error) {
	row, err := ceremonies.Get(ctx, tx, "ceremony", `WHERE c.id = ?`, id)
	return row.toCeremony(), err
}

// Spend uses a challenge up. ErrChanged: it was used before, or is over.
func Spend(ctx context.Context, tx *database.Tx, id string, now time.Time) error {
	return tx.One(ctx, "spend ceremony", spendSQL, database.Micros(now), id, database.Micros(now))
}

// Sweep removes at most 100 challenges that ended by themselves before a time.
func Sweep(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	return store.DeleteEach(ctx, tx, "ceremonies", oldSQL, deleteSQL, database.Micros(before))
}
