package merchantstest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/merchants/internal/apikey"
	"app/modules/merchants/internal/invitation"
	"app/modules/merchants/internal/member"
	"app/modules/merchants/internal/merchant"
	"app/modules/merchants/internal/reason"
	"app/platform/database/dbtest"
	"app/platform/idempotency"
	"app/platform/identity"
	"app/platform/operation"
)

// ServedAt is the time of every request to an API.
var ServedAt = Start.Add(123456 * time.Microsecond)

// API is the public API of the module on a database of its own.
type API struct {
	testing.TB
	http.Handler
	*Shop
}

// NewAPI makes an API. New merchants may sell at once unless a test says otherwise.
func NewAPI(t testing.TB) API {
	t.Helper()
	s := newShop(t, dbtest.Open(t, allMigrations()...), people{}, ServedAt)
	s.Merchants.Limits = merchant.Limits{PerAccount: 10, Pending: 3}
	a := operation.NewAPI("merchants", operation.Options{Now: s.Now})
	merchants, members := merchant.NewHandlers(s.Merchants), member.NewHandlers(s.Members)
	invitations, keys := invitation.NewHandlers(s.Invitations), apikey.NewHandlers(s.Keys)
	merchant.Register(a, &merchants)
	member.Register(a, &members)
	invitation.Register(a, &invitations)
	apikey.Register(a, &keys)
	a.Problems(reason.All()...)
	a.UseKeys(idempotency.New(s.DB, idempotency.Options{}))
	return API{t, a.Handler(), s}
}

// Reply is what an API answered.
type Reply struct {
	Status int
	Header http.Header
	Body   string
}

// Call sends a request as the user. Headers are "Name: value".
func (a API) Call(user, method, path, body string, headers ...string) Reply {
	a.Helper()
	if body != "" {
		headers = append([]string{"Content-Type: application/json"}, headers...)
	}
	return a.Send(identity.Principal{UserID: user, Method: identity.Bearer, Admin: user == Admin}, method, path, body, headers...)
}

// Send sends a request as a principal, which is not signed in without a user.
func (a API) Send(p identity.Principal, method, path, body string, headers ...string) Reply {
	a.Helper()
	r := httptest.NewRequestWithContext(context.Background(), method, path, strings.NewReader(body))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	if p.UserID != Nobody {
		r = r.WithContext(identity.NewContext(r.Context(), p))
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return Reply{w.Code, w.Header(), w.Body.String()}
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

// OpenMerchant opens the merchant of Owner with a manager and a viewer, and returns its
// path.
func (a API) OpenMerchant() string {
	a.Helper()
	m := ReadBody[merchant.Body](a, a.Must(201, Owner, "POST", "/v1/merchants", `{"name":"Lamps"}`))
	path := "/v1/merchants/" + m.ID
	a.JoinAt(path, Manager, "manager")
	a.JoinAt(path, Viewer, "viewer")
	return path
}

// JoinAt has Owner invite one of the people, who accepts.
func (a API) JoinAt(path, user, role string) member.Body {
	a.Helper()
	made := ReadBody[member.Body](a, a.Must(202, Owner, "POST", path+"/members", `{"email":"`+emailOf(user)+`","role":"`+role+`"}`))
	reply := a.Must(200, user, "POST", "/v1/invitations/"+made.InvitationID+"/accept", `{"token":"`+a.Token(made.InvitationID)+`"}`)
	return ReadBody[struct {
		MerchantID string `json:"merchant_id"`
		member.Body
	}](a, reply).Body
}

// ReadBody is what the body of a reply says. A field that T does not have fails the
// test.
func ReadBody[T any](t testing.TB, r Reply) (out T) {
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

// WantProblem checks status, code and pointers of a refusal.
func WantProblem(t testing.TB, got Reply, status int, code string, pointers ...string) {
	t.Helper()
	p := ReadBody[problem](t, got)
	var at []string
	for _, e := range p.Errors {
		at = append(at, e.Pointer)
	}
	if got.Status != status || p.Code != code || got.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s, want %d %s", got.Status, got.Body, status, code)
	}
	if diff := cmp.Diff(pointers, at); diff != "" {
		t.Errorf("pointers: -want +got\n%s", diff)
	}
}

// WantFilled fails for a field of a struct that is left at zero, and for one of the
// exceptions that is not.
func WantFilled(t testing.TB, made any, except ...string) {
	t.Helper()
	v := reflect.ValueOf(made)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() != slices.Contains(except, name) {
			t.Errorf("%s of %s is %v", name, v.Type(), v.Field(i))
		}
	}
}
