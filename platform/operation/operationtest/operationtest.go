// Package operationtest calls handlers of operations in tests.
package operationtest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"app/platform/identity"
	"app/platform/problem"
)

// Who calls in tests.
var (
	Nobody = identity.Principal{}
	Alice  = identity.Principal{UserID: "usr_alice", Method: identity.Bearer}
	Bob    = identity.Principal{UserID: "usr_bob", Method: identity.Bearer}
)

// Key is an API key of a merchant.
func Key(merchant string, scopes ...identity.Scope) identity.Principal {
	return identity.Principal{Method: identity.APIKey, KeyID: "key_1", Merchant: merchant, Scopes: scopes}
}

// Reply is an answer read to its end.
type Reply struct {
	Status int
	Header http.Header
	Body   string
}

// Problem reads the reply as a problem, and fails the test when it is not one in every
// respect.
func (r Reply) Problem(t testing.TB) problem.Problem {
	t.Helper()
	var p problem.Problem
	if err := json.Unmarshal([]byte(r.Body), &p); err != nil {
		t.Fatalf("status %d, not a problem: %q", r.Status, r.Body)
	}
	if got := r.Header.Get("Content-Type"); got != "application/problem+json" || p.Status != r.Status || p.Type != "/docs/problems#"+p.Code || p.Title == "" {
		t.Fatalf("content type %s, status %d, problem %+v", got, r.Status, p)
	}
	return p
}

// Pointers lists where the problem of the reply points.
func (r Reply) Pointers(t testing.TB) []string {
	t.Helper()
	out := []string{}
	for _, f := range r.Problem(t).Errors {
		out = append(out, f.Pointer)
	}
	return out
}

// Send calls the handler as the principal, with headers in pairs. A body is JSON unless
// they say otherwise; an empty value takes a header away. Host is what the request was
// sent to.
func Send(h http.Handler, who identity.Principal, method, target, body string, headers ...string) Reply {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(identity.NewContext(context.Background(), who), method, target, reader)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return Reply{w.Code, w.Header(), w.Body.String()}
}
