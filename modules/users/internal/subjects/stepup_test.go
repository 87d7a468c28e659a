package subjects_test

import (
	"context"
	"testing"
	"time"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/signin"
	"app/modules/users/usersevents"
	"app/platform/fault"
	"app/platform/identity"
)

func TestStepUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(ada, secret)
	ctx := w.as(w.login(ada, secret).Access)
	w.clock.pass(10*time.Minute + time.Second)
	_, err := w.Factors.EnrolTOTP(ctx)
	wants(t, err, fault.PermissionDenied, "step_up_required")
	_, err = w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByPassword, Password: another})
	wants(t, err, fault.Unauthenticated, "invalid_credentials")
	_, err = w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByCode, Proof: wrong(w.proof(ctx, ada))})
	wants(t, err, fault.InvalidArgument, "code_invalid")
	_, err = w.Factors.EnrolTOTP(ctx)
	wants(t, err, fault.PermissionDenied, "step_up_required")
	if _, err := w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByCode, Proof: w.proof(ctx, ada)}); err != nil {
		t.Fatal(err)
	}
	w.clock.pass(11 * time.Minute)
	if _, err := w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByPassword, Password: secret}); err != nil {
		t.Fatal(err)
	}
	g, _ := w.enrol(ctx)
	w.clock.pass(11 * time.Minute)
	for _, in := range []signin.StepUpProof{{Method: authn.ByPassword, Password: secret}, {Method: authn.ByCode, Proof: w.proof(ctx, ada)}} {
		_, err := w.SignIns.StepUp(ctx, in)
		wants(t, err, fault.PermissionDenied, "factor_required")
	}
	wants(t, w.Factors.RemoveTOTP(ctx), fault.PermissionDenied, "step_up_required")
	if _, err := w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByTOTP, Proof: code.Proof{Code: g.next().Code}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Factors.RemoveTOTP(ctx); err != nil {
		t.Error(err)
	}
}

// A code of somebody else's does not prove who the caller is.
func TestStepUpWithAnothersCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(ada, secret)
	w.signUp("bob@example.com", secret)
	ctx := w.as(w.login(ada, secret).Access)
	_, err := w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByCode, Proof: w.proof(ctx, "bob@example.com")})
	wants(t, err, fault.InvalidArgument, "code_invalid")
}

func TestStepUpNeedsASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.signUp(ada, secret)
	for name, p := range map[string]identity.Principal{
		"Nobody": {}, "Key": {UserID: user.ID, Merchant: "mrc_1", Method: identity.APIKey}, "Another's": {UserID: user.ID, SessionID: "ses_1"},
	} {
		ctx := identity.NewContext(context.Background(), p)
		_, err := w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByPassword, Password: secret})
		wants(t, err, fault.Unauthenticated, "unauthenticated")
		if _, err := w.Credentials.RequestAddress(ctx, "x@example.com"); fault.ReasonOf(err) != "unauthenticated" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(ada, secret)
	elsewhere := w.login(ada, secret)
	mine := w.login(ada, secret)
	ctx := w.as(mine.Access)
	_, err := w.Credentials.ChangePassword(ctx, credential.PasswordChange{Current: another, Password: another, Confirm: another})
	wants(t, err, fault.InvalidArgument, "validation_failed")
	w.clock.pass(11 * time.Minute)
	_, err = w.Credentials.ChangePassword(ctx, credential.PasswordChange{Current: secret, Password: another, Confirm: another})
	wants(t, err, fault.PermissionDenied, "step_up_required")
	if _, err := w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByPassword, Password: secret}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Credentials.ChangePassword(ctx, credential.PasswordChange{Current: secret, Password: another, Confirm: another}); err != nil {
		t.Fatal(err)
	}
	_, err = w.Sessions.Refresh(context.Background(), elsewhere.Refresh)
	wants(t, err, fault.Unauthenticated, "refresh_token_invalid")
	if _, err := w.Sessions.Refresh(context.Background(), mine.Refresh); err != nil {
		t.Error(err)
	}
	w.login(ada, another)
	told := w.emitted()
	if _, ok := told[len(told)-1].(*usersevents.PasswordChanged); !ok {
		t.Errorf("told %v", told[len(told)-1])
	}
}

func TestChangeAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.signUp(ada, secret)
	w.signUp("bob@example.com", secret)
	ctx := w.as(w.login(ada, secret).Access)
	old := w.proof(ctx, ada)
	ask := func(email string) code.Proof {
		t.Helper()
		w.clock.pass(time.Second)
		before := len(w.emitted())
		request, err := w.Credentials.RequestAddress(ctx, email)
		if err != nil {
			t.Fatal(err)
		}
		letter := issued(t, w.emitted()[before:])
		if letter.GetEmail() != email || letter.GetPurpose() != usersevents.Purpose_PURPOSE_CHANGE_ADDRESS {
			t.Errorf("letter %v", letter)
		}
		return code.Proof{Request: request, Code: letter.GetCode()}
	}
	p := ask("New@Example.com")
	_, err := w.Credentials.ChangeAddress(w.as(w.login("bob@example.com", secret).Access), p)
	wants(t, err, fault.InvalidArgument, "code_invalid")
	p = ask("New@Example.com")
	got, err := w.Credentials.ChangeAddress(ctx, p)
	if err != nil || got.ID != user.ID || got.Email != "New@Example.com" || got.Version != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	told := w.emitted()
	notice, ok := told[len(told)-1].(*usersevents.EmailChanged)
	if !ok || notice.GetOldEmail() != ada || notice.GetEmail() != "New@Example.com" {
		t.Errorf("told %v", told[len(told)-1])
	}
	refusesCode(t, w, old)
	w.login("new@example.com", secret)
	w.signUp(ada, another) // the old address is free
}

func TestChangeAddressToAnothers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(ada, secret)
	w.signUp("bob@example.com", secret)
	ctx := w.as(w.login(ada, secret).Access)
	before := len(w.emitted())
	request, err := w.Credentials.RequestAddress(ctx, "BOB@example.com")
	if err != nil {
		t.Fatal(err)
	}
	told := w.emitted()[before:]
	if e, ok := told[0].(*usersevents.AlreadyRegistered); !ok || e.GetEmail() != "bob@example.com" || len(told) != 1 {
		t.Errorf("told %v", told)
	}
	_, err = w.Credentials.ChangeAddress(ctx, code.Proof{Request: request, Code: "123456"})
	wants(t, err, fault.InvalidArgument, "code_invalid")
	w.clock.pass(11 * time.Minute)
	_, err = w.Credentials.RequestAddress(ctx, "new@example.com")
	wants(t, err, fault.PermissionDenied, "step_up_required")
}
