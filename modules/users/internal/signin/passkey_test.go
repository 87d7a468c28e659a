package signin_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/ceremony"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/subjects"
	"app/modules/users/internal/userstest"
	"app/modules/users/usersevents"
	"app/platform/fault"
)

func TestPasskeys(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	user := w.SignUp(userstest.Ada, userstest.Secret)
	ctx := w.As(w.Login(userstest.Ada, userstest.Secret).Access)
	p := userstest.NewPhone(w)
	if added := p.Add(ctx); len(added.Recovery) != 10 || userstest.SessionLevel(ctx, w) != authn.AAL2 {
		t.Errorf("%+v", added)
	}
	if got := userstest.LastChange(w); got != usersevents.CredentialsChange_CREDENTIALS_CHANGE_PASSKEY_ADDED {
		t.Errorf("told of %s", got)
	}
	in, err := w.SignIns.FinishPasskey(context.Background(), p.Assert(w.Challenge(context.Background(), ceremony.SignIn, "")))
	if err != nil || in.Session.AccountID != user.ID || in.Session.Level != int(authn.AAL2) || in.Session.Methods != "passkey" || in.Tokens.Access == "" {
		t.Fatalf("%+v, %v", in, err)
	}
	ticket := w.Ticket()
	shown := p.Assert(w.Challenge(context.Background(), ceremony.SecondFactor, ticket))
	shown.Ticket = ticket
	if in, err = w.SignIns.FinishPasskey(context.Background(), shown); err != nil || in.Session.Methods != "password passkey" || in.Session.Level != int(authn.AAL2) {
		t.Fatalf("%+v, %v", in, err)
	}
	w.Clock.Pass(11 * time.Minute)
	_, err = w.Factors.BeginPasskey(ctx)
	userstest.Wants(t, err, fault.PermissionDenied, "step_up_required")
	shown = p.Assert(w.Challenge(ctx, ceremony.StepUp, ""))
	shown.StepUp = true
	if _, err := w.SignIns.FinishPasskey(ctx, shown); err != nil {
		t.Fatal(err)
	}
	f, err := w.Factors.List(ctx)
	if err != nil || len(f.Passkeys) != 1 || f.Passkeys[0].Name != "Phone" || f.Passkeys[0].UsedAt.IsZero() || f.Recovery != 10 {
		t.Fatalf("%+v, %v", f, err)
	}
	userstest.Wants(t, w.Factors.RemovePasskey(ctx, "psk_other"), fault.NotFound, "passkey_not_found")
	if err := w.Factors.RemovePasskey(ctx, f.Passkeys[0].ID); err != nil {
		t.Fatal(err)
	}
	w.Login(userstest.Ada, userstest.Secret) // no factor any more
	_, err = w.SignIns.FinishPasskey(context.Background(), p.Assert(w.Challenge(context.Background(), ceremony.SignIn, "")))
	userstest.Wants(t, err, fault.Unauthenticated, "passkey_invalid")
}

// What an answer has to be: to its challenge, once, from our site, by a user who was
// checked, with a count that grows.
func TestPasskeyTricks(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	ctx := w.As(w.Login(userstest.Ada, userstest.Secret).Access)
	p := userstest.NewPhone(w)
	p.Add(ctx)
	bg := context.Background()
	refused := func(name string, in signin.PasskeyAnswer) {
		t.Helper()
		got, err := w.SignIns.FinishPasskey(bg, in)
		userstest.Wants(t, err, fault.Unauthenticated, "passkey_invalid")
		if got.Session.ID != "" {
			t.Errorf("%s: signed in", name)
		}
	}
	challenge := func() factor.Challenge { return w.Challenge(bg, ceremony.SignIn, "") }
	good := p.Assert(challenge())
	if _, err := w.SignIns.FinishPasskey(bg, good); err != nil {
		t.Fatal(err)
	}
	refused("the same answer again", good)
	refused("a count that stays", p.Again(challenge()))
	p.Key.Counter = 0
	refused("a count that falls", p.Again(challenge()))
	p.Key.Counter = 10
	other := p.Assert(challenge())
	other.Ceremony = challenge().Ceremony
	refused("an answer to another challenge", other)
	late := p.Assert(challenge())
	w.Clock.Pass(5 * time.Minute)
	refused("too late", late)
	p.RP.Origin = "https://evil.example"
	refused("another site", p.Assert(challenge()))
	p.RP.Origin, p.RP.ID = userstest.Home, "evil.example"
	refused("another host", p.Assert(challenge()))
	p.RP.ID = "shop.example"
	p.Options.UserNotVerified = true
	refused("user not checked", p.Assert(challenge()))
	p.Options.UserNotVerified = false
	stranger := userstest.NewPhone(w)
	stranger.Options.UserHandle = p.Options.UserHandle
	refused("an unknown passkey", stranger.Assert(challenge()))
	forged := p.Assert(challenge())
	forged.Credential = []byte(`{"id":"x"}`)
	refused("nonsense", forged)
	begun, err := w.Factors.BeginPasskey(w.As(w.Login2(p)))
	if err != nil {
		t.Fatal(err)
	}
	crossed := p.Assert(challenge())
	crossed.Ceremony = begun.Ceremony
	refused("a challenge for a new passkey", crossed)
	if _, err := w.SignIns.FinishPasskey(bg, p.Assert(challenge())); err != nil {
		t.Errorf("the passkey still works: %v", err)
	}
}

