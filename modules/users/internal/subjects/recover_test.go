package subjects_test

import (
	"context"
	"testing"
	"time"

	"app/modules/users/internal/code"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/signin"
	"app/modules/users/usersevents"
	"app/platform/fault"
)

const another = "Another-Horse-8"

// reset asks for a reset and returns it with the code from the e-mail and a password.
func (w *world) reset(email, password string) credential.NewPassword {
	w.t.Helper()
	w.clock.pass(time.Second)
	before := len(w.emitted())
	request, err := w.Credentials.RequestReset(context.Background(), email)
	if err != nil {
		w.t.Fatal(err)
	}
	letter := issued(w.t, w.emitted()[before:])
	if letter.GetPurpose() != usersevents.Purpose_PURPOSE_RESET_PASSWORD {
		w.t.Errorf("letter %v", letter)
	}
	proof := code.Proof{Request: request, Code: letter.GetCode()}
	return credential.NewPassword{Proof: proof, Password: password, Confirm: password}
}

func TestResetPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.signUp(ada, secret)
	in := w.login(ada, secret)
	waiting := w.proof(context.Background(), ada)
	if err := w.Credentials.ResetPassword(context.Background(), w.reset(ada, another)); err != nil {
		t.Fatal(err)
	}
	_, err := w.Sessions.Refresh(context.Background(), in.Refresh)
	wants(t, err, fault.Unauthenticated, "refresh_token_invalid")
	_, err = w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: ada, Password: secret})
	wants(t, err, fault.Unauthenticated, "invalid_credentials")
	refusesCode(t, w, waiting)
	w.login(ada, another)
	told := w.emitted()
	notice, ok := told[len(told)-1].(*usersevents.PasswordChanged)
	if !ok || notice.GetUserId() != user.ID || notice.GetEmail() != ada {
		t.Errorf("told %v", told[len(told)-1])
	}
}

func TestResetPasswordRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp("lovelace@example.com", secret)
	in := w.reset("lovelace@example.com", another)
	for name, tc := range map[string]struct{ password, confirm, pointer string }{
		"Weak":       {"short", "short", "/password"},
		"Mismatch":   {another, secret, "/confirm_password"},
		"OwnAddress": {"Lovelace-1", "Lovelace-1", "/password"},
	} {
		bad := in
		bad.Password, bad.Confirm = tc.password, tc.confirm
		err := w.Credentials.ResetPassword(context.Background(), bad)
		wants(t, err, fault.InvalidArgument, "validation_failed")
		if got := pointers(err); len(got) != 1 || got[0] != tc.pointer {
			t.Errorf("%s: %v", name, got)
		}
	}
	if n := w.count(`SELECT tries FROM users_requests`); n != 0 {
		t.Errorf("%d tries counted", n)
	}
	if err := w.Credentials.ResetPassword(context.Background(), in); err != nil {
		t.Error(err)
	}
	wants(t, w.Credentials.ResetPassword(context.Background(), in), fault.InvalidArgument, "code_invalid")
}

// Of resets at once with one code, one sets its password.
func TestFailure24_ResetOnceEvenTwiceAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.signUp(ada, secret)
		in := w.reset(ada, another)
		good := 0
		for _, err := range together(6, func(int) error { return w.Credentials.ResetPassword(context.Background(), in) }) {
			if err == nil {
				good++
			}
		}
		if good != 1 {
			t.Errorf("%d succeeded", good)
		}
	})
}
