package factor_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/ceremony"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/userstest"
	"app/modules/users/usersevents"
	"app/platform/fault"
)

func TestTOTP(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	ctx := w.As(w.Login(userstest.Ada, userstest.Secret).Access)
	e, err := w.Factors.EnrolTOTP(ctx)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(e.URL)
	if err != nil || u.Scheme != "otpauth" || u.Query().Get("secret") != e.Secret || u.Query().Get("issuer") != "shop.example" || !strings.Contains(u.Path, userstest.Ada) {
		t.Errorf("%s, %v", e.URL, err)
	}
	if n := w.Count(`SELECT COUNT(*) FROM users_totp WHERE secret LIKE ?`, "%"+e.Secret+"%"); n != 0 {
		t.Error("the secret is kept as it is")
	}
	w.Login(userstest.Ada, userstest.Secret) // not a factor yet
	g := userstest.Generator{World: w, Secret: e.Secret}
	_, err = w.Factors.ConfirmTOTP(ctx, userstest.Other(g.Code()))
	userstest.Wants(t, err, fault.InvalidArgument, "code_invalid")
	added, err := w.Factors.ConfirmTOTP(ctx, g.Code())
	if err != nil || len(added.Recovery) != 10 || userstest.SessionLevel(ctx, w) != authn.AAL2 {
		t.Fatalf("%+v, %v", added, err)
	}
	if got := userstest.LastChange(w); got != usersevents.CredentialsChange_CREDENTIALS_CHANGE_TOTP_ADDED {
		t.Errorf("told of %s", got)
	}
	_, err = w.Factors.EnrolTOTP(ctx)
	userstest.Wants(t, err, fault.FailedPrecondition, "totp_enrolled")
	in, err := w.SignIns.CompleteSignIn(context.Background(), w.Ticket(), g.Next())
	if err != nil || in.Session.Level != int(authn.AAL2) || in.Session.Methods != "password totp" {
		t.Fatalf("%+v, %v", in, err)
	}
	if err := w.Factors.RemoveTOTP(ctx); err != nil {
		t.Fatal(err)
	}
	f, err := w.Factors.List(ctx)
	if err != nil || !f.TOTP.IsZero() || f.Recovery != 0 {
		t.Errorf("%+v, %v", f, err)
	}
	w.Login(userstest.Ada, userstest.Secret)
	userstest.Wants(t, w.Factors.RemoveTOTP(ctx), fault.NotFound, "factor_not_found")
}

// A time step is accepted once, whoever presents its code, and none before it (ASVS
// 6.5.1).
func TestFailure24_TimeStepsAreAcceptedOnce(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		w.SignUp(userstest.Ada, userstest.Secret)
		g, _ := w.Enrol(w.As(w.Login(userstest.Ada, userstest.Secret).Access))
		tickets := make([]string, 4)
		for i := range tickets {
			tickets[i] = w.Ticket()
		}
		before := g.Code()
		f := g.Next()
		good := 0
		for _, err := range userstest.Together(len(tickets), func(i int) error {
			_, err := w.SignIns.CompleteSignIn(context.Background(), tickets[i], f)
			return err
		}) {
			if err == nil {
				good++
			} else {
				userstest.Wants(t, err, fault.InvalidArgument, "code_invalid")
			}
		}
		if good != 1 {
			t.Errorf("%d succeeded", good)
		}
		for _, code := range []string{f.Code, before} {
			_, err := w.SignIns.CompleteSignIn(context.Background(), w.Ticket(), factor.Proof{Method: authn.ByTOTP, Code: code})
			userstest.Wants(t, err, fault.InvalidArgument, "code_invalid")
		}
	})
}

