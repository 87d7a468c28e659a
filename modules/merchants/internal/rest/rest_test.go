package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/merchants/internal/rest"
	"app/modules/merchants/internal/service"
	"app/modules/merchants/merchantsevents"
	"app/modules/merchants/migrations"
	"app/modules/users/usersv1"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/idempotency"
	"app/platform/identity"
	"app/platform/operation"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// People. nobody is not signed in; ghost has a token and no account.
const (
	nobody   = ""
	owner    = "usr_01kan4v6e8fx2s1gq0vj5t3x01"
	manager  = "usr_01kan4v6e8fx2s1gq0vj5t3x02"
	viewer   = "usr_01kan4v6e8fx2s1gq0vj5t3x03"
	stranger = "usr_01kan4v6e8fx2s1gq0vj5t3x04"
	admin    = "usr_01kan4v6e8fx2s1gq0vj5t3x05"
	ghost    = "usr_01kan4v6e8fx2s1gq0vj5t3x09"
)

// users knows the people above, by id and by <last two digits>@example.com.
type users struct{}

func (users) Find(_ context.Context, req *usersv1.FindRequest) (*usersv1.FindResponse, error) {
	for _, id := range []string{owner, manager, viewer, stranger, admin} {
		if email := id[len(id)-2:] + "@example.com"; req.GetId() == id || req.GetEmail() == email {
			return &usersv1.FindResponse{User: &usersv1.User{Id: id, Email: email, FirstName: "Ada"}}, nil
		}
	}
	return nil, &fault.CallError{Module: "users", Method: "Find", Code: fault.NotFound}
}

func (users) CreateAPIKey(_ context.Context, req *usersv1.CreateAPIKeyRequest) (*usersv1.CreateAPIKeyResponse, error) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
	if end := req.GetExpiresAt().AsTime(); req.GetExpiresAt() == nil || !end.After(now) || end.After(now.AddDate(2, 0, 0)) { // as users does
		return nil, &fault.CallError{Module: "users", Code: fault.InvalidArgument, Fields: []fault.Field{{Pointer: "/expires_at", Detail: "out of bounds"}}}
	}
	info := &usersv1.APIKeyInfo{
		Id: "key_1", Name: req.GetName(), Hint: "souk_1234", Scopes: req.GetScopes(), CreatedBy: owner,
		CreatedAt: timestamppb.New(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), ExpiresAt: req.GetExpiresAt(),
	}
	return &usersv1.CreateAPIKeyResponse{Key: "souk_123456", Info: info}, nil
}

func (users) ListAPIKeys(context.Context, *usersv1.ListAPIKeysRequest) (*usersv1.ListAPIKeysResponse, error) {
	at := timestamppb.New(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	return &usersv1.ListAPIKeysResponse{Keys: []*usersv1.APIKeyInfo{{
		Id: "key_1", Name: "till", Hint: "souk_1234", Scopes: []string{"orders:read"}, CreatedBy: owner, CreatedAt: at, LastUsedAt: at,
	}, {
		Id: "key_2", Name: "stock", Hint: "souk_5678", Scopes: []string{"catalog:write"}, CreatedBy: manager, CreatedAt: at,
	}}}, nil
}

func (users) RevokeAPIKey(_ context.Context, req *usersv1.RevokeAPIKeyRequest) (*usersv1.RevokeAPIKeyResponse, error) {
	if req.GetKeyId() != "key_1" {
		return nil, &fault.CallError{Module: "users", Code: fault.NotFound}
	}
	return &usersv1.RevokeAPIKeyResponse{}, nil
}

type site struct {
	t       *testing.T
	handler http.Handler
	db      *database.DB
}

func newSite(t *testing.T, approve bool) *site {
	t.Helper()
	db := dbtest.Open(t, events.Migrations, idempotency.Migrations, migrations.Files)
	now := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC) }
	s := service.New(service.Options{
		DB: db, Users: users{}, Now: now, AutoApprove: approve, PublicURL: "https://shop.example",
		Limits: service.Limits{
			Merchants: 10, Pending: 3, InvitationsDay: 20, InvitationsPending: 10, InvitationLife: 7 * 24 * time.Hour, KeyLife: 365 * 24 * time.Hour,
		},
	})
	api := operation.NewAPI("merchants", operation.Options{Now: now})
	h := rest.NewHandlers(s)
	rest.Register(api, &h)
	api.UseKeys(idempotency.New(db, idempotency.Options{}))
	return &site{t, api.Handler(), db}
}

