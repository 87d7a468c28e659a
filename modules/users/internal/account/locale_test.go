package account_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/users/internal/account"
	"app/modules/users/internal/registration"
	"app/modules/users/internal/userstest"
	"app/platform/callctx"
	"app/platform/fault"
)

// speaking is a request of somebody whose browser wants a language.
func speaking(accepts string) context.Context {
	return callctx.WithClient(context.Background(), callctx.Client{Accepts: accepts})
}

// Whoever registers gets e-mails in the language of their browser, from the first to
// all later ones, whoever asks for those.
func TestLettersInTheLanguageOfTheRegistration(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		registered, err := w.Registrations.Register(speaking("de-AT,de;q=0.9,en;q=0.5"), userstest.NewForm(userstest.Ada, userstest.Secret))
		if err != nil {
			t.Fatal(err)
		}
		issued, ok := w.Emitted()[0].(interface{ GetCode() string })
		if !ok {
			t.Fatalf("%T", w.Emitted()[0])
		}
		user, err := w.Registrations.Verify(speaking("fr"), registration.Proof{Email: userstest.Ada, Code: issued.GetCode(), Registration: registered})
		if err != nil || user.Locale != "de-AT" {
			t.Fatalf("%+v, %v", user, err)
		}
		if _, err := w.Registrations.Register(speaking("sv"), userstest.NewForm(userstest.Ada, userstest.Secret)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.SignIns.RequestCode(speaking("sv"), userstest.Ada); err != nil {
			t.Fatal(err)
		}
		if _, err := w.SignIns.RequestCode(speaking("sv"), "nobody@example.com"); err != nil {
			t.Fatal(err)
		}
		want := []string{"de-AT", "de-AT", "de-AT", "de-AT", "sv"} // code, welcome, known, sign-in, and no account
		if diff := cmp.Diff(want, w.Languages()); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

func TestLocaleOfOneself(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	ctx := w.As(w.Login(userstest.Ada, userstest.Secret).Access)
	for _, tc := range []struct{ in, want string }{{"de", "de"}, {"EN-gb", "en-GB"}, {"", ""}} {
		got, err := w.Accounts.Rename(ctx, account.Names{Locale: &tc.in}, anyVersion)
		if me, _ := w.Accounts.Me(ctx); err != nil || got.Locale != tc.want || me != got {
			t.Errorf("%q: %+v, %v", tc.in, got, err)
		}
	}
	for _, in := range []string{"german", "x\r\ny", strings.Repeat("de-", 40)} {
		_, err := w.Accounts.Rename(ctx, account.Names{Locale: &in}, anyVersion)
		userstest.Wants(t, err, fault.InvalidArgument, "validation_failed")
		if diff := cmp.Diff([]string{"/locale"}, userstest.Pointers(err)); diff != "" {
			t.Errorf("%q: -want +got\n%s", in, diff)
		}
	}
}
