package authn_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"app/modules/gateway/internal/authn"
	"app/platform/fault"
	"app/platform/identity"
)

type verifier struct {
	now     time.Time
	calls   int
	expires time.Time
	err     error
}

func (v *verifier) Now() time.Time { return v.now }

func (v *verifier) Verify(_ context.Context, token string) (identity.Principal, time.Time, error) {
	v.calls++
	return identity.Principal{UserID: "usr_" + token, Method: identity.Bearer}, v.expires, v.err
}

func newVerifier() *verifier {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return &verifier{now: now, expires: now.Add(15 * time.Minute)}
}

func TestPrincipal(t *testing.T) {
	t.Parallel()
	ctx := context.Background()

	t.Run("VerifiedOnceAMinute", func(t *testing.T) {
		t.Parallel()
		v := newVerifier()
		a := authn.New(v.Verify, v.Now, 100)
		for range 10 {
			if p, err := a.Principal(ctx, "Bearer x"); err != nil || p.UserID != "usr_x" {
				t.Fatalf("%+v, %v", p, err)
			}
		}
		if v.calls != 1 {
			t.Errorf("verified %d times", v.calls)
		}
		v.now = v.now.Add(time.Minute)
		if _, err := a.Principal(ctx, "bearer x"); err != nil || v.calls != 2 {
			t.Errorf("after a minute: %v, verified %d times", err, v.calls)
		}
	})
	t.Run("NotBeyondItsExpiry", func(t *testing.T) {
		t.Parallel()
		v := newVerifier()
		v.expires = v.now.Add(time.Second)
		a := authn.New(v.Verify, v.Now, 100)
		_, _ = a.Principal(ctx, "Bearer x")
		v.now, v.err = v.now.Add(time.Second), errors.New("expired")
		if _, err := a.Principal(ctx, "Bearer x"); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("got %v", err)
		}
	})
	t.Run("RefusedOnceForAWhile", func(t *testing.T) {
		t.Parallel()
		v := newVerifier()
		v.err = errors.New("bad signature")
		a := authn.New(v.Verify, v.Now, 100)
		for range 10 {
			if _, err := a.Principal(ctx, "Bearer x"); fault.CodeOf(err) != fault.Unauthenticated {
				t.Fatalf("got %v", err)
			}
		}
		if v.calls != 1 {
			t.Errorf("verified %d times", v.calls)
		}
	})
	t.Run("UnavailableIsNotRemembered", func(t *testing.T) {
		t.Parallel()
		v := newVerifier()
		v.err = fault.New(fault.Unavailable, "keys_unavailable", "")
		a := authn.New(v.Verify, v.Now, 100)
		if _, err := a.Principal(ctx, "Bearer x"); fault.CodeOf(err) != fault.Unavailable {
			t.Fatalf("got %v", err)
		}
		v.err = nil
		if _, err := a.Principal(ctx, "Bearer x"); err != nil {
			t.Errorf("after recovery: %v", err)
		}
	})
	t.Run("WrongSchemes", func(t *testing.T) {
		t.Parallel()
		v := newVerifier()
		a := authn.New(v.Verify, v.Now, 100)
		for _, header := range []string{"Basic eDp5", "Bearer", "Bearer ", "x", "Bearer " + strings.Repeat("x", 5000)} {
			if _, err := a.Principal(ctx, header); fault.CodeOf(err) != fault.Unauthenticated {
				t.Errorf("%.20q: %v", header, err)
			}
		}
		if p, err := a.Principal(ctx, ""); err != nil || p.SignedIn() {
			t.Errorf("no header: %+v, %v", p, err)
		}
	})
	t.Run("BoundedMemory", func(t *testing.T) {
		t.Parallel()
		v := newVerifier()
		a := authn.New(v.Verify, v.Now, 16)
		for i := range 1000 {
			if p, err := a.Principal(ctx, fmt.Sprint("Bearer ", i)); err != nil || p.UserID != fmt.Sprint("usr_", i) {
				t.Fatalf("%+v, %v", p, err)
			}
		}
	})
}
