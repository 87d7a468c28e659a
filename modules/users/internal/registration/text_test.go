package registration_test

import (
	"context"
	"testing"

	"app/modules/users/internal/signin"
	"app/modules/users/internal/userstest"
	"app/modules/users/usersevents"
	"app/platform/fault"
	"app/platform/ids"
)

func TestFault26_NamesOfEveryScript(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	for i, name := range []string{"علی\u200cرضا", "山田\u3000太郎", "क्\u200dष", "Zoe\u0308", "Ada"} {
		in := userstest.NewForm(ids.New("a", w.Clock.Now())[2:]+"@example.com", userstest.Secret)
		in.FirstName, in.LastName = name, name
		_, told := w.Register(in)
		if len(told) != 1 {
			t.Fatalf("%d: %+q: %v", i, name, told)
		}
		if issued, ok := told[0].(*usersevents.CodeIssued); !ok || issued.GetFirstName() != name {
			t.Errorf("%d: %+q: %v", i, name, told)
		}
	}
	for _, name := range []string{"\u200b\u200b", "a\u200bb", "\u2800", "\u3164", "a\u061cb", "Z" + "\u0336\u0336\u0336\u0336\u0336\u0336\u0336\u0336\u0336", "\u3000"} {
		in := userstest.NewForm(userstest.Ada, userstest.Secret)
		in.FirstName = name
		_, err := w.Registrations.Register(context.Background(), in)
		userstest.Wants(t, err, fault.InvalidArgument, "validation_failed")
	}
}

// A domain in another script is one address in each of its forms, and the e-mail goes
// to it.
func TestFault20_InternationalDomain(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		user := w.SignUp("Ada@B\u00fccher.example", userstest.Secret)
		if user.Email != "Ada@bücher.example" {
			t.Errorf("kept as %q", user.Email)
		}
		for _, typed := range []string{"ada@bücher.example", "ada@BU\u0308CHER.example", " ADA@xn--bcher-kva.example"} {
			if _, err := w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: typed, Password: userstest.Secret}); err != nil {
				t.Errorf("%q: %v", typed, err)
			}
		}
	})
}

// An account whose address was taken by an earlier release, and would be refused today,
// signs in.
func TestFault20_AccountsOfBeforeSignIn(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		user := w.SignUp(userstest.Ada, userstest.Secret)
		w.Run(`UPDATE users_accounts SET email = ?, email_key = ? WHERE id = ?`, "Ada@10.0.0.1", "ada@10.0.0.1", user.ID)
		if _, err := w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: "Ada@10.0.0.1", Password: userstest.Secret}); err != nil {
			t.Error(err)
		}
		if found, err := w.Accounts.FindByEmail(context.Background(), "ADA@10.0.0.1"); err != nil || found.ID != user.ID {
			t.Errorf("%+v, %v", found, err)
		}
	})
}
