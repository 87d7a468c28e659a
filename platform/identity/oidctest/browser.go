package oidctest

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Browser follows redirects by hand and keeps cookies as browsers do, which take secure
// ones from a loopback address without TLS.
type Browser struct {
	t    testing.TB
	http *http.Client
	jar  http.CookieJar
}

// NewBrowser makes a browser without any cookies.
func NewBrowser(t testing.TB) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &Browser{t: t, jar: trusting{jar}}
	b.http = &http.Client{Jar: b.jar, Timeout: 60 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return b
}

// trusting takes loopback addresses for safe ones.
type trusting struct{ jar *cookiejar.Jar }

func withHTTPS(u *url.URL) *url.URL {
	s := *u
	s.Scheme = "https"
	return &s
}

// SetCookies implements http.CookieJar.
func (j trusting) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.jar.SetCookies(withHTTPS(u), cookies)
}

// Cookies implements http.CookieJar.
func (j trusting) Cookies(u *url.URL) []*http.Cookie { return j.jar.Cookies(withHTTPS(u)) }

// Cookie is the value of a cookie for an address, empty when there is none.
func (b *Browser) Cookie(at, name string) string {
	b.t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// Reply is what came back.
type Reply struct {
	Status   int
	Header   http.Header
	Body     string
	Location string // of a redirect, absolute
}

// Get opens an address, without following a redirect.
func (b *Browser) Get(at string) Reply {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodGet, at, nil) //nolint:noctx // the client has a time-out
	if err != nil {
		b.t.Fatal(err)
	}
	return b.sendRequest(r)
}

// Post sends a form from a page of the same site.
func (b *Browser) Post(at string, form url.Values) Reply {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodPost, at, strings.NewReader(form.Encode())) //nolint:noctx // the client has a time-out
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", r.URL.Scheme+"://"+r.URL.Host)
	return b.sendRequest(r)
}

func (b *Browser) sendRequest(r *http.Request) Reply {
	b.t.Helper()
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	reply, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	out := Reply{Status: reply.StatusCode, Header: reply.Header, Body: string(body)}
	if to, err := reply.Location(); err == nil {
		out.Location = to.String()
	}
	return out
}

var formAction = regexp.MustCompile(`<form[^>]*action="([^"]+)"`)

// SignIn goes to the provider at the address that the shop named, fills in its form,
// and returns the address of the shop that the provider sends the browser back to, not
// yet opened.
func (b *Browser) SignIn(at, back, email, password string) (string, error) {
	b.t.Helper()
	for range 20 {
		if strings.HasPrefix(at, back) {
			return at, nil
		}
		reply := b.Get(at)
		if form := formAction.FindStringSubmatch(reply.Body); reply.Location == "" && form != nil {
			page, err := url.Parse(at)
			if err != nil {
				return "", fmt.Errorf("parse address: %w", err)
			}
			action, err := page.Parse(html.UnescapeString(form[1]))
			if err != nil {
				return "", fmt.Errorf("parse form: %w", err)
			}
			reply = b.Post(action.String(), url.Values{"login": {email}, "password": {password}})
		}
		if reply.Location == "" {
			return "", fmt.Errorf("the provider ends at %s with %d: %s", at, reply.Status, reply.Body)
		}
		at = reply.Location
	}
	return "", fmt.Errorf("the provider goes round in circles at %s", at)
}
