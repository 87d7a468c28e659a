package testprovider_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/testprovider"
	"app/modules/payments/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
)

var secret = []byte("a secret of the test")

// desk is the test provider and what it has delivered.
type desk struct {
	*testprovider.Provider
	t         *testing.T
	mu        sync.Mutex
	now       time.Time
	delivered []provider.Event
	refuse    int // deliveries to refuse
}

func each(t *testing.T, run func(t *testing.T, d *desk)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		d := &desk{t: t, now: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)}
		d.Provider = testprovider.New(testprovider.Options{
			DB: db, Secret: secret, SlowAfter: 2 * time.Second, Keep: keep, Deliver: d.take, Logger: slog.New(slog.DiscardHandler), Now: d.clock,
		})
		run(t, d)
	}, migrations.Files)
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *desk) advance(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

// take is who gets the webhooks.
func (d *desk) take(_ context.Context, header http.Header, body []byte) error {
	err := d.Verify(header, body)
	event, parsed := d.Parse(body)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refuse > 0 {
		d.refuse--
		return errors.New("not now")
	}
	d.delivered = append(d.delivered, event)
	return errors.Join(err, parsed)
}

func (d *desk) work() {
	d.t.Helper()
	for range 2 {
		if _, err := d.Work(context.Background()); err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *desk) charge(method string) (provider.Charge, error) {
	return d.Charge(context.Background(), provider.ChargeRequest{Key: "pay_" + method, Method: method, Amount: 1990, Currency: "EUR"})
}

func (d *desk) wantLookup(key string, want provider.Charge) {
	d.t.Helper()
	got, err := d.Lookup(context.Background(), key)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		d.t.Errorf("lookup of %s: %v\n%s", key, err, diff)
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		captured := provider.Charge{Status: provider.Captured, Amount: 1990, Currency: "EUR"}
		for method, want := range map[string]struct {
			answer, ledger provider.Charge
			lost           bool
		}{
			"test_ok":         {captured, captured, false},
			"test_declined":   {provider.Charge{Status: provider.Declined, Currency: "EUR", Reason: "declined"}, provider.Charge{Status: provider.Declined, Currency: "EUR", Reason: "declined"}, false},
			"test_slow":       {provider.Charge{Status: provider.Pending, Currency: "EUR"}, provider.Charge{Status: provider.Pending, Currency: "EUR"}, false},
			"test_lost_reply": {provider.Charge{}, captured, true},
			"test_duplicate":  {provider.Charge{Status: provider.Pending, Currency: "EUR"}, captured, false},
		} {
			got, err := d.charge(method)
			if want.ledger.Key = "pay_" + method; !want.lost {
				want.answer.Key = want.ledger.Key
			}
			if diff := cmp.Diff(want.answer, got); diff != "" || (err != nil) != want.lost {
				t.Errorf("%s: %v\n%s", method, err, diff)
			}
			d.wantLookup("pay_"+method, want.ledger)
			again, err := d.charge(method) // the key is known: nothing happens, nothing is lost
			if diff := cmp.Diff(want.ledger, again); diff != "" || err != nil {
				t.Errorf("%s, again: %v\n%s", method, err, diff)
			}
		}
		d.wantLookup("pay_unheard", provider.Charge{Key: "pay_unheard", Status: provider.Unknown})
	})
}

func TestSlowIsToldLater(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		if _, err := d.charge("test_slow"); err != nil {
			t.Fatal(err)
		}
		d.advance(time.Second)
		d.work()
		if len(d.delivered) != 0 {
			t.Fatalf("told early: %v", d.delivered)
		}
		d.advance(time.Second)
		d.refuse = 1
		d.work()
		d.work()
		if len(d.delivered) != 0 {
			t.Fatalf("delivered again without a pause: %v", d.delivered)
		}
		d.advance(time.Second)
		d.work()
		d.advance(time.Hour)
		d.work()
		want := []provider.Charge{{Key: "pay_test_slow", Status: provider.Captured, Amount: 1990, Currency: "EUR"}}
		if diff := cmp.Diff(want, charges(d.delivered)); diff != "" {
			t.Errorf("delivered:\n%s", diff)
		}
	})
}

func TestDuplicateIsToldThreeTimes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		if _, err := d.charge("test_duplicate"); err != nil {
			t.Fatal(err)
		}
		d.work()
		if len(d.delivered) != 3 || d.delivered[0] != d.delivered[1] || d.delivered[1] != d.delivered[2] {
			t.Errorf("delivered %v", d.delivered)
		}
	})
}