type reply struct {
	Status int
	Header http.Header
	Body   string
}

func (s *site) call(user, method, path, body string, headers ...string) reply {
	s.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if user != nobody {
		r = r.WithContext(identity.NewContext(r.Context(), identity.Principal{UserID: user, Method: identity.Bearer, Admin: user == admin}))
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.String()}
}

func (s *site) must(status int, user, method, path, body string, headers ...string) reply {
	s.t.Helper()
	got := s.call(user, method, path, body, headers...)
	if got.Status != status {
		s.t.Fatalf("%s %s: %d %s", method, path, got.Status, got.Body)
	}
	return got
}

func read[T any](t *testing.T, r reply) (out T) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(r.Body))
	d.DisallowUnknownFields()
	if err := d.Decode(&out); err != nil {
		t.Fatalf("%v in %s", err, r.Body)
	}
	return out
}

// open makes the owner's merchant with a manager and a viewer, and returns its path.
func (s *site) open() string {
	s.t.Helper()
	m := read[rest.Merchant](s.t, s.must(201, owner, "POST", "/v1/merchants", `{"name":"Lamps"}`))
	path := "/v1/merchants/" + m.ID
	s.join(path, manager, "manager")
	s.join(path, viewer, "viewer")
	return path
}

// join has the owner invite somebody, who accepts.
func (s *site) join(path, user, role string) rest.Member {
	s.t.Helper()
	made := read[rest.Member](s.t, s.must(202, owner, "POST", path+"/members", `{"email":"`+user[len(user)-2:]+`@example.com","role":"`+role+`"}`))
	reply := s.must(200, user, "POST", "/v1/invitations/"+made.InvitationID+"/accept", `{"token":"`+s.token(made.InvitationID)+`"}`)
	return read[struct {
		MerchantID string `json:"merchant_id"`
		rest.Member
	}](s.t, reply).Member
}

// token reads what the e-mail of an invitation says after the hyphen.
func (s *site) token(invitation string) string {
	s.t.Helper()
	var payload []byte
	err := s.db.Read(s.t.Context(), func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, `SELECT payload FROM events_outbox WHERE aggregate_id = ?`, invitation).Scan(&payload)
	})
	event := &merchantsevents.Invited{}
	if err == nil {
		err = proto.Unmarshal(payload, event)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	_, token, _ := strings.Cut(event.GetCode(), "-")
	return token
}

type problem struct {
	Type, Title, Code, Detail string
	Status                    int
	Errors                    []struct{ Pointer, Detail string }
	RequestID                 string `json:"request_id"`
}

