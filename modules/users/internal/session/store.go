package session

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// sessionRow is a row of users_sessions.
type sessionRow struct {
	bun.BaseModel `bun:"table:users_sessions,alias:s"`

	ID         string             `bun:"id,pk"`
	AccountID  string             `bun:"account_id"`
	Transport  string             `bun:"transport"`
	Methods    string             `bun:"methods"`
	Level      int                `bun:"level"`
	ProvedAt   database.Timestamp `bun:"proved_at,nullzero"` // NULL: at CreatedAt
	UserAgent  string             `bun:"user_agent"`
	Network    string             `bun:"network"`
	CreatedAt  database.Timestamp `bun:"created_at"`
	LastUsedAt database.Timestamp `bun:"last_used_at"`
	ExpiresAt  database.Timestamp `bun:"expires_at"`
	EndedAt    database.Timestamp `bun:"ended_at,nullzero"`
	EndedWhy   string             `bun:"ended_why"` // written by markEnded, for whoever looks at the database
}

// refreshRow is a row of users_refresh.
type refreshRow struct {
	bun.BaseModel `bun:"table:users_refresh,alias:r"`

	Hash      string             `bun:"token_hash,pk"`
	SessionID string             `bun:"session_id"`
	CreatedAt database.Timestamp `bun:"created_at"`
	ExpiresAt database.Timestamp `bun:"expires_at"`
	UsedAt    database.Timestamp `bun:"used_at,nullzero"`
}

var (
	sessions  = database.ModelOf[sessionRow]()
	refreshes = database.ModelOf[refreshRow]()

	refreshByHash = `SELECT ` + refreshes.Columns() + `, ` + sessions.Columns() + `, a.admin, a.disabled_at IS NOT NULL
		FROM users_refresh r JOIN users_sessions s ON s.id = r.session_id JOIN users_accounts a ON a.id = s.account_id
		WHERE r.token_hash = ?`
)

func newSessionRow(s Session) sessionRow {
	return sessionRow{
		ID: s.ID, AccountID: s.AccountID, Transport: s.Transport, Methods: s.Methods, Level: s.Level,
		ProvedAt: database.Timestamp{Time: s.ProvedAt}, UserAgent: s.UserAgent, Network: s.Network,
		CreatedAt: database.Timestamp{Time: s.CreatedAt}, LastUsedAt: database.Timestamp{Time: s.LastUsedAt},
		ExpiresAt: database.Timestamp{Time: s.ExpiresAt}, EndedAt: database.Timestamp{Time: s.EndedAt},
	}
}

func (r sessionRow) toSession() Session {
	s := Session{
		ID: r.ID, AccountID: r.AccountID, Transport: r.Transport, Methods: r.Methods, Level: r.Level,
		ProvedAt: r.ProvedAt.Time, UserAgent: r.UserAgent, Network: r.Network,
		CreatedAt: r.CreatedAt.Time, LastUsedAt: r.LastUsedAt.Time, ExpiresAt: r.ExpiresAt.Time, EndedAt: r.EndedAt.Time,
	}
	if s.ProvedAt.IsZero() {
		s.ProvedAt = s.CreatedAt
	}
	return s
}

func newRefreshRow(r RefreshToken) refreshRow {
	return refreshRow{
		Hash: r.Hash, SessionID: r.SessionID, CreatedAt: database.Timestamp{Time: r.CreatedAt},
		ExpiresAt: database.Timestamp{Time: r.ExpiresAt}, UsedAt: database.Timestamp{Time: r.UsedAt},
	}
}

func (r refreshRow) toRefreshToken() RefreshToken {
	return RefreshToken{
		Hash: r.Hash, SessionID: r.SessionID, CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time, UsedAt: r.UsedAt.Time,
	}
}

const (
	liveSessions  = `SELECT s.id FROM users_sessions s WHERE s.account_id = ? AND s.ended_at IS NULL AND s.expires_at > ?`
	proveSession  = `UPDATE users_sessions SET methods = ?, level = ?, proved_at = ? WHERE id = ? AND ended_at IS NULL`
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
	return sessions.Insert(ctx, tx, "session", newSessionRow(s))
}

// findSession reads a session, also one that has ended. ErrNotFound.
func findSession(ctx context.Context, tx *database.Tx, id string) (Session, error) {
	row, err := sessions.Get(ctx, tx, "session", `WHERE s.id = ?`, id)
	return row.toSession(), err
}

// recordProof records that the user has shown again who they are: methods, level and
// time of s. ErrChanged: it has ended.
func recordProof(ctx context.Context, tx *database.Tx, s Session) error {
	return tx.One(ctx, "prove session", proveSession, s.Methods, s.Level, database.Micros(s.ProvedAt), s.ID)
}

// InsertRefresh adds a token. ErrDuplicate.
func InsertRefresh(ctx context.Context, tx *database.Tx, r RefreshToken) error {
	return refreshes.Insert(ctx, tx, "refresh token", newRefreshRow(r))
}

// RefreshByHash reads a token. ErrNotFound.
func RefreshByHash(ctx context.Context, tx *database.Tx, hash string) (r Refresh, err error) {
	var token refreshRow
	var session sessionRow
	fields := append(append(refreshes.Fields(&token), sessions.Fields(&session)...), &r.Admin, &r.Disabled)
	if err := tx.QueryRow(ctx, refreshByHash, hash).Scan(fields...); err != nil {
		return Refresh{}, database.Found("refresh token", err)
	}
	r.RefreshToken, r.Session = token.toRefreshToken(), session.toSession()
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
func listSessions(ctx context.Context, tx *database.Tx, accountID, after string, now time.Time, limit int) ([]Session, error) {
	rows, err := sessions.List(ctx, tx, "sessions", `WHERE s.account_id = ? AND s.ended_at IS NULL AND s.expires_at > ?
		AND (? = '' OR s.id < ?) ORDER BY s.id DESC LIMIT ?`, accountID, database.Micros(now), after, after, limit)
	return store.Convert(rows, sessionRow.toSession), err
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
