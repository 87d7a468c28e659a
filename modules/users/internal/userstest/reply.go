package userstest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/identity"
	"app/platform/identity/token"
)

// Reply is what came back.
type Reply struct {
	Status int
	Header http.Header
	Body   string
}

// Call makes a request; access, when not empty, is the token of the caller, or
// "cookie:" and the value of the session's cookie, as the gateway has verified it.
func (s *Site) Call(access, method, path, body string, headers ...string) Reply {
	s.t.Helper()
	r := httptest.NewRequestWithContext(context.Background(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	if value, ok := strings.CutPrefix(access, "cookie:"); ok {
		b, err := s.Subjects.Sessions.Browser(context.Background(), value)
		if err != nil {
			s.t.Fatal(err)
		}
		p := identity.Principal{UserID: b.UserID, SessionID: b.SessionID, Admin: b.Admin, Method: identity.Session}
		r = r.WithContext(identity.NewContext(r.Context(), p))
	} else if access != "" {
		clock := func() time.Time { return s.Now }
		claims, err := token.NewVerifier(token.NewKeys(s.Subjects.Keys.Set, clock), clock).Verify(context.Background(), access)
		if err != nil {
			s.t.Fatal(err)
		}
		r = r.WithContext(identity.NewContext(r.Context(), claims.Principal()))
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return Reply{w.Code, w.Header(), w.Body.String()}
}

// Must calls and wants the status.
func (s *Site) Must(status int, access, method, path, body string, headers ...string) Reply {
	s.t.Helper()
	got := s.Call(access, method, path, body, headers...)
	if got.Status != status {
		s.t.Fatalf("%s %s: %d %s", method, path, got.Status, got.Body)
	}
	return got
}

// Read decodes the body of a reply, all of whose fields have to be known.
func Read[T any](t *testing.T, r Reply) (out T) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(r.Body))
	d.DisallowUnknownFields()
	if err := d.Decode(&out); err != nil {
		t.Fatalf("%v in %s", err, r.Body)
	}
	return out
}

type problem struct {
	Type, Title, Code, Detail string
	Status                    int
	Errors                    []struct{ Pointer, Detail string }
	RequestID                 string `json:"request_id"`
}

// WantProblem checks status, code and pointers.
func WantProblem(t *testing.T, got Reply, status int, code string, pointers ...string) {
	t.Helper()
	p := Read[problem](t, got)
	var at []string
	for _, e := range p.Errors {
		at = append(at, e.Pointer)
	}
	if got.Status != status || p.Status != status || p.Code != code || got.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s, want %d %s", got.Status, got.Body, status, code)
	}
	if diff := cmp.Diff(pointers, at); diff != "" {
		t.Errorf("pointers: -want +got\n%s", diff)
	}
}
