package subjects_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"golang.org/x/crypto/bcrypt"

	"app/modules/users/internal/account"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/registration"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/subjects"
	"app/modules/users/usersevents"
	"app/platform/fault"
)

const attackers = "Attackers-Horse-6"

// strict is users with the bounds on e-mails that are the default.
func (w *world) strict() *world {
	w.Set = w.with(func(o *subjects.Options) { o.Limits.LettersPerNetwork = 3 })
	return w
}

// lettersTo registers an address from a network and counts the e-mails that this
// causes; proof is for the last of them.
func (w *world) lettersTo(ctx context.Context, email, password string, n int) (letters int, proof registration.Proof) {
	w.t.Helper()
	for range n {
		w.clock.pass(time.Second)
		before := len(w.emitted())
		id, err := w.Registrations.Register(ctx, newForm(email, password))
		if err != nil {
			w.t.Fatal(err)
		}
		for _, m := range w.emitted()[before:] {
			letters++
			if e, ok := m.(*usersevents.CodeIssued); ok {
				proof = registration.Proof{Email: email, Code: e.GetCode(), Registration: id}
			}
		}
	}
	return letters, proof
}

// Whoever registers somebody else's address, from one network or from many of one
// provider, leaves its owner e-mails, and the code in them good.
func TestFault08_StrangersLeaveTheOwnerLetters(t *testing.T) {
	t.Parallel()
	for name, strangers := range map[string]func(i int) string{
		"OneNetwork":     func(int) string { return elsewhere },
		"NoNetwork":      func(int) string { return "" },
		"OneProvider":    func(i int) string { return fmt.Sprintf("198.51.%d.0/24", i) },
		"OneProviderIP6": func(i int) string { return fmt.Sprintf("2001:db8:%x::/48", i+1) },
		"NineProviders":  func(i int) string { return fmt.Sprintf("10.%d.%d.0/24", i%9, i/9) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				w.strict()
				letters := 0
				for i := range 60 {
					n, _ := w.lettersTo(from(strangers(i)), ada, attackers, 1)
					letters += n
				}
				if letters == 0 || letters > limits().LettersPerHour {
					t.Errorf("%d letters to strangers", letters)
				}
				n, mine := w.lettersTo(from(hereabouts), ada, secret, 1)
				if n != 1 {
					t.Fatalf("%d letters to the owner", n)
				}
				w.lettersTo(from(strangers(60)), ada, attackers, 10)
				if _, err := w.Registrations.Verify(from(hereabouts), mine); err != nil {
					t.Errorf("the owner's code: %v", err)
				}
				w.login(ada, secret)
			})
		})
	}
}

// A network where customers are has a share of its own: whoever has networks of many
// providers does not use it up.
func TestFault08_NetworksOfCustomersHaveAShare(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.strict()
		w.signUp("bob@example.com", secret)
		if _, err := w.SignIns.SignInWithPassword(from(hereabouts), signin.Credentials{Email: "bob@example.com", Password: secret}); err != nil {
			t.Fatal(err)
		}
		letters := 0
		for i := range 240 {
			n, _ := w.lettersTo(from(fmt.Sprintf("%d.1.0.0/24", i+1)), ada, attackers, 1)
			letters += n
		}
		if letters > 2*limits().LettersPerHour {
			t.Errorf("%d letters to strangers", letters)
		}
		if n, _ := w.lettersTo(from(hereabouts), ada, secret, 1); n != 1 {
			t.Errorf("%d letters to the owner", n)
		}
	})
}

// The same holds for codes to sign in with and to set a password, where the account
// knows nothing of the owner's network.
func TestFault08_StrangersLeaveTheOwnerCodes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.strict()
		w.signUp(ada, secret)
		letters := 0
		for range 20 {
			_, told := w.ask(from(elsewhere), ada)
			letters += len(told)
		}
		if letters != 3 {
			t.Errorf("%d letters to one network", letters)
		}
		mine := w.proof(from(hereabouts), ada)
		w.ask(from("192.0.2.0/24"), ada)
		if _, err := w.SignIns.SignInWithCode(from(hereabouts), mine, authn.Bearer); err != nil {
			t.Errorf("the owner's code: %v", err)
		}
	})
}

