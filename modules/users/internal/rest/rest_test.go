package rest_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"app/modules/users/internal/passwords"
	"app/modules/users/internal/subjects"
	"app/modules/users/migrations"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/idempotency"
	"app/platform/identity"
	"app/platform/identity/token"
	"app/platform/ids"
	"app/platform/operation"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

const (
	address  = "Ada@Example.com"
	password = "Correct-Horse-9"
	home     = "https://shop.example"
)

// site is the operations of users on a database of their own.
type site struct {
	t        *testing.T
	db       *database.DB
	subjects *subjects.Set
	handlers subjects.Handlers
	options  subjects.Options
	handler  http.Handler
	now      time.Time
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)}
	s.db = dbtest.Open(t, events.Migrations, idempotency.Migrations, migrations.Files)
	s.options = subjects.Options{
		DB: s.db, Now: func() time.Time { return s.now }, Logger: slog.New(slog.DiscardHandler), PublicURL: home,
		Hasher: passwords.NewHasher(passwords.Params{Memory: 8, Time: 1, Threads: 1}, nil),
		Limits: subjects.Limits{
			CodeLife: 10 * time.Minute, AccessLife: 15 * time.Minute, RefreshIdle: 720 * time.Hour, RefreshGrace: 10 * time.Second,
			SessionLife: 2160 * time.Hour, LettersPerHour: 100, LettersPerNetwork: 100, BrowserIdle: 168 * time.Hour, BrowserLife: 720 * time.Hour, AuditKeep: 4320 * time.Hour,
		},
	}
	s.restart(s.options)
	api := operation.NewAPI("users", operation.Options{Now: func() time.Time { return s.now }})
	subjects.Register(api, &s.handlers)
	api.UseKeys(idempotency.New(s.db, idempotency.Options{}))
	s.handler = api.Handler()
	return s
}

// restart puts the operations on users with other options.
func (s *site) restart(o subjects.Options) {
	s.t.Helper()
	var err error
	if s.subjects, err = subjects.New(context.Background(), o); err != nil {
		s.t.Fatal(err)
	}
	s.handlers = s.subjects.Handlers()
}

// reply is what came back.
type reply struct {
	Status int
	Header http.Header
	Body   string
}

// call makes a request; access, when not empty, is the token of the caller, or
// "cookie:" and the value of the session's cookie, as the gateway has verified it.
func (s *site) call(access, method, path, body string, headers ...string) reply {
	s.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
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
		b, err := s.subjects.Sessions.Browser(context.Background(), value)
		if err != nil {
			s.t.Fatal(err)
		}
		p := identity.Principal{UserID: b.UserID, SessionID: b.SessionID, Admin: b.Admin, Method: identity.Session}
		r = r.WithContext(identity.NewContext(r.Context(), p))
	} else if access != "" {
		clock := func() time.Time { return s.now }
		claims, err := token.NewVerifier(token.NewKeys(s.subjects.Keys.Set, clock), clock).Verify(context.Background(), access)
		if err != nil {
			s.t.Fatal(err)
		}
		r = r.WithContext(identity.NewContext(r.Context(), claims.Principal()))
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.String()}
}

func (s *site) must(status int, access, method, path, body string, headers ...string) reply {
	s.t.Helper()
	got := s.call(access, method, path, body, headers...)
	if got.Status != status {
		s.t.Fatalf("%s %s: %d %s", method, path, got.Status, got.Body)
	}
	return got
}

func object(pairs ...string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	b, _ := json.Marshal(m)
	return string(b)
}

func registration() string {
	return object("email", address, "password", password, "confirm_password", password, "first_name", "Ada", "middle_name", "", "last_name", "Lovelace")
}

