package tries_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/subjects"
	"app/modules/users/internal/tries"
	"app/modules/users/internal/userstest"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/fault"
)

// guarded is users with limits on passwords, as one of the processes on a database. All
// have the same clock.
func guarded(t *testing.T, db *database.DB, c *userstest.Clock) *userstest.World {
	t.Helper()
	l := userstest.Limits()
	l.Tries = tries.Bounds{Device: 10, Place: 5, Account: 20, Network: 50}
	w := &userstest.World{T: t, DB: db, Clock: c}
	w.Set = w.With(func(o *subjects.Options) { o.Limits = l })
	return w
}

// eachGuarded runs the test on both engines.
func eachGuarded(t *testing.T, run func(t *testing.T, w *userstest.World)) {
	t.Helper()
	userstest.Each(t, func(t *testing.T, w *userstest.World) { run(t, guarded(t, w.DB, w.Clock)) })
}

// Passwords for one account from one place come to an end, and go on slowly; the answer
// is the same for an address that nobody has, and for the right password.
func TestTries(t *testing.T) {
	t.Parallel()
	eachGuarded(t, func(t *testing.T, w *userstest.World) {
		w.SignUp(userstest.Ada, userstest.Secret)
		for _, email := range []string{userstest.Ada, "nobody@example.com"} {
			if n := w.TryOften(userstest.From(userstest.Elsewhere), email, 8); n != 5 {
				t.Errorf("%s: %d passwords looked at", email, n)
			}
			for _, password := range []string{"Wrong-Horse-9", userstest.Secret, ""} {
				if got := w.Try(userstest.From(userstest.Elsewhere), " "+email+" ", password); got != "wait 3m0s" {
					t.Errorf("%s with %q: %s", email, password, got)
				}
			}
		}
		w.Clock.Pass(3*time.Minute - time.Microsecond)
		if got := w.Try(userstest.From(userstest.Elsewhere), userstest.Ada, userstest.Secret); got != "wait 1µs" {
			t.Errorf("too soon: %s", got)
		}
		w.Clock.Pass(time.Microsecond)
		if got := w.Try(userstest.From(userstest.Elsewhere), userstest.Ada, userstest.Secret); got != "in" {
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
	eachGuarded(t, func(t *testing.T, w *userstest.World) {
		w.SignUp(userstest.Ada, userstest.Secret)
		if got := w.Try(userstest.From(userstest.Hereabouts), userstest.Ada, userstest.Secret); got != "in" {
			t.Fatal(got)
		}
		looked := 0
		for i := range 20 {
			looked += w.TryOften(userstest.From(fmt.Sprintf("192.0.%d.0/24", i)), userstest.Ada, 5)
		}
		if looked != 20 {
			t.Errorf("strangers tried %d passwords", looked)
		}
		if got := w.Try(userstest.From(userstest.Hereabouts), userstest.Ada, userstest.Secret); got != "in" {
			t.Errorf("at home: %s", got)
		}
		if got := w.Try(userstest.From(userstest.Elsewhere), userstest.Ada, userstest.Secret); got != "wait 6m0s" {
			t.Errorf("elsewhere: %s", got)
		}
		ctx := userstest.From(userstest.Elsewhere)
		if _, err := w.SignIns.SignInWithCode(ctx, w.Proof(ctx, userstest.Ada), authn.Bearer); err != nil {
			t.Errorf("elsewhere with a code: %v", err)
		}
		if got := w.Try(userstest.From(userstest.Elsewhere), userstest.Ada, userstest.Secret); got != "in" { // which is known there now
			t.Errorf("elsewhere after that: %s", got)
		}
		mallory := callctx.WithClient(context.Background(), callctx.Client{Network: userstest.Hereabouts, Agent: "another program"})
		if n := w.TryOften(mallory, userstest.Ada, 50); n != 0 {
			t.Errorf("a stranger at home tried %d passwords", n)
		}
		if got := w.Try(userstest.From(userstest.Hereabouts), userstest.Ada, userstest.Secret); got != "in" {
			t.Errorf("at home with a stranger there: %s", got)
		}
	})
}

// A device that is known has tries of its own, and a bound on them.
func TestTries_OfAKnownDevice(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w = guarded(t, w.DB, w.Clock)
	w.SignUp(userstest.Ada, userstest.Secret)
	w.Try(userstest.From(userstest.Hereabouts), userstest.Ada, userstest.Secret)
	if n := w.TryOften(userstest.From(userstest.Hereabouts), userstest.Ada, 50); n != 10 {
		t.Errorf("%d passwords looked at", n)
	}
	if got := w.Try(userstest.From(userstest.Hereabouts), userstest.Ada, userstest.Secret); got != "wait 1m0s" {
		t.Error(got)
	}
}

// One password tried at many accounts is no less a guess.
func TestTries_OfOneNetworkAtManyAccounts(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w = guarded(t, w.DB, w.Clock)
	w.SignUp(userstest.Ada, userstest.Secret)
	w.Try(userstest.From(userstest.Elsewhere), userstest.Ada, userstest.Secret)
	looked := 0
	for i := range 80 {
		looked += w.TryOften(userstest.From(userstest.Elsewhere), fmt.Sprintf("user%d@example.com", i), 1)
	}
	if looked != 50 {
		t.Errorf("%d passwords looked at", looked)
	}
	if got := w.Try(userstest.From(userstest.Elsewhere), userstest.Ada, userstest.Secret); got != "in" {
		t.Errorf("who is known there: %s", got)
	}
}

func TestTries_RightOnesAreFree(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w = guarded(t, w.DB, w.Clock)
	w.SignUp(userstest.Ada, userstest.Secret)
	for i := range 60 {
		ctx := callctx.WithClient(context.Background(), callctx.Client{Network: userstest.Elsewhere, Agent: fmt.Sprint("browser ", i)})
		if got := w.Try(ctx, userstest.Ada, userstest.Secret); got != "in" {
			t.Fatalf("sign-in %d: %s", i, got)
		}
	}
}

// Tries at the same time through several processes are no more than one after the other
// through one.
func TestTries_ReplicasDoNotMultiplyThem(t *testing.T) {
	t.Parallel()
	eachGuarded(t, func(t *testing.T, w *userstest.World) {
		replicas := []*userstest.World{w, guarded(t, w.DB, w.Clock)}
		w.SignUp(userstest.Ada, userstest.Secret)
		before := replicas[0].Hasher.Operations() + replicas[1].Hasher.Operations()
		userstest.Together(24, func(i int) error {
			_, err := replicas[i%2].SignIns.SignInWithPassword(userstest.From(userstest.Elsewhere), signin.Credentials{Email: userstest.Ada, Password: "Wrong-Horse-9"})
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
	w := userstest.NewWorld(t)
	w = guarded(t, w.DB, w.Clock)
	w.SignUp(userstest.Ada, userstest.Secret)
	ctx := w.As(w.Login(userstest.Ada, userstest.Secret).Access)
	looked := 0
	for i := range 20 {
		var err error
		if i%2 == 0 {
			_, err = w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByPassword, Password: "Wrong-Horse-9"})
		} else {
			_, err = w.Credentials.ChangePassword(ctx, credential.PasswordChange{Current: "Wrong-Horse-9", Password: userstest.Another, Confirm: userstest.Another})
		}
		if fault.ReasonOf(err) != "sign_in_limited" {
			looked++
		}
	}
	if looked != 10 {
		t.Errorf("%d passwords looked at", looked)
	}
	w.Login(userstest.Ada, userstest.Secret)
}

func TestTries_AreForgotten(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w = guarded(t, w.DB, w.Clock)
	w.TryOften(userstest.From(userstest.Elsewhere), userstest.Ada, 5)
	sweep := func() int {
		if _, err := w.SweepOnce(context.Background()); err != nil {
			t.Fatal(err)
		}
		return w.Count(`SELECT COUNT(*) FROM users_tries`)
	}
	if n := sweep(); n != 3 {
		t.Errorf("%d rows", n)
	}
	if w.Clock.Pass(time.Hour); sweep() != 0 {
		t.Error("rows that say nothing are kept")
	}
}
