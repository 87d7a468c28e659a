package edge_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/gateway/internal/edge"
	"app/modules/gateway/internal/limit"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/operation"
	"app/platform/problem"
)

// people are who the test's tokens belong to.
var people = map[string]identity.Principal{
	"":             {},
	"Bearer ada":   {UserID: "usr_ada", Method: identity.Bearer},
	"Bearer admin": {UserID: "usr_admin", Method: identity.Bearer, Admin: true},
}

// door believes the people, by token or by cookie, unless it is broken.
type door struct{ broken error }

func (d door) Bearer(_ context.Context, header string) (identity.Principal, error) {
	p, ok := people[strings.Replace(header, "bearer", "Bearer", 1)]
	if d.broken != nil {
		return identity.Principal{}, d.broken
	}
	if !ok {
		return p, fault.New(fault.Unauthenticated, "token_invalid", "No.")
	}
	return p, nil
}

func (d door) Cookie(_ context.Context, value string) (identity.Principal, error) {
	if d.broken != nil {
		return identity.Principal{}, d.broken
	}
	p := people["Bearer "+value]
	if p.SignedIn() {
		p.Method = identity.Session
	}
	return p, nil
}

// newGateway has one operation for each access and notes who reached it.
func newGateway(t *testing.T, l *limit.Limiter) (*edge.Gateway, *[]identity.Principal) {
	t.Helper()
	var reached []identity.Principal
	var entries []*edge.Entry
	for _, access := range []operation.Access{
		operation.Public, operation.Optional, operation.User, operation.Member, operation.Admin, operation.Loopback, "forgotten",
	} {
		entries = append(entries, &edge.Entry{
			Module: "test", Operation: operation.Operation{Method: http.MethodPost, Path: "/" + string(access), Access: access, Rate: operation.RateAuth, MaxBody: 10},
			Serve: func(w http.ResponseWriter, r *http.Request, _ *operation.Operation) {
				if _, err := io.ReadAll(r.Body); err != nil {
					problem.Write(w, r, err)
					return
				}
				reached = append(reached, identity.FromContext(r.Context()))
				if identity.Caller(r.Context()) != "gateway" {
					t.Errorf("the caller is %q", identity.Caller(r.Context()))
				}
			},
		})
	}
	lenient := *entries[1]
	lenient.Operation.Path, lenient.Operation.Lenient = "/lenient", true
	entries = append(entries, &lenient)
	return &edge.Gateway{Table: edge.NewTable(entries), Authenticator: door{}, Origins: http.NewCrossOriginProtection(), Limiter: l}, &reached
}

func send(g http.Handler, path, authorization, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w
}

// Access is denied unless the operation's declaration allows it.
func TestGateway_Access(t *testing.T) {
	t.Parallel()
	want := map[string]map[string]int{
		"":             {"public": 200, "optional": 200, "user": 401, "member": 401, "admin": 401, "loopback": 404, "forgotten": 401},
		"Bearer ada":   {"public": 200, "optional": 200, "user": 200, "member": 200, "admin": 403, "loopback": 404, "forgotten": 401},
		"Bearer admin": {"public": 200, "optional": 200, "user": 200, "member": 200, "admin": 200, "loopback": 404, "forgotten": 401},
		"Bearer evil":  {"public": 200, "optional": 401, "user": 401, "member": 401, "admin": 401, "loopback": 404, "forgotten": 401},
	}
	got := map[string]map[string]int{}
	g, reached := newGateway(t, nil)
	for who, paths := range want {
		got[who] = map[string]int{}
		for path := range paths {
			got[who][path] = send(g, "/"+path, who, "").Code
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for _, p := range *reached {
		if p.UserID == "" && p.Admin {
			t.Errorf("reached as %+v", p)
		}
	}
	g.DevPages, g.DevPagesForAll = true, true
	if code := send(g, "/loopback", "", "").Code; code != http.StatusOK {
		t.Errorf("a development page that is switched on answers %d", code)
	}
}

// What is for this machine looks at each request: a proxy on the same host, and a name
// of somebody else's that points here, bring strangers to a loopback listener.
func TestFault02_DevelopmentPagesAreForThisMachine(t *testing.T) {
	t.Parallel()
	g, _ := newGateway(t, nil)
	g.DevPages = true
	local := context.WithValue(t.Context(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}))
	for name, c := range map[string]struct {
		peer, host, header string
		want               int
	}{
		"OK":               {"127.0.0.1:4711", "127.0.0.1:8080", "", http.StatusOK},
		"OK by name":       {"[::1]:4711", "localhost", "", http.StatusOK},
		"ErrRebinding":     {"127.0.0.1:4711", "evil.example", "", http.StatusNotFound},
		"ErrForwarded":     {"127.0.0.1:4711", "127.0.0.1:8080", "X-Forwarded-For", http.StatusNotFound},
		"ErrForwardedHost": {"127.0.0.1:4711", "127.0.0.1:8080", "X-Forwarded-Host", http.StatusNotFound},
		"ErrRFC7239":       {"127.0.0.1:4711", "127.0.0.1:8080", "Forwarded", http.StatusNotFound},
		"ErrVia":           {"127.0.0.1:4711", "127.0.0.1:8080", "Via", http.StatusNotFound},
		"ErrRemote":        {"203.0.113.9:4711", "127.0.0.1:8080", "", http.StatusNotFound},
	} {
		r := httptest.NewRequestWithContext(local, http.MethodPost, "/loopback", http.NoBody)
		r.RemoteAddr, r.Host = c.peer, c.host
		if c.header != "" {
			r.Header.Set(c.header, "203.0.113.9")
		}
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: %d, want %d", name, w.Code, c.want)
		}
	}
}

