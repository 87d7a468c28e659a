// Package userstest is users on a database of a test's own: a World of its subjects, or a
// Site of its operations.
package userstest

import (
	"context"
	"io/fs"
	"log/slog"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"app/modules/users/internal/account"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/passwords"
	"app/modules/users/internal/registration"
	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/subjects"
	"app/modules/users/migrations"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/identity/token"
)

// Moment is when a world begins.
var Moment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Who signs up in most tests, and where.
const (
	Ada    = "Ada@Example.com"
	Secret = "Correct-Horse-9"
	Home   = "https://shop.example"
)

// Clock moves when it is told to.
type Clock struct {
	mu sync.Mutex
	At time.Time
}

// Now is the time of the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.At
}

// Pass moves the clock.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.At = c.At.Add(d)
}

// World is users with a database of its own.
type World struct {
	*subjects.Set
	T     *testing.T
	DB    *database.DB
	Clock *Clock
}

// Schemas are the tables of a world.
func Schemas() []fs.FS { return []fs.FS{events.Migrations, migrations.Files} }

// Limits are the lives of what a world hands out.
func Limits() subjects.Limits {
	return subjects.Limits{
		CodeLife: 10 * time.Minute, AccessLife: 15 * time.Minute, RefreshIdle: 720 * time.Hour, RefreshGrace: 10 * time.Second,
		SessionLife: 2160 * time.Hour, LettersPerHour: 10, LettersPerNetwork: 10, BrowserIdle: 168 * time.Hour, BrowserLife: 720 * time.Hour, AuditKeep: 4320 * time.Hour,
	}
}

// NewWorld is a world on SQLite.
func NewWorld(t *testing.T) *World {
	t.Helper()
	return On(t, dbtest.Open(t, Schemas()...))
}

// On puts users on a database, as one of several processes may.
func On(t *testing.T, db *database.DB) *World {
	t.Helper()
	w := &World{T: t, DB: db, Clock: &Clock{At: Moment}}
	w.Set = w.With(func(*subjects.Options) {})
	return w
}

// With makes a service on the world's database with other options.
func (w *World) With(change func(*subjects.Options)) *subjects.Set {
	w.T.Helper()
	s, err := w.Start(change)
	if err != nil {
		w.T.Fatal(err)
	}
	return s
}

// Start makes the subjects once more, with other options.
func (w *World) Start(change func(*subjects.Options)) (*subjects.Set, error) {
	o := subjects.Options{
		DB: w.DB, Now: w.Clock.Now, Logger: slog.New(slog.DiscardHandler), Limits: Limits(),
		Hasher:    passwords.NewHasher(passwords.Params{Memory: 8, Time: 1, Threads: 1}, nil),
		PublicURL: Home,
	}
	change(&o)
	return subjects.New(context.Background(), o)
}

// Each runs the test on both engines.
func Each(t *testing.T, run func(t *testing.T, w *World)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *database.DB) { run(t, On(t, db)) }, Schemas()...)
}

// NewForm registers somebody called Ada.
func NewForm(email, password string) registration.Form {
	return registration.Form{Email: email, Password: password, Confirm: password, FirstName: "Ada", LastName: "Lovelace"}
}

// Register accepts a registration a second after the last one and returns its id and
// what was emitted.
func (w *World) Register(in registration.Form) (string, []proto.Message) {
	w.T.Helper()
	w.Clock.Pass(time.Second)
	before := len(w.Emitted())
	id, err := w.Registrations.Register(context.Background(), in)
	if err != nil {
		w.T.Fatal(err)
	}
	return id, w.Emitted()[before:]
}

// ProofOf registers and returns the code in the e-mail with the registration that it
// belongs to.
func (w *World) ProofOf(email, password string) registration.Proof {
	w.T.Helper()
	id, told := w.Register(NewForm(email, password))
	return registration.Proof{Email: email, Code: Issued(w.T, told).GetCode(), Registration: id}
}

