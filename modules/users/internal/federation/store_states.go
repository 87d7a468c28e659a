package federation

import (
	"context"
	"time"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// State is a browser on its way to a provider and back.
type State struct {
	Hash      string // of the state
	Provider  string
	Purpose   string // "sign_in", "link", "step_up"
	Browser   string // hash of the cookie that it must bring along
	SessionID string
	ReturnTo  string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Link is an identity that waits for the owner of its address's account.
type Link struct {
	Hash            string // of the token
	AccountID       string
	Provider        string
	Issuer, Subject string
	Email           string
	ReturnTo        string
	CreatedAt       time.Time
	ExpiresAt       time.Time
}

const (
	stateColumns = `state_hash, provider, purpose, browser_hash, session_id, return_to, created_at, expires_at`
	linkColumns  = `token_hash, account_id, provider, issuer, subject, email, return_to, created_at, expires_at`

	insertState = `INSERT INTO users_states (` + stateColumns + `, spent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)`
	stateByHash = `SELECT ` + stateColumns + ` FROM users_states WHERE state_hash = ?`
	spendState  = `UPDATE users_states SET spent_at = ? WHERE state_hash = ? AND spent_at IS NULL AND expires_at > ?`
	oldStates   = `SELECT state_hash FROM users_states WHERE expires_at < ? LIMIT 100`
	deleteState = `DELETE FROM users_states WHERE state_hash = ?`
	insertLink  = `INSERT INTO users_links (` + linkColumns + `, spent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)`
	linkByHash  = `SELECT ` + linkColumns + ` FROM users_links WHERE token_hash = ?`
	spendLink   = `UPDATE users_links SET spent_at = ? WHERE token_hash = ? AND spent_at IS NULL AND expires_at > ?`
	oldLinks    = `SELECT token_hash FROM users_links WHERE expires_at < ? LIMIT 100`
	deleteLink  = `DELETE FROM users_links WHERE token_hash = ?`
)

// addState adds a state.
func addState(ctx context.Context, tx *database.Tx, s State) error {
	_, err := tx.Exec(ctx, insertState, s.Hash, s.Provider, s.Purpose, s.Browser, s.SessionID, s.ReturnTo,
		database.Micros(s.CreatedAt), database.Micros(s.ExpiresAt))
	return database.Inserted("state", err)
}

// findState reads a state, also one that is over. ErrNotFound.
func findState(ctx context.Context, tx *database.Tx, hash string) (s State, err error) {
	var created, expires int64
	err = tx.QueryRow(ctx, stateByHash, hash).Scan(&s.Hash, &s.Provider, &s.Purpose, &s.Browser, &s.SessionID, &s.ReturnTo, &created, &expires)
	if err != nil {
		return State{}, database.Found("state", err)
	}
	s.CreatedAt, s.ExpiresAt = database.Time(created), database.Time(expires)
	return s, nil
}

// useState uses a state up. ErrChanged: it was used before, or is over.
func useState(ctx context.Context, tx *database.Tx, hash string, now time.Time) error {
	return tx.One(ctx, "spend state", spendState, database.Micros(now), hash, database.Micros(now))
}

// addLink adds an identity that waits.
func addLink(ctx context.Context, tx *database.Tx, l Link) error {
	_, err := tx.Exec(ctx, insertLink, l.Hash, l.AccountID, l.Provider, l.Issuer, l.Subject, l.Email, l.ReturnTo,
		database.Micros(l.CreatedAt), database.Micros(l.ExpiresAt))
	return database.Inserted("link", err)
}

// findLink reads an identity that waits, also when it is over. ErrNotFound.
func findLink(ctx context.Context, tx *database.Tx, hash string) (l Link, err error) {
	var created, expires int64
	err = tx.QueryRow(ctx, linkByHash, hash).Scan(&l.Hash, &l.AccountID, &l.Provider, &l.Issuer, &l.Subject, &l.Email, &l.ReturnTo, &created, &expires)
	if err != nil {
		return Link{}, database.Found("link", err)
	}
	l.CreatedAt, l.ExpiresAt = database.Time(created), database.Time(expires)
	return l, nil
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
