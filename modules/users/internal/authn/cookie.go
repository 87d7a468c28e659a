package authn

import (
	"net/http"
	"time"

	"app/platform/identity"
)

// BrowserCookie is the value of a session's cookie. The zero value is that of a session
// which tokens carry.
type BrowserCookie struct {
	Token   string
	Expires time.Time // at the latest, however much it is used
}

// Header is the value of Set-Cookie that gives a browser the cookie, empty when there is
// none.
func (c BrowserCookie) Header() string {
	if c.Token == "" {
		return ""
	}
	cookie := sessionCookie()
	cookie.Value, cookie.Expires = c.Token, c.Expires
	return cookie.String()
}

// RemoveCookie is the value of Set-Cookie that takes a session's cookie away.
func RemoveCookie() string {
	cookie := sessionCookie()
	cookie.Expires, cookie.MaxAge = time.Unix(1, 0), -1
	return cookie.String()
}

func sessionCookie() http.Cookie {
	return http.Cookie{Name: identity.SessionCookie, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}
