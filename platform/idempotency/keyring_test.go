package idempotency_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/callctx"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/fault"
	"app/platform/idempotency"
	"app/platform/identity"
	"app/platform/ids"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

var moment = time.Date(2025, 11, 20, 9, 30, 0, 0, time.UTC)

type orderInput struct {
	ID   string `path:"id"`
	Body struct {
		Email string `json:"email" minLength:"3"`
	}
}

type order struct {
	ID  string `json:"id"`
	Run int64  `json:"run"`
}

type orderOutput struct {
	Location string `header:"Location"`
	Body     order
}

// clock is set by the test and counts how often it is read.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	reads chan struct{}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case c.reads <- struct{}{}:
	default:
	}
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// replica is one process of the orders module: what happens in a checkout is up to the
// test.
type replica struct {
	http.Handler
	clock *clock
	runs  *atomic.Int64
	work  func(ctx context.Context) error
}

// replicas makes processes on one database, with one clock and one count of runs.
func replicas(db *database.DB, n int, lease time.Duration) []*replica {
	c, runs := &clock{now: moment, reads: make(chan struct{})}, new(atomic.Int64)
	out := make([]*replica, n)
	for i := range out {
		r := &replica{clock: c, runs: runs, work: func(context.Context) error { return nil }}
		a := operation.NewAPI("orders", operation.Options{Now: c.Now})
		if db != nil {
			a.UseKeys(idempotency.New(db, idempotency.Options{Now: c.Now, Lease: lease}))
		}
		op := operation.Operation{Method: "POST", Access: operation.Optional, Rate: operation.RateCostly, Status: 201, Scope: "orders:write"}
		op.Path, op.Idempotency = "/v1/carts/{id}/checkout", operation.KeyRequired
		operation.Register(a, op, r.checkout)
		op.Path, op.Idempotency = "/v1/carts/{id}/lines", ""
		operation.Register(a, op, r.checkout)
		r.Handler = a.Handler()
		out[i] = r
	}
	return out
}

func (r *replica) checkout(ctx context.Context, _ *orderInput) (*orderOutput, error) {
	run := r.runs.Add(1)
	id := ids.For(ctx, "ord", r.clock.Now())
	if err := r.work(ctx); err != nil {
		return nil, err
	}
	return &orderOutput{"/v1/orders/" + id, order{id, run}}, nil
}

const checkoutPath = "/v1/carts/crt_1/checkout"

func (r *replica) post(who identity.Principal, key string, headers ...string) operationtest.Reply {
	return r.postTo(who, checkoutPath, key, `{"email":"a@b.example"}`, headers...)
}

func (r *replica) postTo(who identity.Principal, path, key, body string, headers ...string) operationtest.Reply {
	return operationtest.Send(r, who, http.MethodPost, path, body, append(headers, "Idempotency-Key", key)...)
}

func (r *replica) mustRun(t *testing.T, want int64) {
	t.Helper()
	if got := r.runs.Load(); got != want {
		t.Errorf("handler ran %d times, want %d", got, want)
	}
}

func wantCode(t *testing.T, got operationtest.Reply, status int, code string) {
	t.Helper()
	if p := got.Problem(t); got.Status != status || p.Code != code {
		t.Errorf("got %d %s, want %d %s", got.Status, p.Code, status, code)
	}
}

func onReplicas(t *testing.T, n int, run func(t *testing.T, r []*replica, db *database.DB)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		run(t, replicas(db, n, time.Minute), db)
	}, idempotency.Migrations)
}

func TestKeyReplays(t *testing.T) {
	onReplicas(t, 2, func(t *testing.T, r []*replica, _ *database.DB) {
		first := r[0].post(operationtest.Alice, "k1")
		again := r[1].post(operationtest.Alice, "k1")
		if first.Status != 201 || again.Header.Get("Idempotent-Replayed") != "true" {
			t.Fatalf("first %+v\nagain %+v", first, again)
		}
		again.Header.Del("Idempotent-Replayed")
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("replay differs (-first +again):\n%s", diff)
		}
		r[0].mustRun(t, 1)
	})
}

