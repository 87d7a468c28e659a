package subjects_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/subjects"
	"app/modules/users/internal/tries"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/fault"
)

// guarded is users with limits on passwords, as one of the processes on a database. All
// have the same clock.
func guarded(t *testing.T, db *database.DB, c *clock) *world {
	t.Helper()
	l := limits()
	l.Tries = tries.Bounds{Device: 10, Place: 5, Account: 20, Network: 50}
	w := &world{t: t, db: db, clock: c}
	w.Set = w.with(func(o *subjects.Options) { o.Limits = l })
	return w
}

// eachGuarded runs the test on both engines.
func eachGuarded(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	each(t, func(t *testing.T, w *world) { run(t, guarded(t, w.db, w.clock)) })
}

// Networks of the tests.
const (
	hereabouts = "203.0.113.0/24"
	elsewhere  = "198.51.100.0/24"
)

// try signs in and says how that went: "in", the reason why not, or the time to wait.
func (w *world) try(ctx context.Context, email, password string) string {
	w.t.Helper()
	before := w.Hasher.Operations()
	_, err := w.SignIns.SignInWithPassword(ctx, signin.Credentials{Email: email, Password: password})
	hashed := w.Hasher.Operations() - before
	var refusal *fault.Error
	switch {
	case err == nil:
		return "in"
	case errors.As(err, &refusal) && refusal.Reason == "sign_in_limited":
		if refusal.Code != fault.ResourceExhausted || hashed != 0 {
			w.t.Errorf("%v after %d hashes", err, hashed)
		}
		return fmt.Sprint("wait ", refusal.RetryAfter)
	}
	return fault.ReasonOf(err)
}

// tries repeats a wrong password and counts how many were looked at.
func (w *world) tries(ctx context.Context, email string, n int) (looked int) {
	w.t.Helper()
	for range n {
		if w.try(ctx, email, "Wrong-Horse-9") == "invalid_credentials" {
			looked++
		}
	}
	return looked
}

// Passwords for one account from one place come to an end, and go on slowly; the answer
// is the same for an address that nobody has, and for the right password.
func TestTries(t *testing.T) {
	t.Parallel()
	eachGuarded(t, func(t *testing.T, w *world) {
		w.signUp(ada, secret)
		for _, email := range []string{ada, "nobody@example.com"} {
			if n := w.tries(from(elsewhere), email, 8); n != 5 {
				t.Errorf("%s: %d passwords looked at", email, n)
			}
			for _, password := range []string{"Wrong-Horse-9", secret, ""} {
				if got := w.try(from(elsewhere), " "+email+" ", password); got != "wait 3m0s" {
					t.Errorf("%s with %q: %s", email, password, got)
				}
			}
		}
		w.clock.pass(3*time.Minute - time.Microsecond)
		if got := w.try(from(elsewhere), ada, secret); got != "wait 1µs" {
			t.Errorf("too soon: %s", got)
		}
		w.clock.pass(time.Microsecond)
		if got := w.try(from(elsewhere), ada, secret); got != "in" {
			t.Errorf("after the wait: %s", got)
		}
		if n := w.Tries.Limited(); n != 13 {
			t.Errorf("%d counted as limited", n)
		}
	})
}

// Whatever strangers do, the owner signs in: from a device that is known with the
// password, from anywhere with a code.
func TestFailure24_GuessesDoNotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	eachGuarded(t, func(t *testing.T, w *world) {
		w.signUp(ada, secret)
		if got := w.try(from(hereabouts), ada, secret); got != "in" {
			t.Fatal(got)
		}
		looked := 0
		for i := range 20 {
			looked += w.tries(from(fmt.Sprintf("192.0.%d.0/24", i)), ada, 5)
		}
		if looked != 20 {
			t.Errorf("strangers tried %d passwords", looked)
		}
		if got := w.try(from(hereabouts), ada, secret); got != "in" {
			t.Errorf("at home: %s", got)
		}
		if got := w.try(from(elsewhere), ada, secret); got != "wait 6m0s" {
			t.Errorf("elsewhere: %s", got)
		}
		ctx := from(elsewhere)
		if _, err := w.SignIns.SignInWithCode(ctx, w.proof(ctx, ada), authn.Bearer); err != nil {
			t.Errorf("elsewhere with a code: %v", err)
		}
		if got := w.try(from(elsewhere), ada, secret); got != "in" { // which is known there now
			t.Errorf("elsewhere after that: %s", got)
		}
		mallory := callctx.WithClient(context.Background(), callctx.Client{Network: hereabouts, Agent: "another program"})
		if n := w.tries(mallory, ada, 50); n != 0 {
			t.Errorf("a stranger at home tried %d passwords", n)
		}
		if got := w.try(from(hereabouts), ada, secret); got != "in" {
			t.Errorf("at home with a stranger there: %s", got)
		}
	})
}