func TestGateway_Limit(t *testing.T) {
	t.Parallel()
	l := limit.New(limit.Options{Quotas: limit.Quotas{operation.RateAuth: 8}, Keys: 100, Now: time.Now})
	g, reached := newGateway(t, l)
	var last *httptest.ResponseRecorder
	for range 20 {
		last = send(g, "/user", "Bearer evil", "") // refused requests count too
	}
	if last.Code != http.StatusTooManyRequests || last.Header().Get("Retry-After") == "" || last.Header().Get("RateLimit") == "" {
		t.Errorf("%d, %v", last.Code, last.Header())
	}
	if len(*reached) != 0 {
		t.Errorf("%d requests got through", len(*reached))
	}
}

func TestFailure39_BodiesOverTheLimit(t *testing.T) {
	t.Parallel()
	g, reached := newGateway(t, nil)
	if code := send(g, "/public", "", strings.Repeat("x", 11)).Code; code != http.StatusRequestEntityTooLarge {
		t.Errorf("announced: %d", code)
	}
	r := httptest.NewRequest(http.MethodPost, "/public", io.MultiReader(strings.NewReader(strings.Repeat("x", 11))))
	r.ContentLength = -1
	w := httptest.NewRecorder()
	if g.ServeHTTP(w, r); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("not announced: %d", w.Code)
	}
	if len(*reached) != 0 {
		t.Errorf("%d requests got through", len(*reached))
	}
}

func TestGateway_KeysUnavailable(t *testing.T) {
	t.Parallel()
	g, _ := newGateway(t, nil)
	g.Authenticator = door{fault.New(fault.Unavailable, "keys_unavailable", "").Because(errors.New("users is down"))}
	if w := send(g, "/user", "Bearer ada", ""); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "users is down") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// A module in another process may not answer; one in this process keeps to the time-out
// itself.
func TestGateway_Deadline(t *testing.T) {
	t.Parallel()
	for _, remote := range []bool{true, false} {
		var bounded bool
		op := operation.Operation{Method: http.MethodPost, Path: "/x", Access: operation.Public, Rate: operation.RateDefault, MaxBody: 10, Timeout: time.Minute}
		g := &edge.Gateway{Authenticator: door{}, Origins: http.NewCrossOriginProtection(), Table: edge.NewTable([]*edge.Entry{{
			Module: "test", Operation: op, Remote: remote,
			Serve: func(_ http.ResponseWriter, r *http.Request, _ *operation.Operation) {
				_, bounded = r.Context().Deadline()
			},
		}})}
		if code := send(g, "/x", "", "").Code; code != http.StatusOK || bounded != remote {
			t.Errorf("remote %t: %d, with a deadline %t", remote, code, bounded)
		}
	}
}
