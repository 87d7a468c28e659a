package authn_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/gateway/internal/authn"
	"app/modules/users/usersv1"
	"app/platform/fault"
	"app/platform/identity"
)

// world is what an authenticator asks, with a clock that moves when it is told to.
type world struct {
	*authn.Authenticator
	revoked *authn.Revoked

	mu      sync.Mutex
	now     time.Time
	calls   map[string]int // by what was asked for
	expires time.Time
	err     error // of every question

	list    []*usersv1.Revocation
	feedErr error
	// failures is how many more questions feedErr answers; all of them when negative.
	failures int
	lost     []string
}

func newWorld() *world {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	w := &world{now: now, failures: -1, expires: now.Add(15 * time.Minute), calls: map[string]int{}}
	w.revoked = authn.NewRevoked(w.feed, w.Now, func(kid string) {
		w.lost = append(w.lost, kid)
		w.ForgetTokens()
	})
	w.Authenticator = authn.New(authn.Options{
		Token: w.resolve("token", identity.Bearer), Session: w.resolve("cookie", identity.Session), APIKey: w.resolve("key", identity.APIKey),
		Revoked: w.revoked, Now: w.Now, Entries: 16,
	})
	return w
}

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// pass moves the clock.
func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) resolve(kind string, method identity.Method) authn.Resolve {
	return func(_ context.Context, credential string) (identity.Principal, time.Time, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.calls[kind]++
		if w.err != nil {
			return identity.Principal{}, time.Time{}, w.err
		}
		p := identity.Principal{UserID: "usr_" + credential, SessionID: "ses_" + credential, Method: method}
		if method == identity.APIKey {
			p = identity.Principal{Method: method, KeyID: "key_1", Merchant: "mrc_1"}
		}
		return p, w.expires, nil
	}
}

// feed answers as users does, two revocations at a time.
func (w *world) feed(_ context.Context, req *usersv1.RevocationsRequest) (*usersv1.RevocationsResponse, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.feedErr != nil && w.failures != 0 {
		w.failures--
		return nil, w.feedErr
	}
	newest := int64(len(w.list))
	if req.GetAfter() > newest {
		return &usersv1.RevocationsResponse{Epoch: newest}, nil
	}
	end := min(req.GetAfter()+2, newest)
	return &usersv1.RevocationsResponse{Epoch: end, Revocations: w.list[req.GetAfter():end], More: end < newest}, nil
}

func (w *world) revoke(kind usersv1.RevocationKind, subjects ...string) {
	for _, subject := range subjects {
		w.list = append(w.list, &usersv1.Revocation{Kind: kind, Subject: subject, ExpiresAt: timestamppb.New(w.Now().Add(time.Hour))})
	}
}

func (w *world) follow(t *testing.T) {
	t.Helper()
	if err := w.revoked.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// refuses checks that a bearer credential is not valid.
func (w *world) refuses(t *testing.T, header string) {
	t.Helper()
	if p, err := w.Bearer(t.Context(), header); fault.CodeOf(err) != fault.Unauthenticated {
		t.Errorf("%.40q: %+v, %v", header, p, err)
	}
}

// takes checks that a bearer credential is valid.
func (w *world) takes(t *testing.T, header string) {
	t.Helper()
	if p, err := w.Bearer(t.Context(), header); err != nil || !p.SignedIn() {
		t.Errorf("%.40q: %+v, %v", header, p, err)
	}
}

// browser reports whether a cookie is somebody's.
func (w *world) browser(t *testing.T, value string) bool {
	t.Helper()
	p, err := w.Cookie(t.Context(), value)
	if err != nil {
		t.Errorf("cookie: %v", err)
	}
	return p.SignedIn()
}

var (
	cookie = strings.Repeat("c", 43)
	apiKey = identity.NewAPIKey([20]byte{1, 2, 3})
)

func TestBearer(t *testing.T) {
	t.Parallel()
	t.Run("VerifiedOnceAMinute", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		for range 10 {
			w.takes(t, "Bearer x")
		}
		if w.calls["token"] != 1 {
			t.Errorf("verified %d times", w.calls["token"])
		}
		w.pass(time.Minute)
		if w.takes(t, "bearer x"); w.calls["token"] != 2 {
			t.Errorf("after a minute: verified %d times", w.calls["token"])
		}
	})
	t.Run("Fault22_TheClockGoesBack", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		w.err = authn.ErrInvalid
		w.refuses(t, "Bearer x")
		w.pass(-time.Hour)
		w.err = nil
		w.takes(t, "Bearer x") // a refusal is not remembered for an hour more
		w.pass(-time.Hour)
		w.err = authn.ErrInvalid
		w.refuses(t, "Bearer x") // nor is that it was good
	})
	t.Run("NotBeyondItsExpiry", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		w.expires = w.now.Add(time.Second)
		w.takes(t, "Bearer x")
		w.pass(time.Second)
		w.err = authn.ErrInvalid
		w.refuses(t, "Bearer x")
	})
	t.Run("RefusedOnceForAWhile", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		w.err = fmt.Errorf("%w: bad signature", authn.ErrInvalid)
		for range 10 {
			w.refuses(t, "Bearer x")
		}
		if w.calls["token"] != 1 {
			t.Errorf("verified %d times", w.calls["token"])
		}
	})
	t.Run("NotKnowingIsNotRemembered", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		w.err = fault.New(fault.Unavailable, "keys_unavailable", "")
		if _, err := w.Bearer(t.Context(), "Bearer x"); fault.CodeOf(err) != fault.Unavailable {
			t.Fatalf("got %v", err)
		}
		w.err = nil
		w.takes(t, "Bearer x")
	})
	t.Run("Fault13_OneSpaceOrMore", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		for _, header := range []string{"Bearer x", "Bearer  x", "BEARER    x"} {
			w.takes(t, header)
		}
		w.refuses(t, "Bearer    ")
		w.takes(t, "Bearer  "+apiKey)
	})
	t.Run("WrongSchemes", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		for _, header := range []string{"Basic eDp5", "Bearer", "Bearer ", "x", "Bearer " + strings.Repeat("x", 5000)} {
			w.refuses(t, header)
		}
		if len(w.calls) != 0 {
			t.Errorf("asked for %v", w.calls)
		}
	})
	t.Run("BoundedMemory", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		for i := range 1000 {
			w.takes(t, fmt.Sprint("Bearer ", i))
		}
	})
}

