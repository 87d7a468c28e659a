package registration_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"app/modules/users/internal/account"
	"app/modules/users/internal/registration"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/userstest"
	"app/modules/users/usersevents"
	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/ids"
)

func refuses(t *testing.T, w *userstest.World, in registration.Proof) {
	t.Helper()
	user, err := w.Registrations.Verify(context.Background(), in)
	userstest.Wants(t, err, fault.InvalidArgument, "code_invalid")
	if diff := cmp.Diff([]string{"/code"}, userstest.Pointers(err)); diff != "" || user != (account.User{}) {
		t.Errorf("%+v, -want +got\n%s", user, diff)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	in := userstest.NewForm(userstest.Ada, userstest.Secret)
	in.MiddleName = "King"
	_, told := w.Register(in)
	code := told[0].(*usersevents.CodeIssued).Code //nolint:errcheck // a test may panic
	got, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: "ada@EXAMPLE.com ", Code: code, Password: userstest.Secret})
	if err != nil {
		t.Fatal(err)
	}
	want := account.User{ID: got.ID, Email: userstest.Ada, FirstName: "Ada", MiddleName: "King", LastName: "Lovelace", Version: 1, CreatedAt: w.Clock.Now()}
	if diff := cmp.Diff(want, got); diff != "" || !ids.Valid("usr", got.ID) {
		t.Errorf("-want +got\n%s", diff)
	}
	registered := &usersevents.Registered{UserId: got.ID, Email: userstest.Ada, FirstName: "Ada"}
	if diff := cmp.Diff(registered, w.Emitted()[1], protocmp.Transform()); diff != "" || len(w.Emitted()) != 2 {
		t.Errorf("-want +got\n%s", diff)
	}
	if n := w.Count(`SELECT COUNT(*) FROM users_codes WHERE password_hash <> ''`); n != 0 {
		t.Error("the spent code keeps the password's hash")
	}
}

func TestFailure24_Codes(t *testing.T) {
	t.Parallel()
	t.Run("OnceEvenTwiceAtOnce", func(t *testing.T) {
		t.Parallel()
		userstest.Each(t, func(t *testing.T, w *userstest.World) {
			code := w.Code(userstest.Ada, userstest.Secret)
			succeeded := 0
			for _, err := range userstest.Together(8, func(int) error {
				_, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: userstest.Ada, Code: code, Password: userstest.Secret})
				return err
			}) {
				if err == nil {
					succeeded++
				} else {
					userstest.Wants(t, err, fault.InvalidArgument, "code_invalid")
				}
			}
			if n := len(w.Emitted()); succeeded != 1 || n != 2 {
				t.Errorf("%d succeeded, %d events", succeeded, n)
			}
			refuses(t, w, registration.Proof{Email: userstest.Ada, Code: code, Password: userstest.Secret})
		})
	})
	t.Run("FiveTries", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		code := w.Code(userstest.Ada, userstest.Secret)
		for range 5 {
			refuses(t, w, registration.Proof{Email: userstest.Ada, Code: userstest.Other(code), Password: userstest.Secret})
		}
		refuses(t, w, registration.Proof{Email: userstest.Ada, Code: code, Password: userstest.Secret})
	})
	t.Run("FiveTriesEvenAtOnce", func(t *testing.T) {
		t.Parallel()
		userstest.Each(t, func(t *testing.T, w *userstest.World) {
			code := w.Code(userstest.Ada, userstest.Secret)
			userstest.Together(20, func(int) error {
				_, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: userstest.Ada, Code: userstest.Other(code), Password: userstest.Secret})
				return err
			})
			if n := w.Count(`SELECT tries FROM users_codes`); n != 5 {
				t.Errorf("%d tries counted", n)
			}
			refuses(t, w, registration.Proof{Email: userstest.Ada, Code: code, Password: userstest.Secret})
		})
	})
	t.Run("FifthTryMaySucceed", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		code := w.Code(userstest.Ada, userstest.Secret)
		for range 4 {
			refuses(t, w, registration.Proof{Email: userstest.Ada, Code: userstest.Other(code), Password: userstest.Secret})
		}
		if _, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: userstest.Ada, Code: code, Password: userstest.Secret}); err != nil {
			t.Error(err)
		}
	})
	t.Run("MalformedCodesCostNoTry", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		code := w.Code(userstest.Ada, userstest.Secret)
		for _, malformed := range []string{"", "1", "12345", "1234567", "12345x", "１２３４５６", code + " ", "-12345"} {
			refuses(t, w, registration.Proof{Email: userstest.Ada, Code: malformed, Password: userstest.Secret})
		}
		if _, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: userstest.Ada, Code: code, Password: userstest.Secret}); err != nil {
			t.Error(err)
		}
	})
	t.Run("TenMinutes", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		code := w.Code(userstest.Ada, userstest.Secret)
		w.Clock.Pass(10 * time.Minute)
		refuses(t, w, registration.Proof{Email: userstest.Ada, Code: code, Password: userstest.Secret})
		w.Clock.Pass(-time.Microsecond)
		if _, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: userstest.Ada, Code: code, Password: userstest.Secret}); err != nil {
			t.Error(err)
		}
	})
	t.Run("VoidedByNewer", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		older := w.Code(userstest.Ada, userstest.Secret)
		newer := w.Code(userstest.Ada, userstest.Secret)
		for older == newer { // one in a million
			newer = w.Code(userstest.Ada, userstest.Secret)
		}
		refuses(t, w, registration.Proof{Email: userstest.Ada, Code: older, Password: userstest.Secret})
		if _, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: userstest.Ada, Code: newer, Password: userstest.Secret}); err != nil {
			t.Error(err)
		}
	})
	t.Run("OfAnotherAddress", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		code := w.Code(userstest.Ada, userstest.Secret)
		refuses(t, w, registration.Proof{Email: "other@example.com", Code: code, Password: userstest.Secret})
		refuses(t, w, registration.Proof{Email: "", Code: code, Password: userstest.Secret})
	})
	t.Run("SameAnswerForKnownAddresses", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		w.SignUp(userstest.Ada, userstest.Secret)
		w.Register(userstest.NewForm(userstest.Ada, userstest.Secret))
		refuses(t, w, registration.Proof{Email: userstest.Ada, Code: "123456", Password: userstest.Secret})
		refuses(t, w, registration.Proof{Email: "unknown@example.com", Code: "123456", Password: userstest.Secret})
	})
}