// Whoever asks for a new address of their own gets no more e-mails sent to it than
// strangers do, whatever network they are at home in.
func TestFault08_NewAddressesAreStrangers(t *testing.T) {
	t.Parallel()
	w := newWorld(t).strict()
	w.signUp("mallory@example.com", secret)
	in, err := w.SignIns.SignInWithPassword(from(elsewhere), signin.Credentials{Email: "mallory@example.com", Password: secret})
	if err != nil {
		t.Fatal(err)
	}
	before := len(w.emitted())
	for range 10 {
		if _, err := w.Credentials.RequestAddress(w.asFrom(in.Tokens.Access, elsewhere), ada); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(w.emitted()) - before; n != 3 {
		t.Errorf("%d letters", n)
	}
}

// Requests at the same moment get no more e-mails than one after the other.
func TestFault08_LettersAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.strict()
		replica := w.with(func(o *subjects.Options) { o.Limits.LettersPerNetwork = 3 })
		both := []*subjects.Set{w.Set, replica}
		for _, err := range together(16, func(i int) error {
			_, err := both[i%2].Registrations.Register(from(elsewhere), newForm(ada, attackers))
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		for _, err := range together(16, func(i int) error {
			_, err := both[i%2].SignIns.RequestCode(from(elsewhere), ada)
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		if codes, asked := w.count(`SELECT COUNT(*) FROM users_codes`), w.count(`SELECT COUNT(*) FROM users_requests`); codes != 3 || asked != 3 || len(w.emitted()) != 6 {
			t.Errorf("%d registrations, %d requests, %d letters", codes, asked, len(w.emitted()))
		}
	})
}

// The code of an e-mail makes no account without a sign of who has registered: the
// owner who enters the code of a stranger's registration would get an account with the
// stranger's password.
func TestFault08_ACodeAloneMakesNoAccount(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		theirs := w.proofOf(ada, attackers)
		_, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: ada, Code: theirs.Code})
		wants(t, err, fault.InvalidArgument, "validation_failed")
		for _, in := range []registration.Proof{
			{Email: ada, Code: theirs.Code, Password: secret},
			{Email: ada, Code: theirs.Code, Password: secret, Registration: theirs.Registration},
			{Email: "bob@example.com", Code: theirs.Code, Registration: theirs.Registration},
			{Email: ada, Code: theirs.Code, Registration: "cod_01kan4v6e8fx2s1gq0vj5t3x7c"},
			{Email: ada, Code: theirs.Code, Registration: "x"},
		} {
			refuses(t, w, in)
		}
		if n := w.count(`SELECT COUNT(*) FROM users_accounts`); n != 0 {
			t.Fatalf("%d accounts", n)
		}
		if n := w.count(`SELECT SUM(tries) FROM users_codes`); n != 0 {
			t.Errorf("whoever does not know the registration used up %d tries of it", n)
		}
		mine := w.proofOf(ada, secret)
		if _, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: ada, Code: mine.Code, Password: secret}); err != nil {
			t.Fatal(err)
		}
		w.login(ada, secret)
		_, err = w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: ada, Password: attackers})
		wants(t, err, fault.Unauthenticated, "invalid_credentials")
	})
}

// One password that is shown costs one hash, whether the address has a registration, an
// account or nothing.
func TestFault08_VerifyIsTheSameForEveryAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(ada, secret)
	w.register(newForm("pending@example.com", secret))
	for _, email := range []string{ada, "pending@example.com", "unknown@example.com"} {
		for _, password := range []string{secret, attackers} {
			before := w.Hasher.Operations()
			refuses(t, w, registration.Proof{Email: email, Code: "000000", Password: password})
			if n := w.Hasher.Operations() - before; n != 1 {
				t.Errorf("%s: %d hashes", email, n)
			}
		}
	}
}

// A generator that somebody planted in an imported account, whose address nobody has
// verified, does not survive the owner's new password; one that was set up by whoever
// has shown password and address does.
func TestFault08_PlantedFactorsDoNotSurviveTheOwnersReset(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for name, confirmed := range map[string]bool{"planted": false, "owners": true} {
			email := name + "@example.com"
			hash, err := bcrypt.GenerateFromPassword([]byte(attackers), bcrypt.MinCost)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := w.Accounts.Import(context.Background(), []account.Imported{{Line: 1, Email: email, PasswordHash: string(hash), FirstName: "A", LastName: "B"}}); err != nil {
				t.Fatal(err)
			}
			ctx := w.as(w.login(email, attackers).Access)
			if confirmed {
				if _, err := w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByCode, Proof: w.proof(context.Background(), email)}); err != nil {
					t.Fatal(err)
				}
			}
			e, err := w.Factors.EnrolTOTP(ctx)
			if err != nil {
				t.Fatal(err)
			}
			entry, err := totp.GenerateCode(e.Secret, w.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Factors.ConfirmTOTP(ctx, entry); err != nil {
				t.Fatal(err)
			}
			w.clock.pass(time.Second)
			before := len(w.emitted())
			request, err := w.Credentials.RequestReset(context.Background(), email)
			if err != nil {
				t.Fatal(err)
			}
			proof := code.Proof{Request: request, Code: issued(t, w.emitted()[before:]).GetCode()}
			if err := w.Credentials.ResetPassword(context.Background(), credential.NewPassword{Proof: proof, Password: secret, Confirm: secret}); err != nil {
				t.Fatal(err)
			}
			in, err := w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: email, Password: secret})
			if err != nil || (in.Ticket != "") != confirmed {
				t.Errorf("%s: ticket %q, %v", name, in.Ticket, err)
			}
			if n := w.count(`SELECT COUNT(*) FROM users_sessions WHERE ended_at IS NULL`); !confirmed && n != 1 {
				t.Errorf("%s: %d sessions go on", name, n)
			}
		}
	})
}
