package subjects_test

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
	"app/modules/users/usersevents"
	"app/platform/fault"
	"app/platform/identity"
)

// generator is somebody's app.
type generator struct {
	w      *world
	secret string
}

func (g generator) code() string {
	g.w.t.Helper()
	code, err := totp.GenerateCode(g.secret, g.w.clock.Now())
	if err != nil {
		g.w.t.Fatal(err)
	}
	return code
}

// next is a code of a later time step than any before.
func (g generator) next() factor.Proof {
	g.w.clock.pass(30 * time.Second)
	return factor.Proof{Method: authn.ByTOTP, Code: g.code()}
}

// enrol sets a generator up in a session and returns it with the recovery codes.
func (w *world) enrol(ctx context.Context) (generator, []string) {
	w.t.Helper()
	e, err := w.Factors.EnrolTOTP(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	g := generator{w, e.Secret}
	added, err := w.Factors.ConfirmTOTP(ctx, g.code())
	if err != nil {
		w.t.Fatal(err)
	}
	return g, added.Recovery
}

// ticket signs in with the password of an account that has a second factor.
func (w *world) ticket() string {
	w.t.Helper()
	in, err := w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: ada, Password: secret})
	if err != nil || in.Ticket == "" || in.Session.ID != "" || in.Tokens.Access != "" {
		w.t.Fatalf("%+v, %v", in, err)
	}
	return in.Ticket
}

func lastChange(w *world) usersevents.CredentialsChange {
	w.t.Helper()
	told := w.emitted()
	e, ok := told[len(told)-1].(*usersevents.CredentialsChanged)
	if !ok || e.GetEmail() != ada {
		w.t.Fatalf("told %v", told[len(told)-1])
	}
	return e.GetChange()
}

// sessionLevel reads the level of the session that the context's caller is in.
func sessionLevel(ctx context.Context, w *world) authn.Level {
	w.t.Helper()
	return authn.Level(w.count(`SELECT level FROM users_sessions WHERE id = ?`, identity.FromContext(ctx).SessionID))
}

func TestTOTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(ada, secret)
	ctx := w.as(w.login(ada, secret).Access)
	e, err := w.Factors.EnrolTOTP(ctx)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(e.URL)
	if err != nil || u.Scheme != "otpauth" || u.Query().Get("secret") != e.Secret || u.Query().Get("issuer") != "shop.example" || !strings.Contains(u.Path, ada) {
		t.Errorf("%s, %v", e.URL, err)
	}
	if n := w.count(`SELECT COUNT(*) FROM users_totp WHERE secret LIKE ?`, "%"+e.Secret+"%"); n != 0 {
		t.Error("the secret is kept as it is")
	}
	w.login(ada, secret) // not a factor yet
	g := generator{w, e.Secret}
	_, err = w.Factors.ConfirmTOTP(ctx, other(g.code()))
	wants(t, err, fault.InvalidArgument, "code_invalid")
	added, err := w.Factors.ConfirmTOTP(ctx, g.code())
	if err != nil || len(added.Recovery) != 10 || sessionLevel(ctx, w) != authn.AAL2 {
		t.Fatalf("%+v, %v", added, err)
	}
	if got := lastChange(w); got != usersevents.CredentialsChange_CREDENTIALS_CHANGE_TOTP_ADDED {
		t.Errorf("told of %s", got)
	}
	_, err = w.Factors.EnrolTOTP(ctx)
	wants(t, err, fault.FailedPrecondition, "totp_enrolled")
	in, err := w.SignIns.CompleteSignIn(context.Background(), w.ticket(), g.next())
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
	w.login(ada, secret)
	wants(t, w.Factors.RemoveTOTP(ctx), fault.NotFound, "factor_not_found")
}