func TestKeyAtOnce(t *testing.T) {
	onReplicas(t, 2, func(t *testing.T, r []*replica, _ *database.DB) {
		started, finish := make(chan struct{}), make(chan struct{})
		r[0].work = func(context.Context) error {
			close(started)
			<-finish
			return nil
		}
		first := make(chan operationtest.Reply)
		go func() { first <- r[0].post(operationtest.Alice, "k1") }()
		<-started
		busy := r[1].post(operationtest.Alice, "k1")
		wantCode(t, busy, 409, "idempotency_in_flight")
		if busy.Header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After is %q", busy.Header.Get("Retry-After"))
		}
		close(finish)
		if got := <-first; got.Status != 201 {
			t.Errorf("first got %+v", got)
		}
		r[0].mustRun(t, 1)
	})
}

func TestKeyManyAtOnceRunOnce(t *testing.T) {
	onReplicas(t, 2, func(t *testing.T, r []*replica, _ *database.DB) {
		var done sync.WaitGroup
		replies := make([]operationtest.Reply, 16)
		for i := range replies {
			done.Go(func() { replies[i] = r[i%2].post(operationtest.Alice, "k1") })
		}
		done.Wait()
		for _, got := range replies {
			if got.Status != 201 && got.Status != 409 {
				t.Errorf("got %+v", got)
			}
		}
		r[0].mustRun(t, 1)
	})
}

// Many repetitions that fail at once may each make the row and take it back before
// another has looked at it. Here the row of somebody else is there at each insertion
// and gone afterwards.
func TestKeyInOtherHandsEachTime(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, idempotency.Migrations)
	err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, `CREATE TRIGGER faster BEFORE INSERT ON http_idempotency BEGIN
			INSERT INTO http_idempotency (id, fingerprint, state, holder, lease_until, created_at, status)
			VALUES (NEW.id, NEW.fingerprint, 0, 'another', NEW.lease_until, NEW.created_at, 0); END`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r := replicas(db, 1, time.Minute)[0]
	got := r.post(operationtest.Alice, "k1")
	wantCode(t, got, http.StatusConflict, "idempotency_in_flight")
	if got.Header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After: %q", got.Header.Get("Retry-After"))
	}
	r.mustRun(t, 0)
}

func TestKeyForAnotherRequest(t *testing.T) {
	onReplicas(t, 1, func(t *testing.T, r []*replica, _ *database.DB) {
		r[0].post(operationtest.Alice, "k1")
		got := r[0].postTo(operationtest.Alice, checkoutPath, "k1", `{"email":"other@b.example"}`)
		wantCode(t, got, 422, "idempotency_key_reused")
		got = r[0].postTo(operationtest.Alice, "/v1/carts/crt_2/checkout", "k1", `{"email":"a@b.example"}`)
		wantCode(t, got, 422, "idempotency_key_reused")
		got = r[0].postTo(operationtest.Alice, "/v1/carts/crt_1/lines", "k1", `{"email":"a@b.example"}`)
		if got.Status != 201 || got.Header.Get("Idempotent-Replayed") != "" {
			t.Errorf("another operation: %+v", got)
		}
		r[0].mustRun(t, 2)
	})
}

