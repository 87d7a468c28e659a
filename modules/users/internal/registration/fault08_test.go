package registration_test

import (
	"context"
	"testing"

	"app/modules/users/internal/registration"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/userstest"
	"app/platform/fault"
)

// The code of an e-mail makes no account without a sign of who has registered: the
// owner who enters the code of a stranger's registration would get an account with the
// stranger's password.
func TestFault08_ACodeAloneMakesNoAccount(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		theirs := w.ProofOf(userstest.Ada, userstest.Attackers)
		_, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: userstest.Ada, Code: theirs.Code})
		userstest.Wants(t, err, fault.InvalidArgument, "validation_failed")
		for _, in := range []registration.Proof{
			{Email: userstest.Ada, Code: theirs.Code, Password: userstest.Secret},
			{Email: userstest.Ada, Code: theirs.Code, Password: userstest.Secret, Registration: theirs.Registration},
			{Email: "bob@example.com", Code: theirs.Code, Registration: theirs.Registration},
			{Email: userstest.Ada, Code: theirs.Code, Registration: "cod_01kan4v6e8fx2s1gq0vj5t3x7c"},
			{Email: userstest.Ada, Code: theirs.Code, Registration: "x"},
		} {
			refuses(t, w, in)
		}
		if n := w.Count(`SELECT COUNT(*) FROM users_accounts`); n != 0 {
			t.Fatalf("%d accounts", n)
		}
		if n := w.Count(`SELECT SUM(tries) FROM users_codes`); n != 0 {
			t.Errorf("whoever does not know the registration used up %d tries of it", n)
		}
		mine := w.ProofOf(userstest.Ada, userstest.Secret)
		if _, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: userstest.Ada, Code: mine.Code, Password: userstest.Secret}); err != nil {
			t.Fatal(err)
		}
		w.Login(userstest.Ada, userstest.Secret)
		_, err = w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: userstest.Ada, Password: userstest.Attackers})
		userstest.Wants(t, err, fault.Unauthenticated, "invalid_credentials")
	})
}

// One password that is shown costs one hash, whether the address has a registration, an
// account or nothing.
func TestFault08_VerifyIsTheSameForEveryAddress(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	w.Register(userstest.NewForm("pending@example.com", userstest.Secret))
	for _, email := range []string{userstest.Ada, "pending@example.com", "unknown@example.com"} {
		for _, password := range []string{userstest.Secret, userstest.Attackers} {
			before := w.Hasher.Operations()
			refuses(t, w, registration.Proof{Email: email, Code: "000000", Password: password})
			if n := w.Hasher.Operations() - before; n != 1 {
				t.Errorf("%s: %d hashes", email, n)
			}
		}
	}
}