// Code registers and returns the code in the e-mail.
// Code is the one that the app shows now.
func (w *World) Code(email, password string) string {
	w.T.Helper()
	return w.ProofOf(email, password).Code
}

// SignUp registers and verifies.
func (w *World) SignUp(email, password string) account.User {
	w.T.Helper()
	user, err := w.Registrations.Verify(context.Background(), w.ProofOf(email, password))
	if err != nil {
		w.T.Fatal(err)
	}
	return user
}

// Login signs in with a password.
func (w *World) Login(email, password string) session.Tokens {
	w.T.Helper()
	in, err := w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: email, Password: password, Transport: authn.Bearer})
	if err != nil {
		w.T.Fatal(err)
	}
	return in.Tokens
}

// Claims verifies an access token as the gateway does.
func (w *World) Claims(access string) token.Claims {
	w.T.Helper()
	c, err := token.NewVerifier(token.NewKeys(w.Keys.Set, w.Clock.Now), w.Clock.Now).Verify(context.Background(), access)
	if err != nil {
		w.T.Fatal(err)
	}
	return c
}

// As is a context in which the bearer of the token calls.
func (w *World) As(access string) context.Context {
	w.T.Helper()
	return identity.NewContext(context.Background(), w.Claims(access).Principal())
}

// Emitted reads what users has told the house, in order.
func (w *World) Emitted() (out []proto.Message) {
	w.T.Helper()
	err := w.DB.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		rows, err := q.Query(ctx, `SELECT type, payload FROM events_outbox ORDER BY seq`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var kind string
			var payload []byte
			if err := rows.Scan(&kind, &payload); err != nil {
				return err
			}
			m := map[string]proto.Message{
				"users.Registered": &usersevents.Registered{}, "users.CodeIssued": &usersevents.CodeIssued{},
				"users.AlreadyRegistered": &usersevents.AlreadyRegistered{}, "users.PasswordChanged": &usersevents.PasswordChanged{},
				"users.NoAccount": &usersevents.NoAccount{}, "users.EmailChanged": &usersevents.EmailChanged{},
				"users.CredentialsChanged": &usersevents.CredentialsChanged{}, "users.SignedInAnew": &usersevents.SignedInAnew{},
			}[kind]
			if err := proto.Unmarshal(payload, m); err != nil {
				return err
			}
			out = append(out, m)
		}
		return rows.Err()
	})
	if err != nil {
		w.T.Fatal(err)
	}
	return out
}

// Run changes the database behind the service's back.
func (w *World) Run(query string, args ...any) {
	w.T.Helper()
	err := w.DB.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		w.T.Fatal(err)
	}
}

// Count reads a number.
func (w *World) Count(query string, args ...any) (n int) {
	w.T.Helper()
	err := w.DB.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, query, args...).Scan(&n)
	})
	if err != nil {
		w.T.Fatal(err)
	}
	return n
}

// Wants checks the code and reason of an error.
func Wants(t *testing.T, err error, code fault.Code, reason string) {
	t.Helper()
	if fault.CodeOf(err) != code || fault.ReasonOf(err) != reason {
		t.Errorf("got %v, want %s (%s)", err, code, reason)
	}
}

// Pointers lists what an error points at.
func Pointers(err error) (out []string) {
	for _, f := range fault.From(err).Fields {
		out = append(out, f.Pointer)
	}
	return out
}

// Together calls do so many times at once and returns the errors.
func Together(n int, do func(i int) error) []error {
	errs := make([]error, n)
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-begin
			errs[i] = do(i)
		})
	}
	close(begin)
	wg.Wait()
	return errs
}

// Beside is another process of users on the same database, by the same clock.
func (w *World) Beside() *World {
	w.T.Helper()
	return &World{T: w.T, DB: w.DB, Clock: w.Clock, Set: w.With(func(*subjects.Options) {})}
}