// A device that is known has tries of its own, and a bound on them.
func TestTries_OfAKnownDevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w = guarded(t, w.db, w.clock)
	w.signUp(ada, secret)
	w.try(from(hereabouts), ada, secret)
	if n := w.tries(from(hereabouts), ada, 50); n != 10 {
		t.Errorf("%d passwords looked at", n)
	}
	if got := w.try(from(hereabouts), ada, secret); got != "wait 1m0s" {
		t.Error(got)
	}
}

// One password tried at many accounts is no less a guess.
func TestTries_OfOneNetworkAtManyAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w = guarded(t, w.db, w.clock)
	w.signUp(ada, secret)
	w.try(from(elsewhere), ada, secret)
	looked := 0
	for i := range 80 {
		looked += w.tries(from(elsewhere), fmt.Sprintf("user%d@example.com", i), 1)
	}
	if looked != 50 {
		t.Errorf("%d passwords looked at", looked)
	}
	if got := w.try(from(elsewhere), ada, secret); got != "in" {
		t.Errorf("who is known there: %s", got)
	}
}

func TestTries_RightOnesAreFree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w = guarded(t, w.db, w.clock)
	w.signUp(ada, secret)
	for i := range 60 {
		ctx := callctx.WithClient(context.Background(), callctx.Client{Network: elsewhere, Agent: fmt.Sprint("browser ", i)})
		if got := w.try(ctx, ada, secret); got != "in" {
			t.Fatalf("sign-in %d: %s", i, got)
		}
	}
}

// Tries at the same time through several processes are no more than one after the other
// through one.
func TestTries_ReplicasDoNotMultiplyThem(t *testing.T) {
	t.Parallel()
	eachGuarded(t, func(t *testing.T, w *world) {
		replicas := []*world{w, guarded(t, w.db, w.clock)}
		w.signUp(ada, secret)
		before := replicas[0].Hasher.Operations() + replicas[1].Hasher.Operations()
		together(24, func(i int) error {
			_, err := replicas[i%2].SignIns.SignInWithPassword(from(elsewhere), signin.Credentials{Email: ada, Password: "Wrong-Horse-9"})
			return err
		})
		if n := replicas[0].Hasher.Operations() + replicas[1].Hasher.Operations() - before; n != 5 {
			t.Errorf("%d passwords looked at", n)
		}
	})
}

// Whoever has stolen a session does not get to guess the password with it.
func TestTries_InASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w = guarded(t, w.db, w.clock)
	w.signUp(ada, secret)
	ctx := w.as(w.login(ada, secret).Access)
	looked := 0
	for i := range 20 {
		var err error
		if i%2 == 0 {
			_, err = w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByPassword, Password: "Wrong-Horse-9"})
		} else {
			_, err = w.Credentials.ChangePassword(ctx, credential.PasswordChange{Current: "Wrong-Horse-9", Password: another, Confirm: another})
		}
		if fault.ReasonOf(err) != "sign_in_limited" {
			looked++
		}
	}
	if looked != 10 {
		t.Errorf("%d passwords looked at", looked)
	}
	w.login(ada, secret)
}

func TestTries_AreForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w = guarded(t, w.db, w.clock)
	w.tries(from(elsewhere), ada, 5)
	sweep := func() int {
		if _, err := w.SweepOnce(context.Background()); err != nil {
			t.Fatal(err)
		}
		return w.count(`SELECT COUNT(*) FROM users_tries`)
	}
	if n := sweep(); n != 3 {
		t.Errorf("%d rows", n)
	}
	if w.clock.pass(time.Hour); sweep() != 0 {
		t.Error("rows that say nothing are kept")
	}
}