// payloads are the events emitted so far, encoded.
func (s *site) payloads() (out [][]byte) {
	s.t.Helper()
	err := s.db.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		rows, err := q.Query(ctx, `SELECT payload FROM events_outbox ORDER BY seq`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var payload []byte
			if err := rows.Scan(&payload); err != nil {
				return err
			}
			out = append(out, payload)
		}
		return rows.Err()
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// code is the one in the last e-mail.
func (s *site) code() string {
	s.t.Helper()
	payloads := s.payloads()
	var issued usersevents.CodeIssued
	if err := proto.Unmarshal(payloads[len(payloads)-1], &issued); err != nil || issued.GetCode() == "" {
		s.t.Fatalf("no code: %v", err)
	}
	return issued.GetCode()
}

type tokens struct {
	Status       string `json:"status"`
	SessionID    string `json:"session_id"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
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

// signIn registers, verifies and signs in.
func (s *site) signIn() tokens {
	s.t.Helper()
	s.must(202, "", "POST", "/v1/auth/register", registration())
	s.must(200, "", "POST", "/v1/auth/verify", object("email", address, "code", s.code(), "password", password))
	return read[tokens](s.t, s.must(200, "", "POST", "/v1/auth/login", object("email", address, "password", password)))
}

type problem struct {
	Type, Title, Code, Detail string
	Status                    int
	Errors                    []struct{ Pointer, Detail string }
	RequestID                 string `json:"request_id"`
}

// wantProblem checks status, code and pointers.
func wantProblem(t *testing.T, got reply, status int, code string, pointers ...string) {
	t.Helper()
	p := read[problem](t, got)
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

func TestWireShapes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	accepted := read[map[string]string](t, s.must(202, "", "POST", "/v1/auth/register", registration()))
	if accepted["status"] != "accepted" || !ids.Valid("cod", accepted["registration"]) || len(accepted) != 2 {
		t.Errorf("register: %v", accepted)
	}
	made := s.must(200, "", "POST", "/v1/auth/verify", object("email", address, "code", s.code(), "registration", accepted["registration"]))
	var user struct{ ID string }
	if err := json.Unmarshal([]byte(made.Body), &user); err != nil {
		t.Fatal(err)
	}
	whole := `{"id":"` + user.ID + `","email":"Ada@Example.com","first_name":"Ada","middle_name":"","last_name":"Lovelace","admin":false,"created_at":"2026-03-01T12:00:00.123456Z","locale":""}`
	login := s.must(200, "", "POST", "/v1/auth/login", object("email", address, "password", password))
	in := read[tokens](t, login)
	if in.TokenType != "Bearer" || in.ExpiresIn != 900 || login.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("login: %v %s", login.Header, login.Body)
	}
	refreshed := s.must(200, "", "POST", "/v1/auth/refresh", object("refresh_token", in.RefreshToken))
	if again := read[tokens](t, refreshed); again.RefreshToken == in.RefreshToken || again.ExpiresIn != 900 || refreshed.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("refresh: %s", refreshed.Body)
	}
	me := s.must(200, in.AccessToken, "GET", "/v1/users/me", "")
	auth := s.must(200, in.AccessToken, "GET", "/v1/users/auth", "")
	public := s.must(200, "", "GET", "/v1/users/"+user.ID+"/public", "")
	want := []string{
		whole + "\n", whole + "\n", `"1"`, `{"auth_method":"bearer","user":` + whole + "}\n",
		`{"id":"` + user.ID + `","display_name":"Ada L.","created_at":"2026-03-01T12:00:00.123456Z"}` + "\n",
	}
	if diff := cmp.Diff(want, []string{made.Body, me.Body, me.Header.Get("ETag"), auth.Body, public.Body}); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if out := s.must(204, in.AccessToken, "POST", "/v1/auth/logout", ""); out.Body != "" {
		t.Errorf("logout: %s", out.Body)
	}
	wantProblem(t, s.call("", "POST", "/v1/auth/refresh", object("refresh_token", in.RefreshToken)), 401, "refresh_token_invalid")
}

func TestUpdateMe(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	access := s.signIn().AccessToken
	got := s.must(200, access, "PATCH", "/v1/users/me", `{"first_name":"Augusta"}`, "If-Match", `"1"`)
	if !strings.Contains(got.Body, `"first_name":"Augusta"`) || got.Header.Get("ETag") != `"2"` {
		t.Errorf("%v %s", got.Header, got.Body)
	}
	wantProblem(t, s.call(access, "PATCH", "/v1/users/me", `{"first_name":"Eve"}`, "If-Match", `"1"`), 412, "version_mismatch")
	wantProblem(t, s.call(access, "PATCH", "/v1/users/me", `{"first_name":"","middle_name":"a/b"}`), 422, "validation_failed", "/first_name", "/middle_name")
	wantProblem(t, s.call(access, "PATCH", "/v1/users/me", `{"email":"eve@example.com","admin":true}`), 422, "validation_failed", "/admin", "/email")
	s.must(200, access, "PATCH", "/v1/users/me", `{}`)
	s.must(304, access, "GET", "/v1/users/me", "", "If-None-Match", `"2"`)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	access := s.signIn().AccessToken
	for name, tc := range map[string]struct {
		access, method, path, body string
		status                     int
		code                       string
		pointers                   []string
	}{
		"RegisterNothing":      {"", "POST", "/v1/auth/register", `{}`, 422, "validation_failed", []string{"/confirm_password", "/email", "/first_name", "/last_name", "/password"}},
		"RegisterWrongTypes":   {"", "POST", "/v1/auth/register", `{"email":1,"password":true,"confirm_password":[],"first_name":{},"last_name":null}`, 422, "validation_failed", []string{"/confirm_password", "/email", "/first_name", "/last_name", "/password"}},
		"RegisterAdmin":        {"", "POST", "/v1/auth/register", strings.Replace(registration(), "{", `{"admin":true,`, 1), 422, "validation_failed", []string{"/admin"}},
		"RegisterWeak":         {"", "POST", "/v1/auth/register", strings.ReplaceAll(registration(), password, "password"), 422, "validation_failed", []string{"/password"}},
		"RegisterMismatch":     {"", "POST", "/v1/auth/register", strings.Replace(registration(), password, "Other-Horse-7", 1), 422, "validation_failed", []string{"/confirm_password"}},
		"RegisterBadJSON":      {"", "POST", "/v1/auth/register", `{"email":`, 400, "malformed_json", []string{"/email"}},
		"RegisterTooLarge":     {"", "POST", "/v1/auth/register", object("email", strings.Repeat("x", 20_000)), 413, "body_too_large", nil},
		"VerifyWrongCode":      {"", "POST", "/v1/auth/verify", object("email", address, "code", "123456", "password", password), 422, "code_invalid", []string{"/code"}},
		"VerifyCodeAlone":      {"", "POST", "/v1/auth/verify", object("email", address, "code", "123456"), 422, "validation_failed", []string{"/registration"}},
		"VerifyNothing":        {"", "POST", "/v1/auth/verify", `{}`, 422, "validation_failed", []string{"/code", "/email"}},
		"LoginWrong":           {"", "POST", "/v1/auth/login", object("email", address, "password", "x"), 401, "invalid_credentials", nil},
		"LoginEmpty":           {"", "POST", "/v1/auth/login", object("email", address, "password", ""), 401, "invalid_credentials", nil},
		"LoginUnknown":         {"", "POST", "/v1/auth/login", object("email", "who@example.com", "password", password), 401, "invalid_credentials", nil},
		"LoginNoPassword":      {"", "POST", "/v1/auth/login", object("email", address), 422, "validation_failed", []string{"/password"}},
		"RefreshUnknown":       {"", "POST", "/v1/auth/refresh", object("refresh_token", "srt_x"), 401, "refresh_token_invalid", nil},
		"RefreshWithAccess":    {"", "POST", "/v1/auth/refresh", object("refresh_token", access), 401, "refresh_token_invalid", nil},
		"LogoutNobody":         {"", "POST", "/v1/auth/logout", "", 401, "unauthenticated", nil},
		"MeNobody":             {"", "GET", "/v1/users/me", "", 401, "unauthenticated", nil},
		"PatchNobody":          {"", "PATCH", "/v1/users/me", `{}`, 401, "unauthenticated", nil},
		"AuthNobody":           {"", "GET", "/v1/users/auth", "", 401, "unauthenticated", nil},
		"PublicUnknown":        {"", "GET", "/v1/users/usr_01kan4v6e8fx2s1gq0vj5t3x7c/public", "", 404, "user_not_found", nil},
		"PublicMalformed":      {"", "GET", "/v1/users/x%20y/public", "", 404, "user_not_found", nil},
		"PublicOfAnotherKind":  {"", "GET", "/v1/users/mrc_01kan4v6e8fx2s1gq0vj5t3x7c/public", "", 404, "user_not_found", nil},
		"OthersAccount":        {access, "GET", "/v1/users/usr_01kan4v6e8fx2s1gq0vj5t3x7c", "", 404, "route_not_found", nil},
		"VerifyByGet":          {"", "GET", "/v1/auth/verify", "", 405, "method_not_allowed", nil},
		"VerifyByGetWithQuery": {"", "GET", "/v1/auth/verify?email=ada@example.com&code=123456", "", 405, "method_not_allowed", nil},
	} {
		t.Run(name, func(t *testing.T) {
			wantProblem(t, s.call(tc.access, tc.method, tc.path, tc.body), tc.status, tc.code, tc.pointers...)
		})
	}
}

// Whatever is wrong with a sign-in or already there at a registration: the replies are
// the same to the byte.
func TestFailure23_SameReplies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signIn()
	wrong := s.must(401, "", "POST", "/v1/auth/login", object("email", address, "password", "x"))
	for _, body := range []string{object("email", "who@example.com", "password", "x"), object("email", address, "password", ""), object("email", "?", "password", password)} {
		if diff := cmp.Diff(wrong, s.call("", "POST", "/v1/auth/login", body)); diff != "" {
			t.Errorf("-wrong password +%s\n%s", body, diff)
		}
	}
	known := s.must(202, "", "POST", "/v1/auth/register", registration())
	unknown := s.must(202, "", "POST", "/v1/auth/register", strings.Replace(registration(), address, "who@example.com", 1))
	anyID := func(r reply) reply {
		r.Body = strings.Replace(r.Body, read[map[string]string](t, r)["registration"], "cod", 1)
		return r
	}
	if diff := cmp.Diff(anyID(known), anyID(unknown)); diff != "" {
		t.Errorf("-known +unknown\n%s", diff)
	}
}

// Nothing of where a request claims to come from or go to may get into an e-mail: what
// users emits has no addresses but the recipient's and, for links, the one that is
// configured.
func TestFailure27_NothingFromTheHostHeader(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	evil := []string{
		"Host", "evil.example", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "evil", "Forwarded", "host=evil.example",
		"X-Forwarded-Prefix", "/evil", "X-Original-URL", "https://evil.example", "Origin", "https://evil.example", "Referer", "https://evil.example/",
	}
	s.must(202, "", "POST", "/v1/auth/register", registration(), evil...)
	s.must(200, "", "POST", "/v1/auth/verify", object("email", address, "code", s.code(), "password", password), evil...)
	s.must(202, "", "POST", "/v1/auth/register", registration(), evil...)
	s.must(202, "", "POST", "/v1/auth/code", object("email", address), evil...)
	s.must(202, "", "POST", "/v1/auth/password/forgot", object("email", address), evil...)
	payloads := s.payloads()
	if len(payloads) != 5 {
		t.Fatalf("%d events", len(payloads))
	}
	for _, payload := range payloads {
		if text := strings.ReplaceAll(string(payload), home+"/v1/auth/letter?", ""); strings.Contains(text, "evil") || strings.Contains(text, "://") {
			t.Errorf("an event says %q", text)
		}
	}
	for _, r := range []reply{s.call("", "POST", "/v1/auth/login", object("email", address, "password", password), evil...)} {
		if strings.Contains(r.Body, "evil") {
			t.Errorf("a reply says %q", r.Body)
		}
	}
}

func TestRegisterWithKey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	key := []string{"Idempotency-Key", "0b8f7c1e-5a56-4c0e-9d0a-3f5f6f3f2f11"}
	first := s.must(202, "", "POST", "/v1/auth/register", registration(), key...)
	again := s.must(202, "", "POST", "/v1/auth/register", registration(), key...)
	if first.Body != again.Body || again.Header.Get("Idempotent-Replayed") != "true" || len(s.payloads()) != 1 {
		t.Errorf("%s then %s, %d events", first.Body, again.Body, len(s.payloads()))
	}
}

// A body holds a password, so what is kept of it must not be a hash that everybody can
// compute.
func TestKeyKeepsNoPlainHashOfTheBody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, key := range []string{"0b8f7c1e-5a56-4c0e-9d0a-3f5f6f3f2f11", "0b8f7c1e-5a56-4c0e-9d0a-3f5f6f3f2f12"} {
		s.must(202, "", "POST", "/v1/auth/register", registration(), "Idempotency-Key", key)
	}
	var kept int
	err := s.db.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, `SELECT COUNT(DISTINCT fingerprint) FROM http_idempotency`).Scan(&kept)
	})
	if err != nil || kept != 2 {
		t.Errorf("%d fingerprints of one body under two keys, %v", kept, err)
	}
}

func TestKeySet(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	got := s.must(200, "", "GET", "/.well-known/jwks.json", "")
	if set, err := token.ParseSet([]byte(got.Body)); err != nil || len(set) != 1 || strings.Contains(got.Body, `"d"`) {
		t.Errorf("%s: %v", got.Body, err)
	}
	if got.Header.Get("Content-Type") != "application/jwk-set+json" || got.Header.Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("%v", got.Header)
	}
}