func wantProblem(t *testing.T, got reply, status int, code string, pointers ...string) {
	t.Helper()
	p := read[problem](t, got)
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

func TestWireShapes(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	made := s.must(201, owner, "POST", "/v1/merchants", `{"name":" Café Ünïque ","description":"Lamps\nand light"}`)
	m := read[rest.Merchant](t, made)
	path := "/v1/merchants/" + m.ID
	const form = `{"id":%q,"slug":"cafe-unique","name":"Café Ünïque","description":"Lamps\nand light","status":"approved",%s"created_at":"2026-03-01T12:00:00.123456Z"}`
	own := fmt.Sprintf(form, m.ID, `"role":"owner",`)
	others := fmt.Sprintf(form, m.ID, "")
	want := []string{own + "\n", path, `"1"`, own + "\n", others + "\n", others + "\n", `{"data":[` + others + `],"has_more":false}` + "\n", `{"data":[],"has_more":false}` + "\n"}
	got := []string{
		made.Body, made.Header.Get("Location"), made.Header.Get("ETag"),
		s.must(200, owner, "GET", path, "").Body, s.must(200, stranger, "GET", path, "").Body, s.must(200, nobody, "GET", path, "").Body,
		s.must(200, owner, "GET", "/v1/merchants", "").Body, s.must(200, stranger, "GET", "/v1/merchants", "").Body,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	member := s.join(path, manager, "manager")
	changed := s.must(201, owner, "POST", path+"/members", `{"user_id":"`+manager+`","role":"manager"}`)
	list := s.must(200, owner, "GET", path+"/members?limit=1", "")
	if diff := cmp.Diff(`{"user_id":"`+manager+`","role":"manager","status":"member","created_at":"2026-03-01T12:00:00.123456Z"}`+"\n", changed.Body); diff != "" || member != read[rest.Member](t, changed) {
		t.Errorf("-want +got\n%s", diff)
	}
	first := read[operation.Page[rest.Member]](t, list)
	second := read[operation.Page[rest.Member]](t, s.must(200, owner, "GET", path+"/members?limit=1&after="+first.Next, ""))
	if len(first.Data) != 1 || !first.HasMore || len(second.Data) != 1 || second.HasMore || first.Data[0] == second.Data[0] {
		t.Errorf("%+v then %+v", first, second)
	}
}

func TestFailure18_AnotherMerchant(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	path := s.open()
	const absent = "/v1/merchants/mrc_01kan4v6e8fx2s1gq0vj5t3x7c"
	for _, route := range []struct{ method, path, body string }{
		{"PATCH", "", `{"name":"Mine now"}`},
		{"GET", "/members", ""},
		{"POST", "/members", `{"user_id":"` + stranger + `","role":"owner"}`},
		{"POST", "/members", `{"email":"unknown@example.com","role":"viewer"}`},
		{"DELETE", "/members/" + owner, ""},
	} {
		theirs := s.call(stranger, route.method, path+route.path, route.body)
		wantProblem(t, theirs, 404, "merchant_not_found")
		if none := s.call(stranger, route.method, absent+route.path, route.body); none.Body != theirs.Body {
			t.Errorf("%s %s: another's can be told from none:\n%s%s", route.method, route.path, theirs.Body, none.Body)
		}
		wantProblem(t, s.call(stranger, route.method, "/v1/merchants/x"+route.path, route.body), 404, "merchant_not_found")
		wantProblem(t, s.call(nobody, route.method, path+route.path, route.body), 401, "unauthenticated")
	}
	if got := read[rest.Merchant](t, s.must(200, owner, "GET", path, "")); got.Name != "Lamps" {
		t.Errorf("got %+v", got)
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	path := s.open()
	for _, user := range []string{manager, viewer} {
		s.must(200, user, "GET", path+"/members", "")
		wantProblem(t, s.call(user, "PATCH", path, `{"name":"x"}`), 403, "role_too_low")
		wantProblem(t, s.call(user, "POST", path+"/members", `{"user_id":"`+user+`","role":"owner"}`), 403, "role_too_low")
		wantProblem(t, s.call(user, "DELETE", path+"/members/"+owner, ""), 403, "role_too_low")
	}
	wantProblem(t, s.call(owner, "DELETE", path+"/members/"+owner, ""), 409, "last_owner")
	wantProblem(t, s.call(owner, "POST", path+"/members", `{"user_id":"`+owner+`","role":"viewer"}`), 409, "last_owner")
	wantProblem(t, s.call(owner, "DELETE", path+"/members/"+stranger, ""), 404, "member_not_found")
	s.must(200, viewer, "DELETE", path+"/members/"+viewer, "") // leaves
	wantProblem(t, s.call(viewer, "GET", path+"/members", ""), 404, "merchant_not_found")
	s.must(201, owner, "POST", path+"/members", `{"user_id":"`+manager+`","role":"owner"}`)
	s.must(200, manager, "DELETE", path+"/members/"+owner, "")
	s.must(200, manager, "PATCH", path, `{"name":"Lanterns"}`)
}

func TestPendingAndApproved(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	path := "/v1/merchants/" + read[rest.Merchant](t, s.must(201, owner, "POST", "/v1/merchants", `{"name":"Lamps"}`)).ID
	wantProblem(t, s.call(stranger, "GET", path, ""), 404, "merchant_not_found")
	wantProblem(t, s.call(owner, "POST", path+"/approve", ""), 403, "permission_denied")
	wantProblem(t, s.call(nobody, "POST", path+"/approve", ""), 401, "unauthenticated")
	wantProblem(t, s.call(admin, "POST", "/v1/merchants/mrc_01kan4v6e8fx2s1gq0vj5t3x7c/approve", ""), 404, "merchant_not_found")
	s.must(200, admin, "POST", path+"/approve", "")
	if got := read[rest.Merchant](t, s.must(200, stranger, "GET", path, "")); got.Status != "approved" {
		t.Errorf("got %+v", got)
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	path := s.open()
	got := s.must(200, owner, "PATCH", path, `{"name":" Lanterns "}`, "If-Match", `"1"`)
	if m := read[rest.Merchant](t, got); m.Name != "Lanterns" || m.Slug != "lamps" || got.Header.Get("ETag") != `"2"` {
		t.Errorf("%v %s", got.Header, got.Body)
	}
	wantProblem(t, s.call(owner, "PATCH", path, `{"name":"x"}`, "If-Match", `"1"`), 412, "version_mismatch")
	wantProblem(t, s.call(owner, "PATCH", path, `{"name":" ","description":"a\u0000b"}`), 422, "validation_failed", "/description", "/name")
	wantProblem(t, s.call(owner, "PATCH", path, `{"slug":"mine","status":"approved"}`), 422, "validation_failed", "/slug", "/status")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	path := s.open()
	for name, tc := range map[string]struct {
		user, method, path, body string
		status                   int
		code                     string
		pointers                 []string
	}{
		"Nobody":           {nobody, "POST", "/v1/merchants", `{"name":"x"}`, 401, "unauthenticated", nil},
		"NoAccount":        {ghost, "POST", "/v1/merchants", `{"name":"x"}`, 401, "unauthenticated", nil},
		"Nothing":          {owner, "POST", "/v1/merchants", `{}`, 422, "validation_failed", []string{"/name"}},
		"BlankName":        {owner, "POST", "/v1/merchants", `{"name":"  "}`, 422, "validation_failed", []string{"/name"}},
		"HeaderInName":     {owner, "POST", "/v1/merchants", `{"name":"Lamps\r\nBcc: x@example.com"}`, 422, "validation_failed", []string{"/name"}},
		"SeparatorInName":  {owner, "POST", "/v1/merchants", `{"name":"a\u2028b"}`, 422, "validation_failed", []string{"/name"}},
		"WrongTypes":       {owner, "POST", "/v1/merchants", `{"name":1,"slug":false}`, 422, "validation_failed", []string{"/name", "/slug"}},
		"UnknownField":     {owner, "POST", "/v1/merchants", `{"name":"x","status":"approved"}`, 422, "validation_failed", []string{"/status"}},
		"BadSlug":          {owner, "POST", "/v1/merchants", `{"name":"x","slug":"No Good"}`, 422, "validation_failed", []string{"/slug"}},
		"TakenSlug":        {owner, "POST", "/v1/merchants", `{"name":"x","slug":"lamps"}`, 409, "slug_taken", nil},
		"LongTexts":        {owner, "POST", "/v1/merchants", `{"name":"` + strings.Repeat("x", 201) + `","description":"` + strings.Repeat("x", 5001) + `"}`, 422, "validation_failed", []string{"/description", "/name"}},
		"BadJSON":          {owner, "POST", "/v1/merchants", `{"name":"x"`, 400, "malformed_json", []string{""}},
		"BadCursor":        {owner, "GET", "/v1/merchants?after=x", "", 422, "validation_failed", []string{"/after"}},
		"BadLimit":         {owner, "GET", "/v1/merchants?limit=0", "", 422, "validation_failed", []string{"/limit"}},
		"MemberNoRole":     {owner, "POST", path + "/members", `{"user_id":"` + stranger + `"}`, 422, "validation_failed", []string{"/role"}},
		"MemberBadRole":    {owner, "POST", path + "/members", `{"user_id":"` + stranger + `","role":"boss"}`, 422, "validation_failed", []string{"/role"}},
		"MemberNobody":     {owner, "POST", path + "/members", `{"role":"viewer"}`, 422, "validation_failed", []string{"/user_id"}},
		"MemberTwoNames":   {owner, "POST", path + "/members", `{"user_id":"` + stranger + `","email":"04@example.com","role":"viewer"}`, 422, "validation_failed", []string{"/user_id"}},
		"MemberNoAddress":  {owner, "POST", path + "/members", `{"email":"who","role":"viewer"}`, 422, "validation_failed", []string{"/email"}},
		"MemberNotYet":     {owner, "POST", path + "/members", `{"user_id":"` + stranger + `","role":"viewer"}`, 422, "validation_failed", []string{"/user_id"}},
		"MemberUnknownID":  {owner, "POST", path + "/members", `{"user_id":"` + ghost + `","role":"viewer"}`, 422, "validation_failed", []string{"/user_id"}},
		"MalformedID":      {nobody, "GET", "/v1/merchants/%27%20or%201=1", "", 404, "merchant_not_found", nil},
		"DeleteNotAllowed": {owner, "DELETE", path, "", 405, "method_not_allowed", nil},
	} {
		t.Run(name, func(t *testing.T) {
			wantProblem(t, s.call(tc.user, tc.method, tc.path, tc.body), tc.status, tc.code, tc.pointers...)
		})
	}
}