func TestAPIKey(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for range 10 {
		w.takes(t, "Bearer "+apiKey)
	}
	if w.calls["key"] != 1 || w.calls["token"] != 0 {
		t.Errorf("asked for %v", w.calls)
	}
	typo := []byte(apiKey)
	typo[10] ^= 1
	for _, bad := range []string{string(typo), apiKey + "0", apiKey[:len(apiKey)-1], identity.APIKeyPrefix, strings.ToUpper(apiKey[5:])} {
		w.err = authn.ErrInvalid
		w.refuses(t, "Bearer "+bad)
	}
	if w.calls["key"] != 1 {
		t.Errorf("mistyped keys were asked for: %v", w.calls)
	}
}

func TestCookie(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for range 10 {
		if !w.browser(t, cookie) {
			t.Fatal("the cookie opens nothing")
		}
	}
	if w.calls["cookie"] != 1 {
		t.Errorf("asked %d times", w.calls["cookie"])
	}
	if w.pass(30 * time.Second); !w.browser(t, cookie) || w.calls["cookie"] != 2 {
		t.Errorf("asked %d times after half a minute", w.calls["cookie"])
	}
	for _, rubbish := range []string{"", "x", cookie + "c", cookie[1:] + "=", cookie[1:] + "\xff", cookie[1:] + " "} {
		if w.browser(t, rubbish) {
			t.Errorf("%q opens something", rubbish)
		}
	}
	if w.calls["cookie"] != 2 {
		t.Error("rubbish was asked for")
	}
	w.err = authn.ErrInvalid
	for range 3 {
		if w.browser(t, strings.Repeat("d", 43)) {
			t.Error("an unknown cookie opens something")
		}
	}
	if w.calls["cookie"] != 3 {
		t.Errorf("asked %d times", w.calls["cookie"])
	}
	w.err = errors.New("users is down")
	if _, err := w.Cookie(t.Context(), strings.Repeat("e", 43)); err == nil {
		t.Error("not knowing passed for knowing")
	}
}

