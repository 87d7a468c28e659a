// Package session keeps people signed in: sessions, what carries them (cookies, access
// and refresh tokens), and how they end. It knows no second factors: whoever makes a
// Service says how to ask for those of an account.
package session

import "time"

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

// RefreshToken is one refresh token of a session.
type RefreshToken struct {
	Hash      string // of the token
	SessionID string
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero: not used
}

// Refresh is a refresh token with its session and the account as they are now.
type Refresh struct {
	RefreshToken
	Session  Session
	Admin    bool
	Disabled bool
}

// Cookie is one cookie of a browser's session.
type Cookie struct {
	Hash      string // of the token
	SessionID string
	Data      string // what scs keeps
	CreatedAt time.Time
	ExpiresAt time.Time
}

// openCookie is a cookie with its session and the account as they are now.
type openCookie struct {
	Cookie
	Session  Session
	Admin    bool
	Disabled bool
}

// isLive reports whether a cookie still opens anything: neither idle for too long nor
// past its end, its session not ended, its account not disabled.
func (b openCookie) isLive(now time.Time) bool {
	return b.Session.EndedAt.IsZero() && !b.Disabled && now.Before(b.ExpiresAt) && now.Before(b.Session.ExpiresAt)
}

// Limits are the lives of what a session hands out.
type Limits struct {
	AccessLife   time.Duration // of an access token
	RefreshIdle  time.Duration // how long a refresh token waits to be used
	RefreshGrace time.Duration // how long a used one still gets its successor
	SessionLife  time.Duration // of a sign-in, however often it is refreshed
	BrowserIdle  time.Duration // how long a browser's session lasts that is not used
	BrowserLife  time.Duration // of a browser's session, however much it is used
	AuditKeep    time.Duration // how long the audit log remembers devices
}
