package identity_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/identity"
)

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newSigner(t *testing.T, c *clock, fill byte) *identity.Signer {
	t.Helper()
	s, err := identity.NewSigner(bytes.Repeat([]byte{fill}, 32), c.Now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAssertion(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := &clock{now: start}
	s := newSigner(t, c, 1)
	sent := identity.Assertion{Caller: "gateway", Audience: "orders", RequestID: "req_1", Principal: identity.Principal{UserID: "usr_1", Method: identity.Bearer}}
	request := identity.Request{Method: "GET", Target: "/v1/orders"}
	token, err := s.Sign(sent, request)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Verify(token, "orders", request)
	if err != nil {
		t.Fatal(err)
	}
	if got.Nonce == 0 || got.Digest == "" {
		t.Errorf("nonce %d, digest %q", got.Nonce, got.Digest)
	}
	sent.Expires, sent.Nonce, sent.Digest = start.Add(identity.AssertionTTL).Unix(), got.Nonce, got.Digest
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}

	body, sig, _ := strings.Cut(token, ".")
	refused := map[string]struct {
		token, audience string
		at              time.Time
		key             byte
	}{
		"OtherAudience": {token, "payments", start, 1},
		"Expired":       {token, "orders", start.Add(identity.AssertionTTL + time.Second), 1},
		"FromTheFuture": {token, "orders", start.Add(-time.Minute), 1},
		"OtherKey":      {token, "orders", start, 2},
		"TamperedBody":  {body[:len(body)-2] + "AA." + sig, "orders", start, 1},
		"NoSignature":   {body + ".", "orders", start, 1},
		"Empty":         {"", "orders", start, 1},
	}
	for name, tc := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := newSigner(t, &clock{now: tc.at}, tc.key).Verify(tc.token, tc.audience, request); !errors.Is(err, identity.ErrAssertion) {
				t.Errorf("got %v, want ErrAssertion", err)
			}
		})
	}
}

func TestNewSignerRefusesShortKeys(t *testing.T) {
	t.Parallel()
	if _, err := identity.NewSigner(make([]byte, 31), time.Now); err == nil {
		t.Error("a key of 31 bytes passed")
	}
}

// A change from key 1 to key 2, one process after the other: whoever is at one step is
// understood by all at the next.
func TestAssertion_ChangeOfKeys(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	one, two := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	var steps []*identity.Signer
	for _, keys := range [][][]byte{{one}, {one, two}, {two, one}, {two}} {
		s, err := identity.NewSigner(keys[0], c.Now, keys[1:]...)
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, s)
	}
	understands := func(to, from *identity.Signer) bool {
		token, err := from.Sign(identity.Assertion{Audience: "orders"}, identity.Request{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = to.Verify(token, "orders", identity.Request{})
		return err == nil
	}
	for i := range steps[1:] {
		if !understands(steps[i], steps[i+1]) || !understands(steps[i+1], steps[i]) {
			t.Errorf("steps %d and %d do not understand each other", i, i+1)
		}
	}
	if understands(steps[3], steps[0]) || understands(steps[0], steps[3]) {
		t.Error("a key that is not accepted is")
	}
	if _, err := identity.NewSigner(one, c.Now, []byte("short")); err == nil {
		t.Error("a short key is accepted")
	}
}

// Every request between processes is signed by one and verified by the other.
func BenchmarkAssertion(b *testing.B) {
	s, err := identity.NewSigner(bytes.Repeat([]byte{1}, 32), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	sent := identity.Assertion{
		Caller: "gateway", Audience: "catalog", RequestID: "req_01m7wfdfmdf70t97dnvpejcs5a",
		Principal: identity.Principal{UserID: "usr_01m7wfdfmdf70t97dnvpejcs5a", Method: identity.Bearer},
	}
	request := identity.Request{
		Method: "GET", Target: "/v1/products/prd_01m7wfdfmdf70t97dnvpejcs5a",
		Header: http.Header{"User-Agent": {"bench"}, "Souk-Client": {"0123456789abcdef0123456789abcdef"}, "Souk-Client-Network": {"192.0.2.0/24"}},
	}
	tokens := make([]string, 1<<16) // each is good once
	for i := range tokens {
		if tokens[i], err = s.Sign(sent, request); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("Sign", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Sign(sent, request); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Verify", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			_, err := s.Verify(tokens[i%len(tokens)], "catalog", request)
			if err != nil && !errors.Is(err, identity.ErrUsed) {
				b.Fatal(err)
			}
		}
	})
}
