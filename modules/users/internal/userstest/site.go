package userstest

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"app/modules/users/internal/passwords"
	"app/modules/users/internal/subjects"
	"app/modules/users/migrations"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/idempotency"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

// What somebody registers with on a Site, and where the site is.
const (
	Address  = "Ada@Example.com"
	Password = "Correct-Horse-9"
	Shop     = "https://shop.example"
)

// Site is the operations of users on a database of their own.
type Site struct {
	t        *testing.T
	DB       *database.DB
	Subjects *subjects.Set
	handlers subjects.Handlers
	Options  subjects.Options
	handler  http.Handler
	Now      time.Time
}

// NewSite is a site on SQLite.
func NewSite(t *testing.T) *Site {
	t.Helper()
	s := &Site{t: t, Now: time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)}
	s.DB = dbtest.Open(t, events.Migrations, idempotency.Migrations, migrations.Files)
	s.Options = subjects.Options{
		DB: s.DB, Now: func() time.Time { return s.Now }, Logger: slog.New(slog.DiscardHandler), PublicURL: Shop,
		Hasher: passwords.NewHasher(passwords.Params{Memory: 8, Time: 1, Threads: 1}, nil),
		Limits: subjects.Limits{
			CodeLife: 10 * time.Minute, AccessLife: 15 * time.Minute, RefreshIdle: 720 * time.Hour, RefreshGrace: 10 * time.Second,
			SessionLife: 2160 * time.Hour, LettersPerHour: 100, LettersPerNetwork: 100, BrowserIdle: 168 * time.Hour, BrowserLife: 720 * time.Hour, AuditKeep: 4320 * time.Hour,
		},
	}
	s.Restart(s.Options)
	api := operation.NewAPI("users", operation.Options{Now: func() time.Time { return s.Now }})
	subjects.Register(api, &s.handlers)
	api.UseKeys(idempotency.New(s.DB, idempotency.Options{}))
	s.handler = operationtest.New(t, api)
	return s
}

// Restart puts the operations on users with other options.
func (s *Site) Restart(o subjects.Options) {
	s.t.Helper()
	var err error
	if s.Subjects, err = subjects.New(context.Background(), o); err != nil {
		s.t.Fatal(err)
	}
	s.handlers = s.Subjects.Handlers()
}

// Object is a JSON object of pairs.
func Object(pairs ...string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	b, _ := json.Marshal(m)
	return string(b)
}

// Registration is the body that registers.
func Registration() string {
	return Object("email", Address, "password", Password, "confirm_password", Password, "first_name", "Ada", "middle_name", "", "last_name", "Lovelace")
}

// Payloads are the events emitted so far, encoded.
func (s *Site) Payloads() (out [][]byte) {
	s.t.Helper()
	err := s.DB.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
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

// Code is the one in the last e-mail.
func (s *Site) Code() string {
	s.t.Helper()
	payloads := s.Payloads()
	var issued usersevents.CodeIssued
	if err := proto.Unmarshal(payloads[len(payloads)-1], &issued); err != nil || issued.GetCode() == "" {
		s.t.Fatalf("no code: %v", err)
	}
	return issued.GetCode()
}

// Tokens are what a sign-in answers.
type Tokens struct {
	Status       string `json:"status"`
	SessionID    string `json:"session_id"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
}

// SignIn registers, verifies and signs in.
func (s *Site) SignIn() Tokens {
	s.t.Helper()
	s.Must(202, "", "POST", "/v1/auth/register", Registration())
	s.Must(200, "", "POST", "/v1/auth/verify", Object("email", Address, "code", s.Code(), "password", Password))
	return operationtest.ReadStrict[Tokens](s.t, s.Must(200, "", "POST", "/v1/auth/login", Object("email", Address, "password", Password)))
}

// Request asks for a code at the path and returns the request.
func (s *Site) Request(access, path, email string) string {
	s.t.Helper()
	s.Now = s.Now.Add(time.Second)
	got := operationtest.ReadStrict[map[string]string](s.t, s.Must(202, access, "POST", path, Object("email", email)))
	if got["status"] != "accepted" || !strings.HasPrefix(got["request"], "cod_") || len(got) != 2 {
		s.t.Errorf("%s: %v", path, got)
	}
	return got["request"]
}

// Link is the one in the last e-mail.
func (s *Site) Link() *url.URL {
	s.t.Helper()
	payloads := s.Payloads()
	var issued usersevents.CodeIssued
	if err := proto.Unmarshal(payloads[len(payloads)-1], &issued); err != nil {
		s.t.Fatal(err)
	}
	u, err := url.Parse(issued.GetLink())
	if err == nil && (u.Query().Has("code") || u.Query().Has("email") || !strings.Contains(u.Fragment, "code="+issued.GetCode())) {
		s.t.Fatalf("a code or an address in the query: %s", u)
	}
	if err != nil || u.Scheme+"://"+u.Host != Shop {
		s.t.Fatalf("link %s, %v", issued.GetLink(), err)
	}
	return u
}

// Form is what the page of a link posts: what is in its query, and what its script
// takes out of the fragment.
func Form(u *url.URL) url.Values {
	values := u.Query()
	fragment, err := url.ParseQuery(u.EscapedFragment())
	if err != nil {
		panic(err)
	}
	for name := range fragment {
		values.Set(name, fragment.Get(name))
	}
	return values
}

// Post sends what the form of a page holds, with the values added.
func (s *Site) Post(access, path string, form url.Values, headers ...string) operationtest.Reply {
	s.t.Helper()
	return s.Call(access, "POST", path, form.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin", "Accept", "text/html,*/*;q=0.8"}, headers...)...)
}

// Browse signs in as a browser does and returns the cookie that was set.
func (s *Site) Browse(access string, headers ...string) *http.Cookie {
	s.t.Helper()
	got := s.Must(200, access, "POST", "/v1/auth/login", `{"email":"`+Address+`","password":"`+Password+`","session":true}`, headers...)
	cookies := (&http.Response{Header: got.Header}).Cookies()
	if len(cookies) != 1 || strings.Contains(got.Body, "access_token") || strings.Contains(got.Body, "refresh_token") {
		s.t.Fatalf("login: %v %s", got.Header, got.Body)
	}
	return cookies[0]
}

// Page is one page of a list.
type Page[T any] struct {
	Data []T
	More bool   `json:"has_more"`
	Next string `json:"next"`
}

// FormType is the media type of forms.
const FormType = "application/x-www-form-urlencoded"

// Grant posts a form to the token endpoint.
func (s *Site) Grant(form string, headers ...string) operationtest.Reply {
	s.t.Helper()
	return s.Call("", "POST", "/v1/auth/token", form, append([]string{"Content-Type", FormType}, headers...)...)
}
