package session

import (
	"context"
	"database/sql"
	"time"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// Cookie is one cookie of a browser's session.
type Cookie struct {
	Hash      string // of the token
	SessionID string
	Data      string // what scs keeps
	CreatedAt time.Time
	ExpiresAt time.Time
}

// browserRow is a cookie with its session and the account as they are now.
type browserRow struct {
	Cookie
	Session  Session
	Admin    bool
	Disabled bool
}

const (
	insertCookie  = `INSERT INTO users_cookies (token_hash, session_id, data, created_at, expires_at) VALUES (?, ?, ?, ?, ?)`
	browserByHash = `SELECT c.token_hash, c.session_id, c.data, c.created_at, c.expires_at, a.admin, a.disabled_at, ` + sessionColumns + `
		FROM users_cookies c JOIN users_sessions s ON s.id = c.session_id JOIN users_accounts a ON a.id = s.account_id
		WHERE c.token_hash = ?`
	extendCookie    = `UPDATE users_cookies SET expires_at = ? WHERE token_hash = ?`
	cookiesOf       = `SELECT token_hash FROM users_cookies WHERE session_id = ? LIMIT 100`
	deleteCookie    = `DELETE FROM users_cookies WHERE token_hash = ?`
	deleteCookiesOf = `DELETE FROM users_cookies WHERE session_id = ?`
	oldCookies      = `SELECT token_hash FROM users_cookies WHERE expires_at < ? LIMIT 100`
)

// addCookie adds a cookie by its hash. ErrDuplicate.
func addCookie(ctx context.Context, tx *database.Tx, c Cookie) error {
	_, err := tx.Exec(ctx, insertCookie, c.Hash, c.SessionID, c.Data, database.Micros(c.CreatedAt), database.Micros(c.ExpiresAt))
	return database.Inserted("cookie", err)
}

// findBrowser reads a cookie. ErrNotFound.
func findBrowser(ctx context.Context, tx *database.Tx, hash string) (b browserRow, err error) {
	var created, expires int64
	var admin int
	var disabled sql.NullInt64
	var row sessionRow
	into := append([]any{&b.Hash, &b.SessionID, &b.Data, &created, &expires, &admin, &disabled}, row.scanTargets(&b.Session)...)
	if err := tx.QueryRow(ctx, browserByHash, hash).Scan(into...); err != nil {
		return browserRow{}, database.Found("cookie", err)
	}
	row.setTimes(&b.Session)
	b.CreatedAt, b.ExpiresAt, b.Admin, b.Disabled = database.Time(created), database.Time(expires), admin == 1, disabled.Valid
	return b, nil
}

// recordUse records that a cookie and its session are in use. ErrChanged: one of them
// is gone.
func recordUse(ctx context.Context, tx *database.Tx, c Cookie, now time.Time) error {
	if err := tx.One(ctx, "extend cookie", extendCookie, database.Micros(c.ExpiresAt), c.Hash); err != nil {
		return err
	}
	return tx.One(ctx, "touch session", touchSession, database.Micros(now), c.SessionID)
}

// listCookies lists the hashes of a session's cookies: one, or two for a moment.
func listCookies(ctx context.Context, tx *database.Tx, sessionID string) ([]string, error) {
	hashes, err := store.Texts(ctx, tx, cookiesOf, sessionID)
	return hashes, database.Found("cookies", err)
}

// removeCookie removes a cookie, if it is there.
func removeCookie(ctx context.Context, tx *database.Tx, hash string) error {
	return store.Exec(ctx, tx, "delete cookie", deleteCookie, hash)
}

// removeCookies removes the cookies of a session.
func removeCookies(ctx context.Context, tx *database.Tx, sessionID string) error {
	return store.Exec(ctx, tx, "delete cookies", deleteCookiesOf, sessionID)
}

// SweepCookies removes at most 100 that ended by themselves before a time.
func SweepCookies(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	return store.DeleteEach(ctx, tx, "cookies", oldCookies, deleteCookie, database.Micros(before))
}
