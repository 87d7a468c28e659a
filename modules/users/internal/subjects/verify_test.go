package subjects_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"app/modules/users/internal/account"
	"app/modules/users/internal/registration"
	"app/modules/users/internal/signin"
	"app/modules/users/usersevents"
	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/ids"
)

func refuses(t *testing.T, w *world, in registration.Proof) {
	t.Helper()
	user, err := w.Registrations.Verify(context.Background(), in)
	wants(t, err, fault.InvalidArgument, "code_invalid")
	if diff := cmp.Diff([]string{"/code"}, pointers(err)); diff != "" || user != (account.User{}) {
		t.Errorf("%+v, -want +got\n%s", user, diff)
	}
}

// other is a code that is not the given one.
func other(code string) string {
	if code == "111111" {
		return "222222"
	}
	return "111111"
}

func TestVerify(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := newForm(ada, secret)
	in.MiddleName = "King"
	_, told := w.register(in)
	code := told[0].(*usersevents.CodeIssued).Code //nolint:errcheck // a test may panic
	got, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: "ada@EXAMPLE.com ", Code: code, Password: secret})
	if err != nil {
		t.Fatal(err)
	}
	want := account.User{ID: got.ID, Email: ada, FirstName: "Ada", MiddleName: "King", LastName: "Lovelace", Version: 1, CreatedAt: w.clock.Now()}
	if diff := cmp.Diff(want, got); diff != "" || !ids.Valid("usr", got.ID) {
		t.Errorf("-want +got\n%s", diff)
	}
	registered := &usersevents.Registered{UserId: got.ID, Email: ada, FirstName: "Ada"}
	if diff := cmp.Diff(registered, w.emitted()[1], protocmp.Transform()); diff != "" || len(w.emitted()) != 2 {
		t.Errorf("-want +got\n%s", diff)
	}
	if n := w.count(`SELECT COUNT(*) FROM users_codes WHERE password_hash <> ''`); n != 0 {
		t.Error("the spent code keeps the password's hash")
	}
}

func TestFailure24_Codes(t *testing.T) {
	t.Parallel()
	t.Run("OnceEvenTwiceAtOnce", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, w *world) {
			code := w.code(ada, secret)
			succeeded := 0
			for _, err := range together(8, func(int) error {
				_, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: ada, Code: code, Password: secret})
				return err
			}) {
				if err == nil {
					succeeded++
				} else {
					wants(t, err, fault.InvalidArgument, "code_invalid")
				}
			}
			if n := len(w.emitted()); succeeded != 1 || n != 2 {
				t.Errorf("%d succeeded, %d events", succeeded, n)
			}
			refuses(t, w, registration.Proof{Email: ada, Code: code, Password: secret})
		})
	})
	t.Run("FiveTries", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		code := w.code(ada, secret)
		for range 5 {
			refuses(t, w, registration.Proof{Email: ada, Code: other(code), Password: secret})
		}
		refuses(t, w, registration.Proof{Email: ada, Code: code, Password: secret})
	})
	t.Run("FiveTriesEvenAtOnce", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, w *world) {
			code := w.code(ada, secret)
			together(20, func(int) error {
				_, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: ada, Code: other(code), Password: secret})
				return err
			})
			if n := w.count(`SELECT tries FROM users_codes`); n != 5 {
				t.Errorf("%d tries counted", n)
			}
			refuses(t, w, registration.Proof{Email: ada, Code: code, Password: secret})
		})
	})
	t.Run("FifthTryMaySucceed", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		code := w.code(ada, secret)
		for range 4 {
			refuses(t, w, registration.Proof{Email: ada, Code: other(code), Password: secret})
		}
		if _, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: ada, Code: code, Password: secret}); err != nil {
			t.Error(err)
		}
	})
	t.Run("MalformedCodesCostNoTry", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		code := w.code(ada, secret)
		for _, malformed := range []string{"", "1", "12345", "1234567", "12345x", "１２３４５６", code + " ", "-12345"} {
			refuses(t, w, registration.Proof{Email: ada, Code: malformed, Password: secret})
		}
		if _, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: ada, Code: code, Password: secret}); err != nil {
			t.Error(err)
		}
	})
	t.Run("TenMinutes", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		code := w.code(ada, secret)
		w.clock.pass(10 * time.Minute)
		refuses(t, w, registration.Proof{Email: ada, Code: code, Password: secret})
		w.clock.pass(-time.Microsecond)
		if _, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: ada, Code: code, Password: secret}); err != nil {
			t.Error(err)
		}
	})
	t.Run("VoidedByNewer", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		older := w.code(ada, secret)
		newer := w.code(ada, secret)
		for older == newer { // one in a million
			newer = w.code(ada, secret)
		}
		refuses(t, w, registration.Proof{Email: ada, Code: older, Password: secret})
		if _, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: ada, Code: newer, Password: secret}); err != nil {
			t.Error(err)
		}
	})
	t.Run("OfAnotherAddress", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		code := w.code(ada, secret)
		refuses(t, w, registration.Proof{Email: "other@example.com", Code: code, Password: secret})
		refuses(t, w, registration.Proof{Email: "", Code: code, Password: secret})
	})
	t.Run("SameAnswerForKnownAddresses", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.signUp(ada, secret)
		w.register(newForm(ada, secret))
		refuses(t, w, registration.Proof{Email: ada, Code: "123456", Password: secret})
		refuses(t, w, registration.Proof{Email: "unknown@example.com", Code: "123456", Password: secret})
	})
}