// Somebody who registers a stranger's address must not end up in the account that its
// owner makes.
func TestFailure26_PreHijack(t *testing.T) {
	t.Parallel()
	const attackers = "Attackers-Horse-6"
	wantOwners := func(t *testing.T, w *userstest.World) {
		t.Helper()
		w.Login(userstest.Ada, userstest.Secret)
		_, err := w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: userstest.Ada, Password: attackers})
		userstest.Wants(t, err, fault.Unauthenticated, "invalid_credentials")
	}
	t.Run("AttackerFirst", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		mallory := userstest.NewForm(userstest.Ada, attackers)
		mallory.FirstName = "Mallory"
		w.Register(mallory)
		user := w.SignUp(userstest.Ada, userstest.Secret)
		if user.FirstName != "Ada" {
			t.Errorf("got %+v", user)
		}
		wantOwners(t, w)
	})
	t.Run("AttackerLastDoesNotReviveTheOwnersCode", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		owners := w.Code(userstest.Ada, userstest.Secret)
		if w.Code(userstest.Ada, attackers) == owners {
			t.Skip("one in a million: the codes are the same")
		}
		refuses(t, w, registration.Proof{Email: userstest.Ada, Code: owners, Password: userstest.Secret})
	})
	t.Run("AttackerLastCannotBeVerifiedByMistake", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		mine, _ := w.Register(userstest.NewForm(userstest.Ada, userstest.Secret))
		theirs, told := w.Register(userstest.NewForm(userstest.Ada, attackers))
		code := told[0].(*usersevents.CodeIssued).Code //nolint:errcheck // a test may panic
		refuses(t, w, registration.Proof{Email: userstest.Ada, Code: code, Registration: mine})
		if mine == theirs || w.Count(`SELECT COUNT(*) FROM users_accounts`) != 0 {
			t.Error("the attacker's registration was verified")
		}
		mine, told = w.Register(userstest.NewForm(userstest.Ada, userstest.Secret))
		code = told[0].(*usersevents.CodeIssued).Code //nolint:errcheck // a test may panic
		if _, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: userstest.Ada, Code: code, Registration: mine}); err != nil {
			t.Fatal(err)
		}
		wantOwners(t, w)
	})
	t.Run("AttackerAfterwards", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		w.SignUp(userstest.Ada, userstest.Secret)
		w.Register(userstest.NewForm(userstest.Ada, attackers))
		wantOwners(t, w)
	})
}

func TestVerifyRepeatedWithItsKey(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	ctx := callctx.WithIdempotency(context.Background(), callctx.Idempotency{Key: "k", At: userstest.Moment})
	proof := registration.Proof{Email: userstest.Ada, Code: w.Code(userstest.Ada, userstest.Secret), Password: userstest.Secret}
	first, err := w.Registrations.Verify(ctx, proof)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.Registrations.Verify(ctx, proof)
	if err != nil || first != again || len(w.Emitted()) != 2 {
		t.Errorf("%+v then %+v, %v", first, again, err)
	}
}

func TestVerifyLeavesAnAccountThatCameToBe(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	code := w.Code(userstest.Ada, userstest.Secret)
	made, err := w.Admins.MakeAdmin(context.Background(), userstest.Ada, "Operators-Horse-5")
	if err != nil {
		t.Fatal(err)
	}
	user, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: userstest.Ada, Code: code, Password: userstest.Secret})
	if err != nil || user.ID != made.User.ID {
		t.Errorf("%+v, %v", user, err)
	}
	w.Login(userstest.Ada, "Operators-Horse-5")
}