// TestTOTPOfNeighbouringSteps: a code of the step before counts for ten seconds after
// its end, one of the step after for ten seconds before its beginning, and no longer
// (RFC 6238 section 5.2, ASVS 6.5.5).
func TestTOTPOfNeighbouringSteps(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	g, _ := w.Enrol(w.As(w.Login(userstest.Ada, userstest.Secret).Access))
	for _, tc := range []struct {
		into time.Duration // how far into the time step it is
		step int           // whose code is shown, counted from the current one
		good bool
	}{
		{0, -1, true}, {9999 * time.Millisecond, -1, true}, {10 * time.Second, -1, true}, {10001 * time.Millisecond, -1, false},
		{29 * time.Second, -1, false}, {0, 0, true}, {15 * time.Second, 0, true}, {29999 * time.Millisecond, 0, true},
		{30*time.Second - time.Millisecond, 1, true}, {20 * time.Second, 1, true}, {19999 * time.Millisecond, 1, false}, {0, 1, false},
		{15 * time.Second, 0, true}, {0, -2, false}, {29 * time.Second, 2, false},
	} {
		now := w.Clock.Now()
		w.Clock.Pass(now.Truncate(30 * time.Second).Add(5*time.Minute + tc.into).Sub(now))
		ticket := w.Ticket()
		code, err := totp.GenerateCode(g.Secret, w.Clock.Now().Add(time.Duration(tc.step)*30*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.SignIns.CompleteSignIn(context.Background(), ticket, factor.Proof{Method: authn.ByTOTP, Code: code})
		if (err == nil) != tc.good {
			t.Errorf("step %d, %s into the current one: %v", tc.step, tc.into, err)
		}
	}
}

// Five wrong codes in a row make a pause that grows; recovery codes go on working, so
// the pause locks nobody out.
func TestFailure24_WrongTOTPCodesPause(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	g, recovery := w.Enrol(w.As(w.Login(userstest.Ada, userstest.Secret).Access))
	complete := func(f factor.Proof) error {
		_, err := w.SignIns.CompleteSignIn(context.Background(), w.Ticket(), f)
		return err
	}
	for _, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
		for range 5 {
			f := g.Next()
			f.Code = userstest.Other(f.Code)
			userstest.Wants(t, complete(f), fault.InvalidArgument, "code_invalid")
		}
		err := complete(g.Next())
		userstest.Wants(t, err, fault.ResourceExhausted, "factor_paused")
		if left := fault.From(err).RetryAfter; left != wait-30*time.Second {
			t.Errorf("%s left of %s", left, wait)
		}
		w.Clock.Pass(wait - 30*time.Second)
	}
	if err := complete(factor.Proof{Method: authn.ByRecovery, Code: recovery[0]}); err != nil {
		t.Errorf("recovery code: %v", err)
	}
	if err := complete(g.Next()); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

func TestTicketHasFiveTries(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	_, recovery := w.Enrol(w.As(w.Login(userstest.Ada, userstest.Secret).Access))
	ticket := w.Ticket()
	for range 5 {
		_, err := w.SignIns.CompleteSignIn(context.Background(), ticket, factor.Proof{Method: authn.ByRecovery, Code: "00000-00000"})
		userstest.Wants(t, err, fault.InvalidArgument, "code_invalid")
	}
	_, err := w.SignIns.CompleteSignIn(context.Background(), ticket, factor.Proof{Method: authn.ByRecovery, Code: recovery[0]})
	userstest.Wants(t, err, fault.Unauthenticated, "ticket_invalid")
	_, err = w.SignIns.CompleteSignIn(context.Background(), "spt_x", factor.Proof{Method: authn.ByRecovery, Code: recovery[0]})
	userstest.Wants(t, err, fault.Unauthenticated, "ticket_invalid")
}

// A recovery code stands in for a factor once, also when it comes twice at the same
// time (keycloak#26106).
func TestFailure24_RecoveryCodesOnce(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		w.SignUp(userstest.Ada, userstest.Secret)
		_, recovery := w.Enrol(w.As(w.Login(userstest.Ada, userstest.Secret).Access))
		tickets := []string{w.Ticket(), w.Ticket(), w.Ticket()}
		typed := strings.ToUpper(strings.ReplaceAll(recovery[0], "-", " "))
		good := 0
		for _, err := range userstest.Together(len(tickets), func(i int) error {
			_, err := w.SignIns.CompleteSignIn(context.Background(), tickets[i], factor.Proof{Method: authn.ByRecovery, Code: typed})
			return err
		}) {
			if err == nil {
				good++
			}
		}
		if left := w.Count(`SELECT COUNT(*) FROM users_recovery WHERE spent_at IS NULL`); good != 1 || left != 9 {
			t.Errorf("%d succeeded, %d left", good, left)
		}
		if got := userstest.LastChange(w); got != usersevents.CredentialsChange_CREDENTIALS_CHANGE_RECOVERY_CODE_USED {
			t.Errorf("told of %s", got)
		}
	})
}

