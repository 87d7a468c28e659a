package store

import (
	"context"
	"database/sql"
	"time"

	"app/platform/database"
)

// Session is one sign-in and the family of refresh tokens that descend from it.
type Session struct {
	ID        string // ses_...
	AccountID string
	UserAgent string // at most 200 characters
	CreatedAt time.Time
	ExpiresAt time.Time // whatever happens
	EndedAt   time.Time // zero: not ended
}

// Refresh is one refresh token with its session and the account as they are now.
type Refresh struct {
	Hash      string // of the token
	ExpiresAt time.Time
	UsedAt    time.Time // zero: not used

	Session  Session
	Admin    bool
	Disabled bool
}

const (
	insertSession = `INSERT INTO users_sessions (id, account_id, user_agent, created_at, last_used_at, expires_at, ended_at, ended_why)
		VALUES (?, ?, ?, ?, ?, ?, NULL, '')`
	insertRefresh = `INSERT INTO users_refresh (token_hash, session_id, created_at, expires_at, used_at) VALUES (?, ?, ?, ?, NULL)`
	refreshByHash = `SELECT r.token_hash, r.expires_at, r.used_at, s.id, s.account_id, s.created_at, s.expires_at, s.ended_at, a.admin, a.disabled_at
		FROM users_refresh r JOIN users_sessions s ON s.id = r.session_id JOIN users_accounts a ON a.id = s.account_id
		WHERE r.token_hash = ?`
	useRefresh    = `UPDATE users_refresh SET used_at = ? WHERE token_hash = ? AND used_at IS NULL`
	touchSession  = `UPDATE users_sessions SET last_used_at = ? WHERE id = ?`
	endSession    = `UPDATE users_sessions SET ended_at = ?, ended_why = ? WHERE id = ? AND ended_at IS NULL`
	oldSessions   = `SELECT id FROM users_sessions WHERE expires_at < ? LIMIT 100`
	deleteSession = `DELETE FROM users_sessions WHERE id = ?`
	oldRefreshes  = `SELECT token_hash FROM users_refresh WHERE expires_at < ? LIMIT 100`
	deleteRefresh = `DELETE FROM users_refresh WHERE token_hash = ?`
)

// InsertSession adds a session. ErrDuplicate.
func InsertSession(ctx context.Context, tx *database.Tx, s Session) error {
	at := database.Micros(s.CreatedAt)
	_, err := tx.Exec(ctx, insertSession, s.ID, s.AccountID, s.UserAgent, at, at, database.Micros(s.ExpiresAt))
	return inserted("session", err)
}

// InsertRefresh adds a token by its hash. ErrDuplicate.
func InsertRefresh(ctx context.Context, tx *database.Tx, hash, sessionID string, created, expires time.Time) error {
	_, err := tx.Exec(ctx, insertRefresh, hash, sessionID, database.Micros(created), database.Micros(expires))
	return inserted("refresh token", err)
}

// RefreshByHash reads a token. ErrNotFound.
func RefreshByHash(ctx context.Context, tx *database.Tx, hash string) (r Refresh, err error) {
	var expires, created, ends int64
	var used, ended, disabled sql.NullInt64
	var admin int
	err = tx.QueryRow(ctx, refreshByHash, hash).Scan(&r.Hash, &expires, &used, &r.Session.ID, &r.Session.AccountID,
		&created, &ends, &ended, &admin, &disabled)
	if err != nil {
		return Refresh{}, found("refresh token", err)
	}
	r.ExpiresAt, r.UsedAt = database.Time(expires), timeOf(used)
	r.Session.CreatedAt, r.Session.ExpiresAt, r.Session.EndedAt = database.Time(created), database.Time(ends), timeOf(ended)
	r.Admin, r.Disabled = admin == 1, disabled.Valid
	return r, nil
}

// UseRefresh marks a token as exchanged and its session as alive. ErrChanged: the token was exchanged before.
func UseRefresh(ctx context.Context, tx *database.Tx, r Refresh, now time.Time) error {
	if err := one(ctx, tx, "use refresh token", useRefresh, database.Micros(now), r.Hash); err != nil {
		return err
	}
	return one(ctx, tx, "touch session", touchSession, database.Micros(now), r.Session.ID)
}

// EndSession ends a session for a reason. ErrChanged: there is none, or it has ended.
func EndSession(ctx context.Context, tx *database.Tx, id, why string, now time.Time) error {
	return one(ctx, tx, "end session", endSession, database.Micros(now), why, id)
}

// DeleteSessions removes at most 100 sessions and as many tokens that ended by themselves before a time.
func DeleteSessions(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	tokens, err := deleteEach(ctx, tx, "refresh tokens", oldRefreshes, deleteRefresh, database.Micros(before))
	if err != nil {
		return 0, err
	}
	sessions, err := deleteEach(ctx, tx, "sessions", oldSessions, deleteSession, database.Micros(before))
	return max(tokens, sessions), err
}
