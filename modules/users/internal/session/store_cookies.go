package session

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// cookieRow is a row of users_cookies.
type cookieRow struct {
	bun.BaseModel `bun:"table:users_cookies,alias:c"`

	Hash      string             `bun:"token_hash,pk"`
	SessionID string             `bun:"session_id"`
	Data      string             `bun:"data"`
	CreatedAt database.Timestamp `bun:"created_at"`
	ExpiresAt database.Timestamp `bun:"expires_at"`
}

var (
	cookies = database.ModelOf[cookieRow]()

	browserByHash = `SELECT ` + cookies.Columns() + `, ` + sessions.Columns() + `, a.admin, a.disabled_at IS NOT NULL
		FROM users_cookies c JOIN users_sessions s ON s.id = c.session_id JOIN users_accounts a ON a.id = s.account_id
		WHERE c.token_hash = ?`
)

func newCookieRow(c Cookie) cookieRow {
	return cookieRow{
		Hash: c.Hash, SessionID: c.SessionID, Data: c.Data,
		CreatedAt: database.Timestamp{Time: c.CreatedAt}, ExpiresAt: database.Timestamp{Time: c.ExpiresAt},
	}
}

func (r cookieRow) toCookie() Cookie {
	return Cookie{Hash: r.Hash, SessionID: r.SessionID, Data: r.Data, CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time}
}

const (
	extendCookie    = `UPDATE users_cookies SET expires_at = ? WHERE token_hash = ?`
	cookiesOf       = `SELECT token_hash FROM users_cookies WHERE session_id = ? LIMIT 100`
	deleteCookie    = `DELETE FROM users_cookies WHERE token_hash = ?`
	deleteCookiesOf = `DELETE FROM users_cookies WHERE session_id = ?`
	oldCookies      = `SELECT token_hash FROM users_cookies WHERE expires_at < ? LIMIT 100`
)

// addCookie adds a cookie by its hash. ErrDuplicate.
func addCookie(ctx context.Context, tx *database.Tx, c Cookie) error {
	return cookies.Insert(ctx, tx, "cookie", newCookieRow(c))
}

// findBrowser reads a cookie. ErrNotFound.
func findBrowser(ctx context.Context, tx *database.Tx, hash string) (b openCookie, err error) {
	var cookie cookieRow
	var session sessionRow
	fields := append(append(cookies.Fields(&cookie), sessions.Fields(&session)...), &b.Admin, &b.Disabled)
	if err := tx.QueryRow(ctx, browserByHash, hash).Scan(fields...); err != nil {
		return openCookie{}, database.Found("cookie", err)
	}
	b.Cookie, b.Session = cookie.toCookie(), session.toSession()
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