func TestRevoked(t *testing.T) {
	t.Parallel()
	t.Run("SessionsOfTokensAndCookies", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		w.takes(t, "Bearer x")
		w.takes(t, "Bearer y")
		w.browser(t, cookie)
		w.revoke(usersv1.RevocationKind_REVOCATION_KIND_SESSION, "ses_x", "ses_other", "ses_"+cookie)
		w.follow(t)
		w.refuses(t, "Bearer x")
		w.takes(t, "Bearer y")
		if w.browser(t, cookie) {
			t.Error("the cookie still opens its session")
		}
		w.pass(time.Minute)
		w.refuses(t, "Bearer x") // verified anew, and refused all the same
	})
	t.Run("OneCookieOfASession", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		w.browser(t, cookie)
		sum := sha256.Sum256([]byte(cookie))
		w.revoke(usersv1.RevocationKind_REVOCATION_KIND_COOKIE, hex.EncodeToString(sum[:]), "not hexadecimal")
		w.follow(t)
		if w.browser(t, cookie) {
			t.Error("the old cookie still opens the session")
		}
	})
	t.Run("APIKeys", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		w.takes(t, "Bearer "+apiKey)
		w.revoke(usersv1.RevocationKind_REVOCATION_KIND_API_KEY, "key_1")
		w.follow(t)
		w.refuses(t, "Bearer "+apiKey)
	})
	t.Run("SigningKeys", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		w.takes(t, "Bearer x")
		w.revoke(usersv1.RevocationKind_REVOCATION_KIND_SIGNING_KEY, "kid_1")
		w.follow(t)
		w.takes(t, "Bearer x")
		if len(w.lost) != 1 || w.lost[0] != "kid_1" || w.calls["token"] != 2 {
			t.Errorf("lost %q, verified %d times", w.lost, w.calls["token"])
		}
	})
}

func TestFollow(t *testing.T) {
	t.Parallel()
	t.Run("NobodyIsBelievedBeforeTheFirstAnswer", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		w.revoke(usersv1.RevocationKind_REVOCATION_KIND_SESSION, "ses_x")
		w.feedErr = errors.New("users is down")
		if _, err := w.Bearer(t.Context(), "Bearer x"); fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("got %v", err)
		}
		w.feedErr = nil
		w.refuses(t, "Bearer x")
	})
	t.Run("AnOutageAfterwardsSignsNobodyOut", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		w.takes(t, "Bearer x")
		w.feedErr = errors.New("users is down")
		if err := w.revoked.Follow(t.Context()); err == nil {
			t.Error("no error")
		}
		w.takes(t, "Bearer x")
		w.takes(t, "Bearer y")
	})
	t.Run("SettleInsists", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		w.takes(t, "Bearer x")
		w.revoke(usersv1.RevocationKind_REVOCATION_KIND_SESSION, "ses_x")
		w.feedErr, w.failures = errors.New("users is down"), 3
		if err := w.revoked.Settle(t.Context()); err != nil {
			t.Error(err)
		}
		w.refuses(t, "Bearer x")
	})
	t.Run("NobodyIsBelievedWhileARevocationIsMissing", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		w.takes(t, "Bearer x")
		w.revoke(usersv1.RevocationKind_REVOCATION_KIND_SESSION, "ses_x")
		w.feedErr = errors.New("users is down")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := w.revoked.Settle(ctx); !errors.Is(err, w.feedErr) {
			t.Errorf("got %v", err)
		}
		if _, err := w.Bearer(t.Context(), "Bearer x"); fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("got %v", err)
		}
		w.feedErr = nil
		w.refuses(t, "Bearer x")
		w.takes(t, "Bearer y")
	})
	t.Run("AnotherHistoryStartsAgain", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		w.revoke(usersv1.RevocationKind_REVOCATION_KIND_SESSION, "ses_a", "ses_b", "ses_c")
		w.follow(t)
		w.list = nil
		w.revoke(usersv1.RevocationKind_REVOCATION_KIND_SESSION, "ses_x")
		w.follow(t)
		if w.revoked.Epoch() != 1 {
			t.Errorf("epoch %d", w.revoked.Epoch())
		}
		w.refuses(t, "Bearer x")
		w.refuses(t, "Bearer a")
	})
	t.Run("WhatHasRunOutIsForgotten", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		w.revoke(usersv1.RevocationKind_REVOCATION_KIND_SESSION, "ses_x")
		w.follow(t)
		w.pass(time.Hour + time.Second)
		w.expires = w.now.Add(time.Hour)
		w.revoke(usersv1.RevocationKind_REVOCATION_KIND_SESSION, "ses_y")
		w.follow(t)
		w.takes(t, "Bearer x")
	})
}

// A token that was being verified while its key was lost is not remembered as good.
func TestForgetTokensHoldsForAnswersOnTheirWay(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.follow(t)
	verify, first := w.resolve("token", identity.Bearer), true
	racing := authn.New(authn.Options{
		Token: func(ctx context.Context, token string) (identity.Principal, time.Time, error) {
			p, expires, err := verify(ctx, token)
			if first {
				first = false
				w.ForgetTokens()
			}
			return p, expires, err
		},
		Revoked: w.revoked, Now: w.Now, Entries: 16,
	})
	w.Authenticator = racing
	w.takes(t, "Bearer x")
	w.takes(t, "Bearer x")
	if w.calls["token"] != 2 {
		t.Errorf("verified %d times", w.calls["token"])
	}
}
