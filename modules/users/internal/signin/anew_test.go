package signin_test

import (
	"testing"
	"time"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/federation"
	"app/modules/users/internal/session"
	"app/modules/users/internal/userstest"
	"app/platform/fault"
)

// Proving again who one is at a provider takes a new sign-in there, after having left
// for it: a session that the provider still has, from whenever, proves nothing, and
// neither does an answer that does not say.
func TestFault19_StepUpTakesANewSignInThere(t *testing.T) {
	t.Parallel()
	a := userstest.NewAbroad(t)
	a.Person("c1", "s1", userstest.Ada, true)
	in, err := a.SignInWith("c1")
	if err != nil || a.Acme.Anew != 0 {
		t.Fatalf("%v, asked anew %d times", err, a.Acme.Anew)
	}
	ctx := inSession(in.SignedIn)
	a.Clock.Pass(11 * time.Minute)
	for name, tc := range map[string]struct {
		at   time.Duration // of the sign-in there, after leaving; the way takes a minute
		said bool
		good bool
	}{
		"NotSaid": {0, false, false}, "LongAgo": {-time.Hour, true, false}, "JustBefore": {-61 * time.Second, true, false},
		"Anew": {30 * time.Second, true, true}, "ClockBehind": {-59 * time.Second, true, true}, "ClockAhead": {119 * time.Second, true, true},
		"Future": {3 * time.Minute, true, false},
	} {
		j := a.Leave(ctx, federation.Request{Provider: "acme", Purpose: "step_up"})
		left := a.Clock.Now()
		a.Clock.Pass(time.Minute)
		a.Acme.At = nil
		if tc.said {
			a.Acme.At = func() time.Time { return left.Add(tc.at) }
		}
		j.Code = "c1"
		got, err := a.SignIns.FinishProvider(ctx, j.Callback)
		if tc.good {
			if err != nil || !got.Fresh {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
			continue
		}
		userstest.Wants(t, err, fault.PermissionDenied, "sign_in_not_fresh")
		if log, err := a.Audits.Own(ctx, "", 1); err != nil || log[0].Event != "step_up" || log[0].Outcome != "refused" {
			t.Errorf("%s: %+v, %v", name, log, err)
		}
	}
	if a.Acme.Anew != 7 {
		t.Errorf("a new sign-in was asked for %d times", a.Acme.Anew)
	}
}

// A sign-in with a session that the provider has had for longer is as fresh as that
// one: it does not stand in for a proof.
func TestFault19_ASignInIsAsFreshAsTheProviders(t *testing.T) {
	t.Parallel()
	a := userstest.NewAbroad(t)
	a.Person("c1", "s1", userstest.Ada, true)
	a.Acme.At = func() time.Time { return a.Clock.Now().Add(-11 * time.Minute) }
	in, err := a.SignInWith("c1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Factors.EnrolTOTP(inSession(in.SignedIn))
	userstest.Wants(t, err, fault.PermissionDenied, "step_up_required")
	a.Acme.At = a.Clock.Now
	if in, err = a.SignInWith("c1"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Factors.EnrolTOTP(inSession(in.SignedIn)); err != nil {
		t.Error(err)
	}
}

// Two factors at a provider that is trusted to say so are two here: for the session,
// for an account with a factor of its own, and for proving again.
func TestFault19_TwoFactorsThere(t *testing.T) {
	t.Parallel()
	a := userstest.NewAbroad(t)
	a.Acme.At = a.Clock.Now
	a.Person("c1", "s1", userstest.Ada, true)
	strong := a.Acme.People["c1"]
	strong.TwoFactors = true
	a.Acme.People["c2"] = strong
	level := func(code string, want authn.Level) session.SignedIn {
		t.Helper()
		in, err := a.SignInWith(code)
		if err != nil || in.SignedIn.Session.Level != int(want) {
			t.Fatalf("%s: %+v, %v", code, in, err)
		}
		return in.SignedIn
	}
	one := level("c1", authn.AAL1)
	level("c2", authn.AAL2)
	a.Enrol(inSession(one))
	level("c2", authn.AAL2)
	for code, good := range map[string]bool{"c1": false, "c2": true} {
		j := a.Leave(inSession(one), federation.Request{Provider: "acme", Purpose: "step_up"})
		j.Code = code
		_, err := a.SignIns.FinishProvider(inSession(one), j.Callback)
		if (err == nil) != good {
			t.Errorf("%s: %v", code, err)
		}
	}
	if in, err := a.SignInWith("c1"); err != nil || in.SignedIn.Ticket == "" {
		t.Errorf("one factor there: %+v, %v", in, err)
	}
}
