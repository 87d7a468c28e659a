package credential_test

import (
	"context"
	"testing"
	"time"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/userstest"
	"app/modules/users/usersevents"
	"app/platform/fault"
)

func TestChangePassword(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	elsewhere := w.Login(userstest.Ada, userstest.Secret)
	mine := w.Login(userstest.Ada, userstest.Secret)
	ctx := w.As(mine.Access)
	_, err := w.Credentials.ChangePassword(ctx, credential.PasswordChange{Current: userstest.Another, Password: userstest.Another, Confirm: userstest.Another})
	userstest.Wants(t, err, fault.InvalidArgument, "validation_failed")
	w.Clock.Pass(11 * time.Minute)
	_, err = w.Credentials.ChangePassword(ctx, credential.PasswordChange{Current: userstest.Secret, Password: userstest.Another, Confirm: userstest.Another})
	userstest.Wants(t, err, fault.PermissionDenied, "step_up_required")
	if _, err := w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByPassword, Password: userstest.Secret}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Credentials.ChangePassword(ctx, credential.PasswordChange{Current: userstest.Secret, Password: userstest.Another, Confirm: userstest.Another}); err != nil {
		t.Fatal(err)
	}
	_, err = w.Sessions.Refresh(context.Background(), elsewhere.Refresh)
	userstest.Wants(t, err, fault.Unauthenticated, "refresh_token_invalid")
	if _, err := w.Sessions.Refresh(context.Background(), mine.Refresh); err != nil {
		t.Error(err)
	}
	w.Login(userstest.Ada, userstest.Another)
	told := w.Emitted()
	if _, ok := told[len(told)-1].(*usersevents.PasswordChanged); !ok {
		t.Errorf("told %v", told[len(told)-1])
	}
}

func TestChangeAddress(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	user := w.SignUp(userstest.Ada, userstest.Secret)
	w.SignUp("bob@example.com", userstest.Secret)
	ctx := w.As(w.Login(userstest.Ada, userstest.Secret).Access)
	old := w.Proof(ctx, userstest.Ada)
	ask := func(email string) code.Proof {
		t.Helper()
		w.Clock.Pass(time.Second)
		before := len(w.Emitted())
		request, err := w.Credentials.RequestAddress(ctx, email)
		if err != nil {
			t.Fatal(err)
		}
		letter := userstest.Issued(t, w.Emitted()[before:])
		if letter.GetEmail() != email || letter.GetPurpose() != usersevents.Purpose_PURPOSE_CHANGE_ADDRESS {
			t.Errorf("e-mail %v", letter)
		}
		return code.Proof{Request: request, Code: letter.GetCode()}
	}
	p := ask("New@Example.com")
	_, err := w.Credentials.ChangeAddress(w.As(w.Login("bob@example.com", userstest.Secret).Access), p)
	userstest.Wants(t, err, fault.InvalidArgument, "code_invalid")
	p = ask("New@Example.com")
	got, err := w.Credentials.ChangeAddress(ctx, p)
	if err != nil || got.ID != user.ID || got.Email != "New@Example.com" || got.Version != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	told := w.Emitted()
	notice, ok := told[len(told)-1].(*usersevents.EmailChanged)
	if !ok || notice.GetOldEmail() != userstest.Ada || notice.GetEmail() != "New@Example.com" {
		t.Errorf("told %v", told[len(told)-1])
	}
	userstest.RefusesCode(t, w, old)
	w.Login("new@example.com", userstest.Secret)
	w.SignUp(userstest.Ada, userstest.Another) // the old address is free
}

func TestChangeAddressToAnothers(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	w.SignUp("bob@example.com", userstest.Secret)
	ctx := w.As(w.Login(userstest.Ada, userstest.Secret).Access)
	before := len(w.Emitted())
	request, err := w.Credentials.RequestAddress(ctx, "BOB@example.com")
	if err != nil {
		t.Fatal(err)
	}
	told := w.Emitted()[before:]
	if e, ok := told[0].(*usersevents.AlreadyRegistered); !ok || e.GetEmail() != "bob@example.com" || len(told) != 1 {
		t.Errorf("told %v", told)
	}
	_, err = w.Credentials.ChangeAddress(ctx, code.Proof{Request: request, Code: "123456"})
	userstest.Wants(t, err, fault.InvalidArgument, "code_invalid")
	w.Clock.Pass(11 * time.Minute)
	_, err = w.Credentials.RequestAddress(ctx, "new@example.com")
	userstest.Wants(t, err, fault.PermissionDenied, "step_up_required")
}