func TestNewRecoveryCodes(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	ctx := w.As(w.Login(userstest.Ada, userstest.Secret).Access)
	_, err := w.Factors.NewRecoveryCodes(ctx)
	userstest.Wants(t, err, fault.FailedPrecondition, "no_factor")
	_, older := w.Enrol(ctx)
	newer, err := w.Factors.NewRecoveryCodes(ctx)
	if err != nil || len(newer) != 10 {
		t.Fatalf("%v, %v", newer, err)
	}
	if bits := 5 * len(strings.ReplaceAll(newer[0], "-", "")); bits < 112 {
		t.Errorf("%s is of %d bits, which a plain hash does not keep", newer[0], bits)
	}
	_, err = w.SignIns.CompleteSignIn(context.Background(), w.Ticket(), factor.Proof{Method: authn.ByRecovery, Code: older[0]})
	userstest.Wants(t, err, fault.InvalidArgument, "code_invalid")
	if _, err := w.SignIns.CompleteSignIn(context.Background(), w.Ticket(), factor.Proof{Method: authn.ByRecovery, Code: newer[9]}); err != nil {
		t.Error(err)
	}
}

// Whatever begins a sign-in, an account with a factor is asked for it; setting a new
// password signs nobody in (ASVS 6.4.3).
func TestRecoveryDoesNotBypassTheFactor(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	g, _ := w.Enrol(w.As(w.Login(userstest.Ada, userstest.Secret).Access))
	in, err := w.SignIns.SignInWithCode(context.Background(), w.Proof(context.Background(), userstest.Ada), authn.Bearer)
	if err != nil || in.Ticket == "" || in.Session.ID != "" {
		t.Errorf("code: %+v, %v", in, err)
	}
	waiting := w.Ticket()
	if err := w.Credentials.ResetPassword(context.Background(), w.Reset(userstest.Ada, userstest.Another)); err != nil {
		t.Fatal(err)
	}
	_, err = w.SignIns.CompleteSignIn(context.Background(), waiting, g.Next())
	userstest.Wants(t, err, fault.Unauthenticated, "ticket_invalid")
	in, err = w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: userstest.Ada, Password: userstest.Another})
	if err != nil || in.Ticket == "" || in.Session.ID != "" {
		t.Errorf("after the reset: %+v, %v", in, err)
	}
	if _, err := w.SignIns.CompleteSignIn(context.Background(), in.Ticket, g.Next()); err != nil {
		t.Error(err)
	}
}

// Somebody who has lost every factor is let in again by an operator, and told.
func TestForgetFactors(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	user := w.SignUp(userstest.Ada, userstest.Secret)
	in := w.Login(userstest.Ada, userstest.Secret)
	w.Enrol(w.As(in.Access))
	userstest.NewPhone(w).Add(w.As(in.Access))
	ticket := w.Ticket()
	for _, want := range []bool{true, false} {
		if changed, err := w.Admins.ForgetFactors(context.Background(), user.ID); err != nil || changed != want {
			t.Errorf("%v, %v", changed, err)
		}
	}
	if got := userstest.LastChange(w); got != usersevents.CredentialsChange_CREDENTIALS_CHANGE_PASSKEY_REMOVED {
		t.Errorf("told of %s", got)
	}
	_, err := w.Sessions.Refresh(context.Background(), in.Refresh)
	userstest.Wants(t, err, fault.Unauthenticated, "refresh_token_invalid")
	_, err = w.SignIns.BeginPasskey(context.Background(), ceremony.SecondFactor, ticket)
	userstest.Wants(t, err, fault.Unauthenticated, "passkey_invalid")
	w.Login(userstest.Ada, userstest.Secret)
	if n := w.Count(`SELECT (SELECT COUNT(*) FROM users_totp) + (SELECT COUNT(*) FROM users_passkeys) + (SELECT COUNT(*) FROM users_recovery)`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}