func TestKeyRefused(t *testing.T) {
	onReplicas(t, 1, func(t *testing.T, r []*replica, _ *database.DB) {
		wantCode(t, r[0].post(operationtest.Alice, ""), 400, "idempotency_key_missing")
		wantCode(t, r[0].post(operationtest.Alice, "with space"), 400, "idempotency_key_invalid")
		wantCode(t, r[0].post(operationtest.Alice, "é"), 400, "idempotency_key_invalid")
		wantCode(t, r[0].post(operationtest.Alice, strings.Repeat("k", 256)), 400, "idempotency_key_invalid")
		wantCode(t, r[0].post(operationtest.Nobody, "short"), 400, "idempotency_key_invalid")
		if diff := cmp.Diff([]string{"/Idempotency-Key"}, r[0].post(operationtest.Alice, "").Pointers(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		r[0].mustRun(t, 0)
		if got := r[0].post(operationtest.Alice, strings.Repeat("k", 255)); got.Status != 201 {
			t.Errorf("longest key: %+v", got)
		}
	})
}

// A key is the caller's own: the same key and body of somebody else is somebody else's
// request.
func TestKeyNeverCrossesPrincipals(t *testing.T) {
	onReplicas(t, 1, func(t *testing.T, r []*replica, _ *database.DB) {
		const key = "0123456789abcdef"
		seen := map[string]string{}
		for name, got := range map[string]operationtest.Reply{
			"alice":          r[0].post(operationtest.Alice, key),
			"bob":            r[0].post(operationtest.Bob, key),
			"alice's shop":   r[0].post(operationtest.Key("mrc_1", "orders:write"), key),
			"another shop":   r[0].post(operationtest.Key("mrc_2", "orders:write"), key),
			"cart":           r[0].post(operationtest.Nobody, key, "Cart-Token", "secret1"),
			"another cart":   r[0].post(operationtest.Nobody, key, "Cart-Token", "secret2"),
			"cart as a user": r[0].post(operationtest.Nobody, key, "Cart-Token", "usr_alice"),
			"guest":          r[0].post(operationtest.Nobody, key),
			"another guest":  r[0].post(operationtest.Nobody, key, "Souk-Client", "hash of another address"),
		} {
			if got.Status != 201 || got.Header.Get("Idempotent-Replayed") != "" {
				t.Errorf("%s: %+v", name, got)
			}
			if other := seen[got.Body]; other != "" {
				t.Errorf("%s got the reply of %s", name, other)
			}
			seen[got.Body] = name
		}
		r[0].mustRun(t, 9)
	})
}

// Guests that nothing tells apart meet by chance on short keys, so those do not count
// where keys are optional.
func TestShortKeyOfGuestIsIgnored(t *testing.T) {
	onReplicas(t, 1, func(t *testing.T, r []*replica, _ *database.DB) {
		for range 2 {
			if got := r[0].postTo(operationtest.Nobody, "/v1/carts/crt_1/lines", "1", `{"email":"a@b.example"}`); got.Status != 201 {
				t.Errorf("got %+v", got)
			}
		}
		r[0].mustRun(t, 2)
	})
}

// What was refused had no effect: the same key may come with another body.
func TestKeyFreeAfterRefusal(t *testing.T) {
	onReplicas(t, 1, func(t *testing.T, r []*replica, db *database.DB) {
		refusals := map[string]error{
			"not_found": fault.Missing("cart"), "invalid": fault.Invalid(fault.Field{Pointer: "/email"}), "race": fault.New(fault.Aborted, "aborted", ""),
		}
		for name, err := range refusals {
			r[0].work = func(context.Context) error { return err }
			if got := r[0].post(operationtest.Alice, name); got.Status < 400 {
				t.Errorf("%s: got %d", name, got.Status)
			}
			r[0].work = func(context.Context) error { return nil }
			if got := r[0].postTo(operationtest.Alice, checkoutPath, name, `{"email":"mended@b.example"}`); got.Status != 201 {
				t.Errorf("%s: mended request got %+v", name, got)
			}
		}
		r[0].mustRun(t, int64(2*len(refusals)))
		wantRows(t, db, len(refusals))
	})
}

// What failed may have had its effect, such as a commit whose answer was lost: a
// repetition runs at once, however late, and makes the same ids. A request with another
// body is not that repetition.
func TestRepetitionAfterFailureMakesTheSameIDs(t *testing.T) {
	onReplicas(t, 1, func(t *testing.T, r []*replica, db *database.DB) {
		ctx, leave := context.WithCancel(t.Context())
		failures := map[string]func(context.Context) error{
			"unavailable": func(context.Context) error { return fault.New(fault.Unavailable, "module_down", "") },
			"internal":    func(context.Context) error { return fmt.Errorf("disk on fire") },
			"too_late":    func(context.Context) error { return context.DeadlineExceeded },
			"panic":       func(context.Context) error { panic("boom") },
			"client_gone": func(inner context.Context) error { leave(); <-inner.Done(); return inner.Err() },
		}
		for name, work := range failures {
			var made string
			r[0].work = func(inner context.Context) error {
				made = ids.For(inner, "ord", r[0].clock.Now())
				return work(inner)
			}
			if got := postAs(t, r[0], ctx, name); got < 400 {
				t.Errorf("%s: got %d", name, got)
			}
			r[0].clock.advance(time.Minute)
			r[0].work = func(context.Context) error { return nil }
			wantCode(t, r[0].postTo(operationtest.Alice, checkoutPath, name, `{"email":"other@b.example"}`), 422, "idempotency_key_reused")
			if got := r[0].post(operationtest.Alice, name); got.Status != 201 || !strings.Contains(got.Body, made) {
				t.Errorf("%s: made %s, and then got %+v", name, made, got)
			}
		}
		r[0].mustRun(t, int64(2*len(failures)))
		wantRows(t, db, len(failures))
	})
}

// postAs posts for a client that leaves when ctx ends, if its name is client_gone.
func postAs(t *testing.T, r *replica, ctx context.Context, name string) int { //nolint:revive // the test comes first
	t.Helper()
	if name != "client_gone" {
		ctx = t.Context()
	}
	request := httptest.NewRequestWithContext(identity.NewContext(ctx, operationtest.Alice), http.MethodPost, checkoutPath, strings.NewReader(`{"email":"a@b.example"}`))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", name)
	w := httptest.NewRecorder()
	r.ServeHTTP(w, request)
	return w.Code
}

func TestInvalidInputTakesNoKey(t *testing.T) {
	onReplicas(t, 1, func(t *testing.T, r []*replica, db *database.DB) {
		wantCode(t, r[0].postTo(operationtest.Alice, checkoutPath, "k1", `{"email":"a"}`), 422, "validation_failed")
		wantCode(t, r[0].postTo(operationtest.Alice, checkoutPath, "k1", `{`), 400, "malformed_json")
		wantRows(t, db, 0)
		if got := r[0].post(operationtest.Alice, "k1"); got.Status != 201 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestVerdictIsReplayed(t *testing.T) {
	onReplicas(t, 1, func(t *testing.T, r []*replica, _ *database.DB) {
		r[0].work = func(context.Context) error {
			return fault.New(fault.FailedPrecondition, "stock_short", "Only one is left.")
		}
		first := r[0].post(operationtest.Alice, "k1")
		r[0].work = func(context.Context) error { return nil }
		again := r[0].post(operationtest.Alice, "k1")
		wantCode(t, again, 409, "stock_short")
		if first.Body != again.Body || again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("first %+v\nagain %+v", first, again)
		}
	})
}

// The first process takes the key and is never heard of again: its row stays in flight.
// When the lease is over another process runs the request with the same ids, and
// nothing that the first may still say changes the reply.
func TestKeyOfCrashedProcess(t *testing.T) {
	onReplicas(t, 2, func(t *testing.T, r []*replica, _ *database.DB) {
		started, finish := make(chan callctx.Idempotency), make(chan struct{})
		r[0].work = func(ctx context.Context) error {
			k, _ := callctx.IdempotencyOf(ctx)
			started <- k
			<-finish
			return nil
		}
		crashed := make(chan operationtest.Reply)
		go func() { crashed <- r[0].post(operationtest.Alice, "k1") }()
		before := <-started
		r[0].clock.advance(59 * time.Second)
		wantCode(t, r[1].post(operationtest.Alice, "k1"), 409, "idempotency_in_flight")
		r[0].clock.advance(2 * time.Second)
		var after callctx.Idempotency
		r[1].work = func(ctx context.Context) error {
			after, _ = callctx.IdempotencyOf(ctx)
			return nil
		}
		taken := r[1].post(operationtest.Alice, "k1")
		if diff := cmp.Diff(before, after); diff != "" || taken.Status != 201 {
			t.Fatalf("took over with another key (-before +after):\n%s\n%+v", diff, taken)
		}
		close(finish)
		ghost := <-crashed
		if ghost.Header.Get("Location") != taken.Header.Get("Location") {
			t.Errorf("the two runs made different ids: %s and %s", ghost.Body, taken.Body)
		}
		if again := r[1].post(operationtest.Alice, "k1"); again.Body != taken.Body || again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("after the take-over: %+v, want %+v", again, taken)
		}
		r[0].mustRun(t, 2)
	})
}

// A slow request is not taken over: its lease is renewed for as long as it runs.
func TestLeaseIsRenewed(t *testing.T) {
	t.Parallel()
	const lease = 60 * time.Millisecond
	r := replicas(dbtest.Open(t, idempotency.Migrations), 2, lease)
	started, finish := make(chan struct{}), make(chan struct{})
	r[0].work = func(context.Context) error {
		close(started)
		<-finish
		return nil
	}
	first := make(chan operationtest.Reply)
	go func() { first <- r[0].post(operationtest.Alice, "k1") }()
	<-started
	for range 4 {
		r[0].clock.advance(lease / 2)
		// Each renewal reads the clock once and then writes; the second read shows that
		// the first write is done.
		<-r[0].clock.reads
		<-r[0].clock.reads
	}
	wantCode(t, r[1].post(operationtest.Alice, "k1"), 409, "idempotency_in_flight")
	close(finish)
	if got := <-first; got.Status != 201 {
		t.Errorf("got %+v", got)
	}
	r[0].mustRun(t, 1)
}

func TestStoredRepliesAreSealed(t *testing.T) {
	onReplicas(t, 1, func(t *testing.T, r []*replica, db *database.DB) {
		got := r[0].post(operationtest.Nobody, "k1", "Cart-Token", "secret-token")
		_, id, _ := strings.Cut(got.Header.Get("Location"), "ord_")
		err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
			var key, holder string
			var stored []byte
			if err := q.QueryRow(ctx, "SELECT id, holder, reply FROM http_idempotency").Scan(&key, &holder, &stored); err != nil {
				return err
			}
			row := key + holder + string(stored)
			if id == "" || strings.Contains(row, id) || strings.Contains(row, "secret-token") || len(stored) < 100 {
				t.Errorf("row shows the reply: %q", row)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestKeysExpire(t *testing.T) {
	onReplicas(t, 1, func(t *testing.T, r []*replica, db *database.DB) {
		for i := range 60 {
			r[0].post(operationtest.Alice, fmt.Sprintf("old%d", i))
		}
		r[0].clock.advance(48*time.Hour + time.Second)
		for i := range 40 {
			r[0].post(operationtest.Alice, fmt.Sprintf("new%d", i))
		}
		wantRows(t, db, 40)
	})
}

func TestKeysNeedADatabase(t *testing.T) {
	t.Parallel()
	r := replicas(nil, 1, time.Minute)
	wantCode(t, r[0].post(operationtest.Alice, "k1"), 503, "unavailable")
	r[0].mustRun(t, 0)
}

func wantRows(t *testing.T, db *database.DB, want int) {
	t.Helper()
	err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
		var got int
		err := q.QueryRow(ctx, "SELECT COUNT(*) FROM http_idempotency").Scan(&got)
		if got != want {
			t.Errorf("%d rows are kept, want %d", got, want)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// The clock goes back an hour after a process has died with a key: a repetition does
// not wait for it to come up again.
func TestFault22_LeasesWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		r := replicas(db, 2, time.Hour) // whose renewals are further away than the test is long
		stuck, end := make(chan struct{}), make(chan struct{})
		r[0].work = func(context.Context) error { close(stuck); <-end; return nil }
		first := make(chan operationtest.Reply, 1)
		go func() { first <- r[0].post(operationtest.Alice, "k1") }()
		<-stuck
		wantCode(t, r[1].post(operationtest.Alice, "k1"), 409, "idempotency_in_flight")
		r[1].clock.advance(-3 * time.Hour)
		if got := r[1].post(operationtest.Alice, "k1"); got.Status != 201 {
			t.Errorf("%+v", got)
		}
		close(end)
		<-first
	}, idempotency.Migrations)
}

// standStill is a run that outlives its lease before it makes what its request is about.
// What happens meanwhile is up to the test.
func standStill(r *replica, db *database.DB, meanwhile func()) {
	r.work = func(ctx context.Context) error {
		r.clock.advance(time.Hour)
		meanwhile()
		return db.Write(ctx, idempotency.RequireClaim)
	}
}

func TestRequireClaimOfARunThatWasReplaced(t *testing.T) {
	onReplicas(t, 2, func(t *testing.T, r []*replica, db *database.DB) {
		standStill(r[0], db, func() {
			if got := r[1].post(operationtest.Alice, "k"); got.Status != http.StatusCreated {
				t.Errorf("the repetition got %+v", got)
			}
		})
		wantCode(t, r[0].post(operationtest.Alice, "k"), http.StatusConflict, "idempotency_in_flight")
		again := r[0].post(operationtest.Alice, "k")
		if again.Status != http.StatusCreated || again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("a third request got %+v, not the answer of the second", again)
		}
	})
}

func TestRequireClaimOfARunThatNobodyReplaced(t *testing.T) {
	onReplicas(t, 1, func(t *testing.T, r []*replica, db *database.DB) {
		standStill(r[0], db, func() {})
		if got := r[0].post(operationtest.Alice, "k"); got.Status != http.StatusCreated {
			t.Errorf("got %+v", got)
		}
	})
}
