package credential_test

import (
	"context"
	"testing"

	"app/modules/users/internal/signin"
	"app/modules/users/internal/userstest"
	"app/modules/users/usersevents"
	"app/platform/fault"
)

func TestResetPassword(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	user := w.SignUp(userstest.Ada, userstest.Secret)
	in := w.Login(userstest.Ada, userstest.Secret)
	waiting := w.Proof(context.Background(), userstest.Ada)
	if err := w.Credentials.ResetPassword(context.Background(), w.Reset(userstest.Ada, userstest.Another)); err != nil {
		t.Fatal(err)
	}
	_, err := w.Sessions.Refresh(context.Background(), in.Refresh)
	userstest.Wants(t, err, fault.Unauthenticated, "refresh_token_invalid")
	_, err = w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: userstest.Ada, Password: userstest.Secret})
	userstest.Wants(t, err, fault.Unauthenticated, "invalid_credentials")
	userstest.RefusesCode(t, w, waiting)
	w.Login(userstest.Ada, userstest.Another)
	told := w.Emitted()
	notice, ok := told[len(told)-1].(*usersevents.PasswordChanged)
	if !ok || notice.GetUserId() != user.ID || notice.GetEmail() != userstest.Ada {
		t.Errorf("told %v", told[len(told)-1])
	}
}

func TestResetPasswordRefusals(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp("lovelace@example.com", userstest.Secret)
	in := w.Reset("lovelace@example.com", userstest.Another)
	for name, tc := range map[string]struct{ password, confirm, pointer string }{
		"Weak":       {"short", "short", "/password"},
		"Mismatch":   {userstest.Another, userstest.Secret, "/confirm_password"},
		"OwnAddress": {"Lovelace-1", "Lovelace-1", "/password"},
	} {
		bad := in
		bad.Password, bad.Confirm = tc.password, tc.confirm
		err := w.Credentials.ResetPassword(context.Background(), bad)
		userstest.Wants(t, err, fault.InvalidArgument, "validation_failed")
		if got := userstest.Pointers(err); len(got) != 1 || got[0] != tc.pointer {
			t.Errorf("%s: %v", name, got)
		}
	}
	if n := w.Count(`SELECT tries FROM users_requests`); n != 0 {
		t.Errorf("%d tries counted", n)
	}
	if err := w.Credentials.ResetPassword(context.Background(), in); err != nil {
		t.Error(err)
	}
	userstest.Wants(t, w.Credentials.ResetPassword(context.Background(), in), fault.InvalidArgument, "code_invalid")
}

// Of resets at once with one code, one sets its password.
func TestFailure24_ResetOnceEvenTwiceAtOnce(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		w.SignUp(userstest.Ada, userstest.Secret)
		in := w.Reset(userstest.Ada, userstest.Another)
		good := 0
		for _, err := range userstest.Together(6, func(int) error { return w.Credentials.ResetPassword(context.Background(), in) }) {
			if err == nil {
				good++
			}
		}
		if good != 1 {
			t.Errorf("%d succeeded", good)
		}
	})
}