// Somebody who registers a stranger's address must not end up in the account that its
// owner makes.
func TestFailure26_PreHijack(t *testing.T) {
	t.Parallel()
	const attackers = "Attackers-Horse-6"
	wantOwners := func(t *testing.T, w *world) {
		t.Helper()
		w.login(ada, secret)
		_, err := w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: ada, Password: attackers})
		wants(t, err, fault.Unauthenticated, "invalid_credentials")
	}
	t.Run("AttackerFirst", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		mallory := newForm(ada, attackers)
		mallory.FirstName = "Mallory"
		w.register(mallory)
		user := w.signUp(ada, secret)
		if user.FirstName != "Ada" {
			t.Errorf("got %+v", user)
		}
		wantOwners(t, w)
	})
	t.Run("AttackerLastDoesNotReviveTheOwnersCode", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		owners := w.code(ada, secret)
		if w.code(ada, attackers) == owners {
			t.Skip("one in a million: the codes are the same")
		}
		refuses(t, w, registration.Proof{Email: ada, Code: owners, Password: secret})
	})
	t.Run("AttackerLastCannotBeVerifiedByMistake", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		mine, _ := w.register(newForm(ada, secret))
		theirs, told := w.register(newForm(ada, attackers))
		code := told[0].(*usersevents.CodeIssued).Code //nolint:errcheck // a test may panic
		refuses(t, w, registration.Proof{Email: ada, Code: code, Registration: mine})
		if mine == theirs || w.count(`SELECT COUNT(*) FROM users_accounts`) != 0 {
			t.Error("the attacker's registration was verified")
		}
		mine, told = w.register(newForm(ada, secret))
		code = told[0].(*usersevents.CodeIssued).Code //nolint:errcheck // a test may panic
		if _, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: ada, Code: code, Registration: mine}); err != nil {
			t.Fatal(err)
		}
		wantOwners(t, w)
	})
	t.Run("AttackerAfterwards", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.signUp(ada, secret)
		w.register(newForm(ada, attackers))
		wantOwners(t, w)
	})
}

func TestVerifyRepeatedWithItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := callctx.WithIdempotency(context.Background(), callctx.Idempotency{Key: "k", At: moment})
	proof := registration.Proof{Email: ada, Code: w.code(ada, secret), Password: secret}
	first, err := w.Registrations.Verify(ctx, proof)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.Registrations.Verify(ctx, proof)
	if err != nil || first != again || len(w.emitted()) != 2 {
		t.Errorf("%+v then %+v, %v", first, again, err)
	}
}

func TestVerifyLeavesAnAccountThatCameToBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.code(ada, secret)
	made, err := w.Admins.MakeAdmin(context.Background(), ada, "Operators-Horse-5")
	if err != nil {
		t.Fatal(err)
	}
	user, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: ada, Code: code, Password: secret})
	if err != nil || user.ID != made.User.ID {
		t.Errorf("%+v, %v", user, err)
	}
	w.login(ada, "Operators-Horse-5")
}
