package code_test

import (
	"fmt"
	"testing"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/subjects"
	"app/modules/users/internal/userstest"
)

// Whoever registers somebody else's address, from one network or from many of one
// provider, leaves its owner e-mails, and the code in them good.
func TestFault08_StrangersLeaveTheOwnerLetters(t *testing.T) {
	t.Parallel()
	for name, strangers := range map[string]func(i int) string{
		"OneNetwork":     func(int) string { return userstest.Elsewhere },
		"NoNetwork":      func(int) string { return "" },
		"OneProvider":    func(i int) string { return fmt.Sprintf("198.51.%d.0/24", i) },
		"OneProviderIP6": func(i int) string { return fmt.Sprintf("2001:db8:%x::/48", i+1) },
		"NineProviders":  func(i int) string { return fmt.Sprintf("10.%d.%d.0/24", i%9, i/9) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			userstest.Each(t, func(t *testing.T, w *userstest.World) {
				w.Strict()
				letters := 0
				for i := range 60 {
					n, _ := w.LettersTo(userstest.From(strangers(i)), userstest.Ada, userstest.Attackers, 1)
					letters += n
				}
				if letters == 0 || letters > userstest.Limits().LettersPerHour {
					t.Errorf("%d e-mails to strangers", letters)
				}
				n, mine := w.LettersTo(userstest.From(userstest.Hereabouts), userstest.Ada, userstest.Secret, 1)
				if n != 1 {
					t.Fatalf("%d e-mails to the owner", n)
				}
				w.LettersTo(userstest.From(strangers(60)), userstest.Ada, userstest.Attackers, 10)
				if _, err := w.Registrations.Verify(userstest.From(userstest.Hereabouts), mine); err != nil {
					t.Errorf("the owner's code: %v", err)
				}
				w.Login(userstest.Ada, userstest.Secret)
			})
		})
	}
}

// A network where customers are has a share of its own: whoever has networks of many
// providers does not use it up.
func TestFault08_NetworksOfCustomersHaveAShare(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		w.Strict()
		w.SignUp("bob@example.com", userstest.Secret)
		if _, err := w.SignIns.SignInWithPassword(userstest.From(userstest.Hereabouts), signin.Credentials{Email: "bob@example.com", Password: userstest.Secret}); err != nil {
			t.Fatal(err)
		}
		letters := 0
		for i := range 240 {
			n, _ := w.LettersTo(userstest.From(fmt.Sprintf("%d.1.0.0/24", i+1)), userstest.Ada, userstest.Attackers, 1)
			letters += n
		}
		if letters > 2*userstest.Limits().LettersPerHour {
			t.Errorf("%d e-mails to strangers", letters)
		}
		if n, _ := w.LettersTo(userstest.From(userstest.Hereabouts), userstest.Ada, userstest.Secret, 1); n != 1 {
			t.Errorf("%d e-mails to the owner", n)
		}
	})
}

// The same holds for codes to sign in with and to set a password, where the account
// knows nothing of the owner's network.
func TestFault08_StrangersLeaveTheOwnerCodes(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		w.Strict()
		w.SignUp(userstest.Ada, userstest.Secret)
		letters := 0
		for range 20 {
			_, told := w.Ask(userstest.From(userstest.Elsewhere), userstest.Ada)
			letters += len(told)
		}
		if letters != 3 {
			t.Errorf("%d e-mails to one network", letters)
		}
		mine := w.Proof(userstest.From(userstest.Hereabouts), userstest.Ada)
		w.Ask(userstest.From("192.0.2.0/24"), userstest.Ada)
		if _, err := w.SignIns.SignInWithCode(userstest.From(userstest.Hereabouts), mine, authn.Bearer); err != nil {
			t.Errorf("the owner's code: %v", err)
		}
	})
}

// Whoever asks for a new address of their own gets no more e-mails sent to it than
// strangers do, whatever network they are at home in.
func TestFault08_NewAddressesAreStrangers(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t).Strict()
	w.SignUp("mallory@example.com", userstest.Secret)
	in, err := w.SignIns.SignInWithPassword(userstest.From(userstest.Elsewhere), signin.Credentials{Email: "mallory@example.com", Password: userstest.Secret})
	if err != nil {
		t.Fatal(err)
	}
	before := len(w.Emitted())
	for range 10 {
		if _, err := w.Credentials.RequestAddress(w.AsFrom(in.Tokens.Access, userstest.Elsewhere), userstest.Ada); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(w.Emitted()) - before; n != 3 {
		t.Errorf("%d e-mails", n)
	}
}

// Requests at the same moment get no more e-mails than one after the other.
func TestFault08_LettersAtOnce(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		w.Strict()
		replica := w.With(func(o *subjects.Options) { o.Limits.LettersPerNetwork = 3 })
		both := []*subjects.Set{w.Set, replica}
		for _, err := range userstest.Together(16, func(i int) error {
			_, err := both[i%2].Registrations.Register(userstest.From(userstest.Elsewhere), userstest.NewForm(userstest.Ada, userstest.Attackers))
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		for _, err := range userstest.Together(16, func(i int) error {
			_, err := both[i%2].SignIns.RequestCode(userstest.From(userstest.Elsewhere), userstest.Ada)
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		if codes, asked := w.Count(`SELECT COUNT(*) FROM users_codes`), w.Count(`SELECT COUNT(*) FROM users_requests`); codes != 3 || asked != 3 || len(w.Emitted()) != 6 {
			t.Errorf("%d registrations, %d requests, %d e-mails", codes, asked, len(w.Emitted()))
		}
	})
}
