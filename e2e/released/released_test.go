package released_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"app/e2e/harness/invariants"
	"app/e2e/harness/shop"
	"app/modules"
	"app/platform/config"
	"app/platform/database/dbtest"
	"app/platform/host"
)

// TestReleased opens what each release kept in testdata left behind, on both engines.
func TestReleased(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("testdata/*")
	if err != nil || len(folders) == 0 {
		t.Fatal("no release is kept: ", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder)+"/sqlite", func(t *testing.T) {
			t.Parallel()
			goOn(t, filepath.Join(folder, "sqlite.json"), unpackFolder(t, filepath.Join(folder, "sqlite.tar.gz")), nil)
		})
		t.Run(filepath.Base(folder)+"/mysql", func(t *testing.T) {
			t.Parallel()
			databases := shop.Accounts(t, dbtest.Account)
			load(t, databases, filepath.Join(folder, "mysql.sql.gz"))
			goOn(t, filepath.Join(folder, "mysql.json"), t.TempDir(), databases)
		})
	}
}

// goOn opens the shop a minute after it was recorded and lets its people go on.
func goOn(t *testing.T, path, dir string, databases map[string]string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var s Story
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	r := &reopened{t: t, story: s, began: time.Now(), dir: dir, databases: databases}
	r.open()
	owner, buyer := r.signIn(), r.signInWithFactor()
	r.as = callers(r.shop, s, owner, buyer)
	r.sameAnswers()
	r.showFactor("recovery", s.Buyer.Recovery[0])
	r.sessionsGoOn()
	r.repetitionsFindTheirEffect()
	r.peopleGoOn()
	r.addsUp()
}

// reopened is a shop of before, served by this release.
type reopened struct {
	t         *testing.T
	story     Story
	began     time.Time
	ahead     atomic.Int64 // nanoseconds that the clock has been set forward
	dir       string
	databases map[string]string
	shop      *shop.Client
	as        map[string]*shop.Client
}

// now is a clock that goes on a minute after the recording ended.
func (r *reopened) now() time.Time {
	return r.story.At.Add(time.Minute + time.Since(r.began) + time.Duration(r.ahead.Load()))
}

