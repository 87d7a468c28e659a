package session

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// Session is one sign-in: the family of refresh tokens that descend from it, or a
// browser's cookie.
type Session struct {
	ID         string // ses_...
	AccountID  string
	Transport  string // "token" or "cookie"
	Methods    string // how the user showed who they are, in the order it was done, with spaces between
	Level      int    // authenticator assurance level, 1 or 2 (NIST SP 800-63B)
	ProvedAt   time.Time
	UserAgent  string // at most 200 characters
	Network    string // of the sign-in, empty when it is not known
	CreatedAt  time.Time
	LastUsedAt time.Time
	ExpiresAt  time.Time // whatever happens
	EndedAt    time.Time // zero: not ended
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
	sessionColumns = `s.id, s.account_id, s.transport, s.methods, s.level, s.proved_at, s.user_agent, s.network, s.created_at, s.last_used_at, s.expires_at, s.ended_at`

	insertSession = `INSERT INTO users_sessions
		(id, account_id, transport, methods, level, proved_at, user_agent, network, created_at, last_used_at, expires_at, ended_at, ended_why)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, '')`
	sessionByID = `SELECT ` + sessionColumns + ` FROM users_sessions s WHERE s.id = ?`
	sessionsOf  = `SELECT ` + sessionColumns + ` FROM users_sessions s
		WHERE s.account_id = ? AND s.ended_at IS NULL AND s.expires_at > ? AND (? = '' OR s.id < ?) ORDER BY s.id DESC LIMIT ?`
	liveSessions  = `SELECT s.id FROM users_sessions s WHERE s.account_id = ? AND s.ended_at IS NULL AND s.expires_at > ?`
	proveSession  = `UPDATE users_sessions SET methods = ?, level = ?, proved_at = ? WHERE id = ? AND ended_at IS NULL`
	insertRefresh = `INSERT INTO users_refresh (token_hash, session_id, created_at, expires_at, used_at) VALUES (?, ?, ?, ?, NULL)`
	refreshByHash = `SELECT r.token_hash, r.expires_at, r.used_at, a.admin, a.disabled_at, ` + sessionColumns + `
		FROM users_refresh r JOIN users_sessions s ON s.id = r.session_id JOIN users_accounts a ON a.id = s.account_id
		WHERE r.token_hash = ?`
	useRefresh    = `UPDATE users_refresh SET used_at = ? WHERE token_hash = ? AND used_at IS NULL`
	touchSession  = `UPDATE users_sessions SET last_used_at = ? WHERE id = ? AND ended_at IS NULL`
	endSession    = `UPDATE users_sessions SET ended_at = ?, ended_why = ? WHERE id = ? AND ended_at IS NULL`
	oldSessions   = `SELECT id FROM users_sessions WHERE expires_at < ? LIMIT 100`
	deleteSession = `DELETE FROM users_sessions WHERE id = ?`
	oldRefreshes  = `SELECT token_hash FROM users_refresh WHERE expires_at < ? LIMIT 100`
	deleteRefresh = `DELETE FROM users_refresh WHERE token_hash = ?`
)

// Insert adds a session. ErrDuplicate.
func Insert(ctx context.Context, tx *database.Tx, s Session) error {
	at := database.Micros(s.CreatedAt)
	_, err := tx.Exec(ctx, insertSession, s.ID, s.AccountID, s.Transport, s.Methods, s.Level, database.Micros(s.ProvedAt),
		s.UserAgent, s.Network, at, at, database.Micros(s.ExpiresAt))
	return database.Inserted("session", err)
}

// findSession reads a session, also one that has ended. ErrNotFound.
func findSession(ctx context.Context, tx *database.Tx, id string) (s Session, err error) {
	var row sessionRow
	if err := tx.QueryRow(ctx, sessionByID, id).Scan(row.scanTargets(&s)...); err != nil {
		return Session{}, database.Found("session", err)
	}
	row.setTimes(&s)
	return s, nil
}

// recordProof records that the user has shown again who they are: methods, level and
// time of s. ErrChanged: it has ended.
func recordProof(ctx context.Context, tx *database.Tx, s Session) error {
	return tx.One(ctx, "prove session", proveSession, s.Methods, s.Level, database.Micros(s.ProvedAt), s.ID)
}