// A time step is accepted once, whoever presents its code, and none before it (ASVS
// 6.5.1).
func TestFailure24_TimeStepsAreAcceptedOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.signUp(ada, secret)
		g, _ := w.enrol(w.as(w.login(ada, secret).Access))
		tickets := make([]string, 4)
		for i := range tickets {
			tickets[i] = w.ticket()
		}
		before := g.code()
		f := g.next()
		good := 0
		for _, err := range together(len(tickets), func(i int) error {
			_, err := w.SignIns.CompleteSignIn(context.Background(), tickets[i], f)
			return err
		}) {
			if err == nil {
				good++
			} else {
				wants(t, err, fault.InvalidArgument, "code_invalid")
			}
		}
		if good != 1 {
			t.Errorf("%d succeeded", good)
		}
		for _, code := range []string{f.Code, before} {
			_, err := w.SignIns.CompleteSignIn(context.Background(), w.ticket(), factor.Proof{Method: authn.ByTOTP, Code: code})
			wants(t, err, fault.InvalidArgument, "code_invalid")
		}
	})
}

// TestTOTPOfNeighbouringSteps: a code of the step before counts for ten seconds after
// its end, one of the step after for ten seconds before its beginning, and no longer
// (RFC 6238 section 5.2, ASVS 6.5.5).
func TestTOTPOfNeighbouringSteps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(ada, secret)
	g, _ := w.enrol(w.as(w.login(ada, secret).Access))
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
		now := w.clock.Now()
		w.clock.pass(now.Truncate(30 * time.Second).Add(5*time.Minute + tc.into).Sub(now))
		ticket := w.ticket()
		code, err := totp.GenerateCode(g.secret, w.clock.Now().Add(time.Duration(tc.step)*30*time.Second))
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
	w := newWorld(t)
	w.signUp(ada, secret)
	g, recovery := w.enrol(w.as(w.login(ada, secret).Access))
	complete := func(f factor.Proof) error {
		_, err := w.SignIns.CompleteSignIn(context.Background(), w.ticket(), f)
		return err
	}
	for _, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
		for range 5 {
			f := g.next()
			f.Code = other(f.Code)
			wants(t, complete(f), fault.InvalidArgument, "code_invalid")
		}
		err := complete(g.next())
		wants(t, err, fault.ResourceExhausted, "factor_paused")
		if left := fault.From(err).RetryAfter; left != wait-30*time.Second {
			t.Errorf("%s left of %s", left, wait)
		}
		w.clock.pass(wait - 30*time.Second)
	}
	if err := complete(factor.Proof{Method: authn.ByRecovery, Code: recovery[0]}); err != nil {
		t.Errorf("recovery code: %v", err)
	}
	if err := complete(g.next()); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

func TestTicketHasFiveTries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(ada, secret)
	_, recovery := w.enrol(w.as(w.login(ada, secret).Access))
	ticket := w.ticket()
	for range 5 {
		_, err := w.SignIns.CompleteSignIn(context.Background(), ticket, factor.Proof{Method: authn.ByRecovery, Code: "00000-00000"})
		wants(t, err, fault.InvalidArgument, "code_invalid")
	}
	_, err := w.SignIns.CompleteSignIn(context.Background(), ticket, factor.Proof{Method: authn.ByRecovery, Code: recovery[0]})
	wants(t, err, fault.Unauthenticated, "ticket_invalid")
	_, err = w.SignIns.CompleteSignIn(context.Background(), "spt_x", factor.Proof{Method: authn.ByRecovery, Code: recovery[0]})
	wants(t, err, fault.Unauthenticated, "ticket_invalid")
}

// A recovery code stands in for a factor once, also when it comes twice at the same
// time (keycloak#26106).
func TestFailure24_RecoveryCodesOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.signUp(ada, secret)
		_, recovery := w.enrol(w.as(w.login(ada, secret).Access))
		tickets := []string{w.ticket(), w.ticket(), w.ticket()}
		typed := strings.ToUpper(strings.ReplaceAll(recovery[0], "-", " "))
		good := 0
		for _, err := range together(len(tickets), func(i int) error {
			_, err := w.SignIns.CompleteSignIn(context.Background(), tickets[i], factor.Proof{Method: authn.ByRecovery, Code: typed})
			return err
		}) {
			if err == nil {
				good++
			}
		}
		if left := w.count(`SELECT COUNT(*) FROM users_recovery WHERE spent_at IS NULL`); good != 1 || left != 9 {
			t.Errorf("%d succeeded, %d left", good, left)
		}
		if got := lastChange(w); got != usersevents.CredentialsChange_CREDENTIALS_CHANGE_RECOVERY_CODE_USED {
			t.Errorf("told of %s", got)
		}
	})
}

func TestNewRecoveryCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(ada, secret)
	ctx := w.as(w.login(ada, secret).Access)
	_, err := w.Factors.NewRecoveryCodes(ctx)
	wants(t, err, fault.FailedPrecondition, "no_factor")
	_, older := w.enrol(ctx)
	newer, err := w.Factors.NewRecoveryCodes(ctx)
	if err != nil || len(newer) != 10 {
		t.Fatalf("%v, %v", newer, err)
	}
	if bits := 5 * len(strings.ReplaceAll(newer[0], "-", "")); bits < 112 {
		t.Errorf("%s is of %d bits, which a plain hash does not keep", newer[0], bits)
	}
	_, err = w.SignIns.CompleteSignIn(context.Background(), w.ticket(), factor.Proof{Method: authn.ByRecovery, Code: older[0]})
	wants(t, err, fault.InvalidArgument, "code_invalid")
	if _, err := w.SignIns.CompleteSignIn(context.Background(), w.ticket(), factor.Proof{Method: authn.ByRecovery, Code: newer[9]}); err != nil {
		t.Error(err)
	}
}

// Whatever begins a sign-in, an account with a factor is asked for it; setting a new
// password signs nobody in (ASVS 6.4.3).
func TestRecoveryDoesNotBypassTheFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(ada, secret)
	g, _ := w.enrol(w.as(w.login(ada, secret).Access))
	in, err := w.SignIns.SignInWithCode(context.Background(), w.proof(context.Background(), ada), authn.Bearer)
	if err != nil || in.Ticket == "" || in.Session.ID != "" {
		t.Errorf("code: %+v, %v", in, err)
	}
	waiting := w.ticket()
	if err := w.Credentials.ResetPassword(context.Background(), w.reset(ada, another)); err != nil {
		t.Fatal(err)
	}
	_, err = w.SignIns.CompleteSignIn(context.Background(), waiting, g.next())
	wants(t, err, fault.Unauthenticated, "ticket_invalid")
	in, err = w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: ada, Password: another})
	if err != nil || in.Ticket == "" || in.Session.ID != "" {
		t.Errorf("after the reset: %+v, %v", in, err)
	}
	if _, err := w.SignIns.CompleteSignIn(context.Background(), in.Ticket, g.next()); err != nil {
		t.Error(err)
	}
}

// Somebody who has lost every factor is let in again by an operator, and told.
func TestForgetFactors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.signUp(ada, secret)
	in := w.login(ada, secret)
	w.enrol(w.as(in.Access))
	newPhone(w).add(w.as(in.Access))
	ticket := w.ticket()
	for _, want := range []bool{true, false} {
		if changed, err := w.Admins.ForgetFactors(context.Background(), user.ID); err != nil || changed != want {
			t.Errorf("%v, %v", changed, err)
		}
	}
	if got := lastChange(w); got != usersevents.CredentialsChange_CREDENTIALS_CHANGE_PASSKEY_REMOVED {
		t.Errorf("told of %s", got)
	}
	_, err := w.Sessions.Refresh(context.Background(), in.Refresh)
	wants(t, err, fault.Unauthenticated, "refresh_token_invalid")
	_, err = w.SignIns.BeginPasskey(context.Background(), ceremony.SecondFactor, ticket)
	wants(t, err, fault.Unauthenticated, "passkey_invalid")
	w.login(ada, secret)
	if n := w.count(`SELECT (SELECT COUNT(*) FROM users_totp) + (SELECT COUNT(*) FROM users_passkeys) + (SELECT COUNT(*) FROM users_recovery)`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}
