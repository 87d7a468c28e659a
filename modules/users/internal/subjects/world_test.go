package subjects_test

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
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

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

var moment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	ada    = "Ada@Example.com"
	secret = "Correct-Horse-9"
	home   = "https://shop.example"
)

// clock moves when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is users with a database of its own.
type world struct {
	*subjects.Set
	t     *testing.T
	db    *database.DB
	clock *clock
}

func schemas() []fs.FS { return []fs.FS{events.Migrations, migrations.Files} }

func limits() subjects.Limits {
	return subjects.Limits{
		CodeLife: 10 * time.Minute, AccessLife: 15 * time.Minute, RefreshIdle: 720 * time.Hour, RefreshGrace: 10 * time.Second,
		SessionLife: 2160 * time.Hour, LettersPerHour: 10, LettersPerNetwork: 10, BrowserIdle: 168 * time.Hour, BrowserLife: 720 * time.Hour, AuditKeep: 4320 * time.Hour,
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return on(t, dbtest.Open(t, schemas()...))
}

// on puts users on a database, as one of several processes may.
func on(t *testing.T, db *database.DB) *world {
	t.Helper()
	w := &world{t: t, db: db, clock: &clock{now: moment}}
	w.Set = w.with(func(*subjects.Options) {})
	return w
}

// with makes a service on the world's database with other options.
func (w *world) with(change func(*subjects.Options)) *subjects.Set {
	w.t.Helper()
	s, err := w.start(change)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) start(change func(*subjects.Options)) (*subjects.Set, error) {
	o := subjects.Options{
		DB: w.db, Now: w.clock.Now, Logger: slog.New(slog.DiscardHandler), Limits: limits(),
		Hasher:    passwords.NewHasher(passwords.Params{Memory: 8, Time: 1, Threads: 1}, nil),
		PublicURL: home,
	}
	change(&o)
	return subjects.New(context.Background(), o)
}

// each runs the test on both engines.
func each(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *database.DB) { run(t, on(t, db)) }, schemas()...)
}

func newForm(email, password string) registration.Form {
	return registration.Form{Email: email, Password: password, Confirm: password, FirstName: "Ada", LastName: "Lovelace"}
}

// register accepts a registration a second after the last one and returns its id and
// what was emitted.
func (w *world) register(in registration.Form) (string, []proto.Message) {
	w.t.Helper()
	w.clock.pass(time.Second)
	before := len(w.emitted())
	id, err := w.Registrations.Register(context.Background(), in)
	if err != nil {
		w.t.Fatal(err)
	}
	return id, w.emitted()[before:]
}

// proofOf registers and returns the code in the e-mail with the registration that it
// belongs to.
func (w *world) proofOf(email, password string) registration.Proof {
	w.t.Helper()
	id, told := w.register(newForm(email, password))
	return registration.Proof{Email: email, Code: issued(w.t, told).GetCode(), Registration: id}
}

// code registers and returns the code in the e-mail.
func (w *world) code(email, password string) string {
	w.t.Helper()
	return w.proofOf(email, password).Code
}

// signUp registers and verifies.
func (w *world) signUp(email, password string) account.User {
	w.t.Helper()
	user, err := w.Registrations.Verify(context.Background(), w.proofOf(email, password))
	if err != nil {
		w.t.Fatal(err)
	}
	return user
}

func (w *world) login(email, password string) session.Tokens {
	w.t.Helper()
	in, err := w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: email, Password: password, Transport: authn.Bearer})
	if err != nil {
		w.t.Fatal(err)
	}
	return in.Tokens
}

// claims verifies an access token as the gateway does.
func (w *world) claims(access string) token.Claims {
	w.t.Helper()
	c, err := token.NewVerifier(token.NewKeys(w.Keys.Set, w.clock.Now), w.clock.Now).Verify(context.Background(), access)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// as is a context in which the bearer of the token calls.
func (w *world) as(access string) context.Context {
	w.t.Helper()
	return identity.NewContext(context.Background(), w.claims(access).Principal())
}

// emitted reads what users has told the house, in order.
func (w *world) emitted() (out []proto.Message) {
	w.t.Helper()
	err := w.db.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
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
		w.t.Fatal(err)
	}
	return out
}

// run changes the database behind the service's back.
func (w *world) run(query string, args ...any) {
	w.t.Helper()
	err := w.db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// count reads a number.
func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	err := w.db.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, query, args...).Scan(&n)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// wants checks the code and reason of an error.
func wants(t *testing.T, err error, code fault.Code, reason string) {
	t.Helper()
	if fault.CodeOf(err) != code || fault.ReasonOf(err) != reason {
		t.Errorf("got %v, want %s (%s)", err, code, reason)
	}
}

// pointers lists what an error points at.
func pointers(err error) (out []string) {
	for _, f := range fault.From(err).Fields {
		out = append(out, f.Pointer)
	}
	return out
}

// together calls do so many times at once and returns the errors.
func together(n int, do func(i int) error) []error {
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