// sessionRow holds the columns of a session that are not stored as they are.
type sessionRow struct {
	proved, ended          sql.NullInt64
	created, used, expires int64
}

// scanTargets lists where sessionColumns go.
func (r *sessionRow) scanTargets(s *Session) []any {
	return []any{
		&s.ID, &s.AccountID, &s.Transport, &s.Methods, &s.Level, &r.proved, &s.UserAgent, &s.Network,
		&r.created, &r.used, &r.expires, &r.ended,
	}
}

func (r *sessionRow) setTimes(s *Session) {
	s.CreatedAt, s.LastUsedAt, s.ExpiresAt = database.Time(r.created), database.Time(r.used), database.Time(r.expires)
	s.EndedAt, s.ProvedAt = database.NullTime(r.ended), database.NullTime(r.proved)
	if s.ProvedAt.IsZero() {
		s.ProvedAt = s.CreatedAt
	}
}

// InsertRefresh adds a token by its hash. ErrDuplicate.
func InsertRefresh(ctx context.Context, tx *database.Tx, hash, sessionID string, created, expires time.Time) error {
	_, err := tx.Exec(ctx, insertRefresh, hash, sessionID, database.Micros(created), database.Micros(expires))
	return database.Inserted("refresh token", err)
}

// RefreshByHash reads a token. ErrNotFound.
func RefreshByHash(ctx context.Context, tx *database.Tx, hash string) (r Refresh, err error) {
	var expires int64
	var used, disabled sql.NullInt64
	var admin int
	var row sessionRow
	err = tx.QueryRow(ctx, refreshByHash, hash).Scan(append([]any{&r.Hash, &expires, &used, &admin, &disabled}, row.scanTargets(&r.Session)...)...)
	if err != nil {
		return Refresh{}, database.Found("refresh token", err)
	}
	row.setTimes(&r.Session)
	r.ExpiresAt, r.UsedAt, r.Admin, r.Disabled = database.Time(expires), database.NullTime(used), admin == 1, disabled.Valid
	return r, nil
}

// UseRefresh marks a token as exchanged and its session as alive. ErrChanged: the token
// was exchanged before. ErrNotFound: the session has ended.
func UseRefresh(ctx context.Context, tx *database.Tx, r Refresh, now time.Time) error {
	if err := tx.One(ctx, "use refresh token", useRefresh, database.Micros(now), r.Hash); err != nil {
		return err
	}
	err := tx.One(ctx, "touch session", touchSession, database.Micros(now), r.Session.ID)
	if errors.Is(err, store.ErrChanged) {
		return store.ErrNotFound
	}
	return err
}

// listSessions reads the sessions of an account that have not ended, the newest first,
// after the one with the id when it is not empty.
func listSessions(ctx context.Context, tx *database.Tx, accountID, after string, now time.Time, limit int) (out []Session, err error) {
	rows, err := tx.Query(ctx, sessionsOf, accountID, database.Micros(now), after, after, limit)
	if err != nil {
		return nil, database.Found("sessions", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s Session
		var row sessionRow
		if err := rows.Scan(row.scanTargets(&s)...); err != nil {
			return nil, database.Found("session", err)
		}
		row.setTimes(&s)
		out = append(out, s)
	}
	return out, database.Found("sessions", rows.Err())
}

// listLive lists the ids of an account's sessions that have not ended.
func listLive(ctx context.Context, tx *database.Tx, accountID string, now time.Time) ([]string, error) {
	out, err := store.Texts(ctx, tx, liveSessions, accountID, database.Micros(now))
	return out, database.Found("sessions", err)
}

// markEnded ends a session for a reason. ErrChanged: there is none, or it has ended.
func markEnded(ctx context.Context, tx *database.Tx, id, why string, now time.Time) error {
	return tx.One(ctx, "end session", endSession, database.Micros(now), why, id)
}

// Sweep removes at most 100 sessions and as many tokens that ended by
// themselves before a time.
func Sweep(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	tokens, err := store.DeleteEach(ctx, tx, "refresh tokens", oldRefreshes, deleteRefresh, database.Micros(before))
	if err != nil {
		return 0, err
	}
	sessions, err := store.DeleteEach(ctx, tx, "sessions", oldSessions, deleteSession, database.Micros(before))
	return max(tokens, sessions), err
}
