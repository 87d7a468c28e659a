package federation

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// stateRow is a row of users_states. SpentAt is set and asked for by useState alone.
type stateRow struct {
	bun.BaseModel `bun:"table:users_states,alias:s"`

	Hash      string             `bun:"state_hash,pk"`
	Provider  string             `bun:"provider"`
	Purpose   string             `bun:"purpose"`
	Browser   string             `bun:"browser_hash"`
	SessionID string             `bun:"session_id"`
	ReturnTo  string             `bun:"return_to"`
	CreatedAt database.Timestamp `bun:"created_at"`
	ExpiresAt database.Timestamp `bun:"expires_at"`
	SpentAt   database.Timestamp `bun:"spent_at,nullzero"`
}

// linkRow is a row of users_links. SpentAt is set and asked for by useLink alone.
type linkRow struct {
	bun.BaseModel `bun:"table:users_links,alias:l"`

	Hash      string             `bun:"token_hash,pk"`
	AccountID string             `bun:"account_id"`
	Provider  string             `bun:"provider"`
	Issuer    string             `bun:"issuer"`
	Subject   string             `bun:"subject"`
	Email     string             `bun:"email"`
	ReturnTo  string             `bun:"return_to"`
	CreatedAt database.Timestamp `bun:"created_at"`
	ExpiresAt database.Timestamp `bun:"expires_at"`
	SpentAt   database.Timestamp `bun:"spent_at,nullzero"`
}

var (
	states = database.ModelOf[stateRow]()
	links  = database.ModelOf[linkRow]()
)

func newStateRow(s State) stateRow {
	return stateRow{
		Hash: s.Hash, Provider: s.Provider, Purpose: s.Purpose, Browser: s.Browser, SessionID: s.SessionID, ReturnTo: s.ReturnTo,
		CreatedAt: database.Timestamp{Time: s.CreatedAt}, ExpiresAt: database.Timestamp{Time: s.ExpiresAt},
	}
}

func (r stateRow) toState() State {
	return State{
		Hash: r.Hash, Provider: r.Provider, Purpose: r.Purpose, Browser: r.Browser, SessionID: r.SessionID, ReturnTo: r.ReturnTo,
		CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time,
	}
}

func newLinkRow(l Link) linkRow {
	return linkRow{
		Hash: l.Hash, AccountID: l.AccountID, Provider: l.Provider, Issuer: l.Issuer, Subject: l.Subject, Email: l.Email, ReturnTo: l.ReturnTo,
		CreatedAt: database.Timestamp{Time: l.CreatedAt}, ExpiresAt: database.Timestamp{Time: l.ExpiresAt},
	}
}

func (r linkRow) toLink() Link {
	return Link{
		Hash: r.Hash, AccountID: r.AccountID, Provider: r.Provider, Issuer: r.Issuer, Subject: r.Subject, Email: r.Email, ReturnTo: r.ReturnTo,
		CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time,
	}
}

const (
	spendState  = `UPDATE users_states SET spent_at = ? WHERE state_hash = ? AND spent_at IS NULL AND expires_at > ?`
	oldStates   = `SELECT state_hash FROM users_states WHERE expires_at < ? LIMIT 100`
	deleteState = `DELETE FROM users_states WHERE state_hash = ?`
	spendLink   = `UPDATE users_links SET spent_at = ? WHERE token_hash = ? AND spent_at IS NULL AND expires_at > ?`
	oldLinks    = `SELECT token_hash FROM users_links WHERE expires_at < ? LIMIT 100`
	deleteLink  = `DELETE FROM users_links WHERE token_hash = ?`
)

// addState adds a state.
func addState(ctx context.Context, tx *database.Tx, s State) error {
	return states.Insert(ctx, tx, "state", newStateRow(s))
}

// findState reads a state, also one that is over. ErrNotFound.
func findState(ctx context.Context, tx *database.Tx, hash string) (State, error) {
	row, err := states.Get(ctx, tx, "state", `WHERE s.state_hash = ?`, hash)
	return row.toState(), err
}

// useState uses a state up. ErrChanged: it was used before, or is over.
func useState(ctx context.Context, tx *database.Tx, hash string, now time.Time) error {
	return tx.One(ctx, "spend state", spendState, database.Micros(now), hash, database.Micros(now))
}

// addLink adds an identity that waits.
func addLink(ctx context.Context, tx *database.Tx, l Link) error {
	return links.Insert(ctx, tx, "link", newLinkRow(l))
}

// findLink reads an identity that waits, also when it is over. ErrNotFound.
func findLink(ctx context.Context, tx *database.Tx, hash string) (Link, error) {
	row, err := links.Get(ctx, tx, "link", `WHERE l.token_hash = ?`, hash)
	return row.toLink(), err
}

// useLink uses the token of a link up. ErrChanged: it was used before, or is over.
func useLink(ctx context.Context, tx *database.Tx, hash string, now time.Time) error {
	return tx.One(ctx, "spend link", spendLink, database.Micros(now), hash, database.Micros(now))
}

// Sweep removes at most 100 states and as many links that ended by themselves
// before a time.
func Sweep(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	at := database.Micros(before)
	states, err := store.DeleteEach(ctx, tx, "states", oldStates, deleteState, at)
	if err != nil {
		return 0, err
	}
	links, err := store.DeleteEach(ctx, tx, "links", oldLinks, deleteLink, at)
	return max(states, links), err
}