// Of answers to one challenge at once, one signs in; also from a passkey that counts
// nothing, as those do that are kept in step between devices.
func TestFailure24_PasskeyAnswersOnce(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		w.SignUp(userstest.Ada, userstest.Secret)
		p := userstest.NewPhone(w)
		p.Add(w.As(w.Login(userstest.Ada, userstest.Secret).Access))
		shown := p.Again(w.Challenge(context.Background(), ceremony.SignIn, ""))
		good := 0
		for _, err := range userstest.Together(5, func(int) error {
			_, err := w.SignIns.FinishPasskey(context.Background(), shown)
			return err
		}) {
			if err == nil {
				good++
			} else {
				userstest.Wants(t, err, fault.Unauthenticated, "passkey_invalid")
			}
		}
		if good != 1 {
			t.Errorf("%d succeeded", good)
		}
	})
}

// A passkey completes the sign-in that it was asked for, and its account's only.
func TestPasskeyOfAnotherAccount(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	w.SignUp("bob@example.com", userstest.Secret)
	mine, theirs := userstest.NewPhone(w), userstest.NewPhone(w)
	ctx := w.As(w.Login(userstest.Ada, userstest.Secret).Access)
	mine.Add(ctx)
	theirs.Add(w.As(w.Login("bob@example.com", userstest.Secret).Access))
	ticket := w.Ticket()
	shown := theirs.Assert(w.Challenge(context.Background(), ceremony.SecondFactor, ticket))
	shown.Ticket = ticket
	_, err := w.SignIns.FinishPasskey(context.Background(), shown)
	userstest.Wants(t, err, fault.Unauthenticated, "passkey_invalid")
	shown = mine.Assert(w.Challenge(context.Background(), ceremony.SecondFactor, ticket))
	shown.Ticket = w.Ticket()
	_, err = w.SignIns.FinishPasskey(context.Background(), shown)
	userstest.Wants(t, err, fault.Unauthenticated, "ticket_invalid")
	shown = theirs.Assert(w.Challenge(ctx, ceremony.StepUp, ""))
	shown.StepUp = true
	_, err = w.SignIns.FinishPasskey(ctx, shown)
	userstest.Wants(t, err, fault.Unauthenticated, "passkey_invalid")
	shown = mine.Assert(w.Challenge(ctx, ceremony.StepUp, ""))
	_, err = w.SignIns.FinishPasskey(context.Background(), shown) // as a sign-in
	userstest.Wants(t, err, fault.Unauthenticated, "passkey_invalid")
	_, err = w.SignIns.BeginPasskey(context.Background(), ceremony.SecondFactor, "spt_x")
	userstest.Wants(t, err, fault.Unauthenticated, "ticket_invalid")
	_, err = w.SignIns.BeginPasskey(context.Background(), ceremony.StepUp, "")
	userstest.Wants(t, err, fault.Unauthenticated, "unauthenticated")
	c, err := w.Factors.BeginPasskey(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Factors.AddPasskey(ctx, theirs.Attest(c))
	userstest.Wants(t, err, fault.Unauthenticated, "passkey_invalid") // it is somebody's already
}

func TestPasskeyOfADisabledAccount(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	p := userstest.NewPhone(w)
	p.Add(w.As(w.Login(userstest.Ada, userstest.Secret).Access))
	w.Run(`UPDATE users_accounts SET disabled_at = 1`)
	_, err := w.SignIns.FinishPasskey(context.Background(), p.Assert(w.Challenge(context.Background(), ceremony.SignIn, "")))
	userstest.Wants(t, err, fault.Unauthenticated, "passkey_invalid")
}

func TestPasskeysNeedAHostName(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	for _, address := range []string{"http://127.0.0.1:8080", "http://[::1]:8080", ""} {
		s := w.With(func(o *subjects.Options) { o.PublicURL = address })
		_, err := s.SignIns.BeginPasskey(context.Background(), ceremony.SignIn, "")
		userstest.Wants(t, err, fault.FailedPrecondition, "passkeys_unavailable")
		if !strings.Contains(fault.From(err).Detail, "set PUBLIC_URL to one that has") {
			t.Errorf("%s: %v does not say what to do", address, err)
		}
	}
	if _, err := w.With(func(o *subjects.Options) { o.PublicURL = "http://localhost:8080" }).SignIns.BeginPasskey(context.Background(), ceremony.SignIn, ""); err != nil {
		t.Error(err)
	}
}