func charges(events []provider.Event) (out []provider.Charge) {
	for _, e := range events {
		out = append(out, e.Charge)
	}
	return out
}

func TestRefund(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		if _, err := d.charge("test_ok"); err != nil {
			t.Fatal(err)
		}
		ask := func(key string, amount int64) error {
			return d.Refund(context.Background(), provider.RefundRequest{Key: key, Charge: "pay_test_ok", Amount: amount, Currency: "EUR"})
		}
		if err := errors.Join(ask("rfd_1", 1000), ask("rfd_1", 1000), ask("rfd_2", 990)); err != nil {
			t.Errorf("refunds of all of it, one asked twice: %v", err)
		}
		if err := ask("rfd_3", 1); !errors.Is(err, provider.ErrRefused) {
			t.Errorf("more than was captured: %v", err)
		}
		if err := ask("rfd_3", 1); !errors.Is(err, provider.ErrRefused) {
			t.Errorf("a refused refund was remembered as done: %v", err)
		}
	})
}

func TestSignature(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	p := testprovider.New(testprovider.Options{Secret: secret, Now: func() time.Time { return now }})
	body := []byte(`{"id":"evt_1"}`)
	good := testprovider.Sign(secret, body, now).Get(testprovider.SignatureHeader)
	for name, c := range map[string]struct {
		signature string
		body      []byte
		want      error
	}{
		"OK":                 {good, body, nil},
		"OK among others":    {good + ",v1=00ff", body, nil},
		"OK minutes old":     {testprovider.Sign(secret, body, now.Add(-4*time.Minute)).Get(testprovider.SignatureHeader), body, nil},
		"ErrOld":             {testprovider.Sign(secret, body, now.Add(-6*time.Minute)).Get(testprovider.SignatureHeader), body, provider.ErrSignature},
		"ErrFromTheFuture":   {testprovider.Sign(secret, body, now.Add(6*time.Minute)).Get(testprovider.SignatureHeader), body, provider.ErrSignature},
		"ErrOtherSecret":     {testprovider.Sign([]byte("guess"), body, now).Get(testprovider.SignatureHeader), body, provider.ErrSignature},
		"ErrOtherBody":       {good, []byte(`{"id": "evt_1"}`), provider.ErrSignature},
		"ErrOtherTime":       {"t=1772359201" + good[len("t=1772359200"):], body, provider.ErrSignature},
		"ErrMissing":         {"", body, provider.ErrSignature},
		"ErrTimeOnly":        {"t=1772359200", body, provider.ErrSignature},
		"ErrEmptySignature":  {"t=1772359200,v1=", body, provider.ErrSignature},
		"ErrNonsense":        {"v1=zz,t=now,=,", body, provider.ErrSignature},
		"ErrEnormousNumbers": {"t=99999999999999999999,v1=00", body, provider.ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := p.Verify(http.Header{testprovider.SignatureHeader: {c.signature}}, c.body); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	p := testprovider.New(testprovider.Options{})
	for _, wrong := range []map[string]any{
		{}, {"id": "evt_1"}, {"id": "evt_1", "charge": "pay_test_ok", "type": "party"}, {"id": "evt_1", "charge": "pay_1", "type": "charge.captured", "amount": -1},
		{"id": 1}, {"id": string(make([]byte, 129)), "charge": "pay_test_ok", "type": "charge.captured"},
	} {
		body, err := json.Marshal(wrong)
		if err != nil {
			t.Fatal(err)
		}
		if e, err := p.Parse(body); err == nil {
			t.Errorf("%s was read as %+v", body, e)
		}
	}
}

func FuzzVerify(f *testing.F) {
	p := testprovider.New(testprovider.Options{Secret: secret, Now: time.Now})
	f.Add("t=1772359200,v1=00", []byte("{}"))
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		if p.Verify(http.Header{testprovider.SignatureHeader: {signature}}, body) == nil {
			t.Error("a signature nobody made holds")
		}
		_, _ = p.Parse(body) // never panics
	})
}

// Where strangers may come the test provider takes nothing new, and still gives back
// what it has taken.
func TestFault04_ClosedTestProvider(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		if len(d.Methods()) == 0 {
			t.Fatal("an open test provider has no methods")
		}
		if _, err := d.charge("test_ok"); err != nil {
			t.Fatal(err)
		}
		d.Closed = true
		if got := d.Methods(); len(got) != 0 {
			t.Errorf("a closed one offers %v", got)
		}
		if c, err := d.Lookup(t.Context(), "pay_test_ok"); err != nil || c.Status != provider.Captured {
			t.Errorf("what it has taken: %+v, %v", c, err)
		}
	})
}