func (r *reopened) open() {
	r.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(r.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	all := modules.All()
	var names []string
	for _, m := range all {
		names = append(names, m.Name())
	}
	h, err := host.New(r.t.Context(), host.Options{
		Modules: all, Hosted: names, Environment: config.Fixed(settings(r.dir, r.databases)), Listener: listener, Now: r.now,
		Logger: slog.New(slog.NewTextHandler(r.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err == nil {
		err = h.Start(r.t.Context())
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := h.Stop(ctx); err != nil {
			r.t.Errorf("stop the shop: %v", err)
		}
	})
	r.shop = &shop.Client{Base: h.URL()}
}

func (r *reopened) call(c *shop.Client, want int, method, path string, body, out any, options ...shop.Option) {
	r.t.Helper()
	if err := c.Call(r.t.Context(), want, method, path, body, out, options...); err != nil {
		r.t.Error(err)
	}
}

func (r *reopened) signIn() (token string) {
	r.t.Helper()
	var in shop.Tokens
	r.call(r.shop, http.StatusOK, http.MethodPost, "/v1/auth/login", map[string]string{"email": r.story.Owner.Email, "password": r.story.Owner.Password}, &in)
	return in.AccessToken
}

// signInWithFactor signs the buyer in with the authenticator app, in the step after the
// recording's last: that one may have been used.
func (r *reopened) signInWithFactor() (token string) {
	r.t.Helper()
	code, err := totp.GenerateCode(r.story.Buyer.TOTP, r.now())
	if err != nil {
		r.t.Fatal(err)
	}
	return r.showFactor("totp", code)
}

func (r *reopened) showFactor(method, code string) (token string) {
	r.t.Helper()
	var begun struct{ Ticket string }
	r.call(r.shop, http.StatusAccepted, http.MethodPost, "/v1/auth/login",
		map[string]string{"email": r.story.Buyer.Email, "password": r.story.Buyer.Password}, &begun)
	var in shop.Tokens
	r.call(r.shop, http.StatusOK, http.MethodPost, "/v1/auth/second-factor",
		map[string]string{"ticket": begun.Ticket, "method": method, "code": code}, &in)
	return in.AccessToken
}

// sameAnswers asks what was asked of the release: each of its fields is there and says
// the same.
func (r *reopened) sameAnswers() {
	r.t.Helper()
	for _, a := range r.story.Answers {
		reply, err := r.as[a.As].Do(r.t.Context(), http.MethodGet, a.Path, nil)
		if err != nil {
			r.t.Fatal(err)
		}
		var was, is any
		if err := json.Unmarshal(a.Body, &was); err != nil {
			r.t.Fatal(err)
		}
		if err := json.Unmarshal(reply.Body, &is); err != nil {
			r.t.Errorf("GET %s as %q: %s", a.Path, a.As, reply.Body)
			continue
		}
		if reply.Status != a.Status {
			r.t.Errorf("GET %s as %q: %d, was %d", a.Path, a.As, reply.Status, a.Status)
		}
		if diff := cmp.Diff(was, shared(was, is)); diff != "" {
			r.t.Errorf("GET %s as %q (-was +is):\n%s", a.Path, a.As, diff)
		}
	}
}

// shared leaves of an answer what an earlier one can be compared with: members that the
// earlier one had. What a request is called, and when a session or a key was used last,
// differs each time.
func shared(was, is any) any {
	switch before := was.(type) {
	case map[string]any:
		now, ok := is.(map[string]any)
		if !ok {
			return is
		}
		out := map[string]any{}
		for name, value := range before {
			switch found, there := now[name]; {
			case slices.Contains([]string{"request_id", "last_used_at"}, name):
				out[name] = value
			case there:
				out[name] = shared(value, found)
			}
		}
		return out
	case []any:
		now, ok := is.([]any)
		if !ok || len(now) != len(before) {
			return is
		}
		out := make([]any, len(now))
		for i := range now {
			out[i] = shared(before[i], now[i])
		}
		return out
	}
	return is
}

// sessionsGoOn exchanges refresh tokens of sessions that were open.
func (r *reopened) sessionsGoOn() {
	r.t.Helper()
	for _, p := range []Person{r.story.Owner, r.story.Buyer} {
		r.call(r.shop, http.StatusOK, http.MethodPost, "/v1/auth/refresh", map[string]string{"refresh_token": p.Refresh}, nil)
	}
}

// repetitionsFindTheirEffect repeats a checkout of before under its key.
func (r *reopened) repetitionsFindTheirEffect() {
	r.t.Helper()
	var again shop.Order
	o := r.story.Waiting
	r.call(r.as["waiting"], http.StatusCreated, http.MethodPost, "/v1/carts/"+o.Cart.ID+"/checkout", o.Body, &again, shop.Key(o.Key))
	if again.ID != o.ID {
		r.t.Errorf("the repeated checkout made %s, was %s", again.ID, o.ID)
	}
}

// peopleGoOn buys the cart that was open, cancels the order that waited, and gives the
// rest of the money back.
func (r *reopened) peopleGoOn() {
	r.t.Helper()
	s := r.story
	o, err := r.as["open"].Checkout(r.t.Context(), s.Open.ID, "guest@shop.example", "test_ok", "checkout-open-after-the-upgrade")
	if err == nil {
		_, err = r.as["open"].AwaitOrder(r.t.Context(), o.ID, "paid")
	}
	if err != nil {
		r.t.Error(err)
	}
	r.call(r.as["waiting"], http.StatusOK, http.MethodPost, "/v1/orders/"+s.Waiting.ID+"/cancel", nil, nil)
	r.call(r.as["owner"], http.StatusCreated, http.MethodPost, "/v1/payments/"+s.Paid.Payment+"/refund",
		map[string]any{"reason": "All of it came back"}, nil, shop.Key("refund-after-the-upgrade"))
	if _, err := r.as["buyer"].AwaitOrder(r.t.Context(), s.Paid.ID, "refunded"); err != nil {
		r.t.Error(err)
	}
	r.call(r.as["owner"], http.StatusOK, http.MethodPatch, "/v1/products/"+s.Products["SLATE"], map[string]string{"title": "Slate, new"}, nil)
	r.call(r.as["api_key"], http.StatusCreated, http.MethodPost, "/v1/products", map[string]any{
		"merchant_id": s.Merchant, "title": "Tablet", "sku": "TABLET", "price": shop.Money{Amount: 100, Currency: "EUR"},
	}, nil)
}

// addsUp waits until every invariant holds: some a day later, when the payment that
// waited is settled.
func (r *reopened) addsUp() {
	r.t.Helper()
	r.ahead.Store(int64(25 * time.Hour))
	dbs, err := invariants.Open(r.dir, r.databases)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = dbs.Close() }() // they were only read
	var found []invariants.Violation
	for deadline := time.Now().Add(30 * time.Second); ; <-time.After(50 * time.Millisecond) {
		if found, err = invariants.Check(r.t.Context(), dbs, nil); err != nil {
			r.t.Fatal(err)
		}
		if len(found) == 0 || time.Now().After(deadline) {
			break
		}
	}
	for _, v := range found {
		r.t.Error(v)
	}
}
