package signin_test

import (
	"context"
	"testing"
	"time"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/userstest"
	"app/platform/fault"
	"app/platform/identity"
)

func TestStepUp(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	ctx := w.As(w.Login(userstest.Ada, userstest.Secret).Access)
	w.Clock.Pass(10*time.Minute + time.Second)
	_, err := w.Factors.EnrolTOTP(ctx)
	userstest.Wants(t, err, fault.PermissionDenied, "step_up_required")
	_, err = w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByPassword, Password: userstest.Another})
	userstest.Wants(t, err, fault.Unauthenticated, "invalid_credentials")
	_, err = w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByCode, Proof: userstest.Wrong(w.Proof(ctx, userstest.Ada))})
	userstest.Wants(t, err, fault.InvalidArgument, "code_invalid")
	_, err = w.Factors.EnrolTOTP(ctx)
	userstest.Wants(t, err, fault.PermissionDenied, "step_up_required")
	if _, err := w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByCode, Proof: w.Proof(ctx, userstest.Ada)}); err != nil {
		t.Fatal(err)
	}
	w.Clock.Pass(11 * time.Minute)
	if _, err := w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByPassword, Password: userstest.Secret}); err != nil {
		t.Fatal(err)
	}
	g, _ := w.Enrol(ctx)
	w.Clock.Pass(11 * time.Minute)
	for _, in := range []signin.StepUpProof{{Method: authn.ByPassword, Password: userstest.Secret}, {Method: authn.ByCode, Proof: w.Proof(ctx, userstest.Ada)}} {
		_, err := w.SignIns.StepUp(ctx, in)
		userstest.Wants(t, err, fault.PermissionDenied, "factor_required")
	}
	userstest.Wants(t, w.Factors.RemoveTOTP(ctx), fault.PermissionDenied, "step_up_required")
	if _, err := w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByTOTP, Proof: code.Proof{Code: g.Next().Code}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Factors.RemoveTOTP(ctx); err != nil {
		t.Error(err)
	}
}

// A code of somebody else's does not prove who the caller is.
func TestStepUpWithAnothersCode(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	w.SignUp("bob@example.com", userstest.Secret)
	ctx := w.As(w.Login(userstest.Ada, userstest.Secret).Access)
	_, err := w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByCode, Proof: w.Proof(ctx, "bob@example.com")})
	userstest.Wants(t, err, fault.InvalidArgument, "code_invalid")
}

func TestStepUpNeedsASession(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	user := w.SignUp(userstest.Ada, userstest.Secret)
	for name, p := range map[string]identity.Principal{
		"Nobody": {}, "Key": {UserID: user.ID, Merchant: "mrc_1", Method: identity.APIKey}, "Another's": {UserID: user.ID, SessionID: "ses_1"},
	} {
		ctx := identity.NewContext(context.Background(), p)
		_, err := w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByPassword, Password: userstest.Secret})
		userstest.Wants(t, err, fault.Unauthenticated, "unauthenticated")
		if _, err := w.Credentials.RequestAddress(ctx, "x@example.com"); fault.ReasonOf(err) != "unauthenticated" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
