package operationtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"app/platform/identity"
)

// Root is the user who is an administrator, of those that an API is called by.
const Root = "usr_root"

// API is the operations of a module for one test, called by users: "" is nobody, Root an
// administrator, and everybody else a person who is signed in.
type API struct {
	testing.TB
	http.Handler
}

// Call sends a request as the user. Headers are "Name: value".
func (a API) Call(user, method, path, body string, headers ...string) Reply {
	a.Helper()
	pairs := make([]string, 0, 2*len(headers))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		pairs = append(pairs, name, value)
	}
	who := Nobody
	if user != "" {
		who = identity.Principal{UserID: user, Method: identity.Bearer, Admin: user == Root}
	}
	return Send(a, who, method, path, body, pairs...)
}

// Must is Call for what has to succeed with the status.
func (a API) Must(status int, user, method, path, body string, headers ...string) Reply {
	a.Helper()
	got := a.Call(user, method, path, body, headers...)
	if got.Status != status {
		a.Fatalf("%s %s: %d %s, want %d", method, path, got.Status, got.Body, status)
	}
	return got
}

// Read is what the body of a reply says.
func Read[T any](t testing.TB, r Reply) (out T) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.Body), &out); err != nil {
		t.Fatalf("%v in %s", err, r.Body)
	}
	return out
}

// ReadStrict is Read that fails for a field that T does not have.
func ReadStrict[T any](t testing.TB, r Reply) (out T) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(r.Body))
	d.DisallowUnknownFields()
	if err := d.Decode(&out); err != nil {
		t.Fatalf("%v in %s", err, r.Body)
	}
	return out
}

// WantProblem checks that a reply is a problem in every respect, with the status, the
// code and the pointers.
func WantProblem(t testing.TB, r Reply, status int, code string, pointers ...string) {
	t.Helper()
	p := r.Problem(t)
	if got := r.Pointers(t); p.Status != status || p.Code != code || !slices.Equal(pointers, got) {
		t.Errorf("got %d %s, want %d %s %v", r.Status, r.Body, status, code, pointers)
	}
}
