package signin_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"app/modules/users/internal/credential"
	"app/modules/users/internal/federation"
	"app/modules/users/internal/openid"
	"app/modules/users/internal/registration"
	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/userstest"
	"app/modules/users/usersevents"
	"app/platform/fault"
	"app/platform/identity"
)

// session is a context of the browser that has arrived.
func inSession(in session.SignedIn) context.Context {
	return identity.NewContext(context.Background(), identity.Principal{UserID: in.Session.AccountID, SessionID: in.Session.ID, Method: identity.Session})
}

func TestSignInAtProvider(t *testing.T) {
	t.Parallel()
	a := userstest.NewAbroad(t)
	a.Person("c1", "s1", userstest.Ada, true)
	j := a.Leave(context.Background(), federation.Request{Provider: "acme", ReturnTo: "/orders?x=1"})
	j.Code = "c1"
	first, err := a.SignIns.FinishProvider(context.Background(), j.Callback)
	if err != nil || first.SignedIn.Browser.Token == "" || first.ReturnTo != "/orders?x=1" || first.SignedIn.Session.Methods != "provider" {
		t.Fatalf("%+v, %v", first, err)
	}
	if asked := a.Acme.Asked[0]; asked.Nonce != j.Nonce || asked.Verifier == "" || asked.Code != "c1" {
		t.Errorf("asked %+v", asked)
	}
	if e, ok := a.Emitted()[0].(*usersevents.Registered); !ok || e.GetEmail() != userstest.Ada || e.GetUserId() != first.SignedIn.Session.AccountID {
		t.Errorf("told %v", a.Emitted())
	}
	a.Person("c2", "s1", "moved@example.com", false) // the same person, whatever the address
	again, err := a.SignInWith("c2")
	if err != nil || again.SignedIn.Session.AccountID != first.SignedIn.Session.AccountID || again.SignedIn.Session.ID == first.SignedIn.Session.ID {
		t.Errorf("%+v, %v", again, err)
	}
	_, err = a.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: userstest.Ada, Password: ""})
	userstest.Wants(t, err, fault.Unauthenticated, "invalid_credentials")
}

// A state is good once, for ten minutes, in its browser and at its provider; whatever
// comes of it.
func TestFailure30_ReusedState(t *testing.T) {
	t.Parallel()
	a := userstest.NewAbroad(t)
	a.Person("c1", "s1", userstest.Ada, true)
	for name, spoil := range map[string]func(j *userstest.Journey){
		"OtherBrowser": func(j *userstest.Journey) {
			j.Browser = a.Leave(context.Background(), federation.Request{Provider: "acme"}).Browser
		},
		"NoBrowser":     func(j *userstest.Journey) { j.Browser = "" },
		"OtherProvider": func(j *userstest.Journey) { j.Provider = "other" },
		"OtherState": func(j *userstest.Journey) {
			j.State = a.Leave(context.Background(), federation.Request{Provider: "acme"}).State + "x"
		},
		"NoState": func(j *userstest.Journey) { j.State = "" },
		"TooLate": func(*userstest.Journey) { a.Clock.Pass(10 * time.Minute) },
	} {
		j := a.Leave(context.Background(), federation.Request{Provider: "acme"})
		j.Code = "c1"
		spoil(&j)
		got, err := a.SignIns.FinishProvider(context.Background(), j.Callback)
		userstest.Wants(t, err, fault.InvalidArgument, "sign_in_over")
		if got.SignedIn.Session.ID != "" || len(a.Acme.Asked)+len(a.Other.Asked) != 0 {
			t.Errorf("%s: %+v, asked %v", name, got, a.Acme.Asked)
		}
	}
	j := a.Leave(context.Background(), federation.Request{Provider: "acme"})
	j.Code = "c1"
	good := 0
	for _, err := range userstest.Together(6, func(int) error {
		_, err := a.SignIns.FinishProvider(context.Background(), j.Callback)
		return err
	}) {
		if err == nil {
			good++
		} else {
			userstest.Wants(t, err, fault.InvalidArgument, "sign_in_over")
		}
	}
	if good != 1 || len(a.Acme.Asked) != 1 {
		t.Errorf("%d succeeded, asked %d times", good, len(a.Acme.Asked))
	}
	j = a.Leave(context.Background(), federation.Request{Provider: "acme"})
	j.Error = "access_denied"
	_, err := a.SignIns.FinishProvider(context.Background(), j.Callback)
	userstest.Wants(t, err, fault.Unauthenticated, "sign_in_cancelled")
	j.Error, j.Code = "", "c1"
	_, err = a.SignIns.FinishProvider(context.Background(), j.Callback)
	userstest.Wants(t, err, fault.InvalidArgument, "sign_in_over")
}

// Nobody gets into an account by having its address at a provider, verified there or
// not.
func TestFailure26_LinkingTakeover(t *testing.T) {
	t.Parallel()
	t.Run("UnverifiedAtTheProvider", func(t *testing.T) {
		t.Parallel()
		a := userstest.NewAbroad(t)
		a.SignUp(userstest.Ada, userstest.Secret)
		for code, email := range map[string]string{"known": userstest.Ada, "unknown": "new@example.com", "none": "", "noAddress": "ada"} {
			a.Person(code, code, email, code == "noAddress")
			_, err := a.SignInWith(code)
			userstest.Wants(t, err, fault.PermissionDenied, "address_unverified")
		}
		if n := a.Count(`SELECT COUNT(*) FROM users_identities`) + a.Count(`SELECT COUNT(*) FROM users_links`); n != 0 || a.Count(`SELECT COUNT(*) FROM users_accounts`) != 1 {
			t.Error("something was made of it")
		}
	})
	t.Run("LocalRegistrationUnverified", func(t *testing.T) {
		t.Parallel()
		a := userstest.NewAbroad(t)
		attackers, _ := a.Register(userstest.NewForm(userstest.Ada, userstest.Another))
		code := ""
		if e, ok := a.Emitted()[0].(*usersevents.CodeIssued); ok {
			code = e.GetCode()
		}
		a.Person("c1", "s1", userstest.Ada, true)
		if in, err := a.SignInWith("c1"); err != nil || in.SignedIn.Session.ID == "" {
			t.Fatalf("%+v, %v", in, err)
		}
		_, err := a.Registrations.Verify(context.Background(), registration.Proof{Email: userstest.Ada, Code: code, Registration: attackers})
		if err != nil { // its owner may press the button: the account that is there stays as it is
			t.Fatal(err)
		}
		_, err = a.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: userstest.Ada, Password: userstest.Another})
		userstest.Wants(t, err, fault.Unauthenticated, "invalid_credentials")
	})
	t.Run("OtherProvider", func(t *testing.T) {
		t.Parallel()
		a := userstest.NewAbroad(t)
		a.Person("c1", "s1", userstest.Ada, true)
		if _, err := a.SignInWith("c1"); err != nil {
			t.Fatal(err)
		}
		a.Other.People["c1"] = openid.Identity{Issuer: "https://other.example", Subject: "s1", Email: userstest.Ada, Verified: true}
		j := a.Leave(context.Background(), federation.Request{Provider: "other"})
		j.Code = "c1"
		got, err := a.SignIns.FinishProvider(context.Background(), j.Callback)
		if err != nil || got.SignedIn.Session.ID != "" || got.SignedIn.Ticket != "" || got.Link == "" {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("OwnerHasToConfirm", func(t *testing.T) {
		t.Parallel()
		a := userstest.NewAbroad(t)
		a.SignUp(userstest.Ada, userstest.Secret)
		a.SignUp("bob@example.com", userstest.Secret)
		a.Person("c1", "s1", "ADA@example.com", true)
		got, err := a.SignInWith("c1")
		if err != nil || got.Link == "" || got.Email != userstest.Ada || got.SignedIn.Session.ID != "" {
			t.Fatalf("%+v, %v", got, err)
		}
		_, _, err = a.Federation.ConfirmLink(context.Background(), got.Link)
		userstest.Wants(t, err, fault.Unauthenticated, "unauthenticated")
		_, _, err = a.Federation.ConfirmLink(a.As(a.Login("bob@example.com", userstest.Secret).Access), got.Link)
		userstest.Wants(t, err, fault.InvalidArgument, "link_invalid")
		ctx := a.As(a.Login(userstest.Ada, userstest.Secret).Access)
		a.Clock.Pass(10*time.Minute + time.Second)
		_, _, err = a.Federation.ConfirmLink(ctx, got.Link)
		userstest.Wants(t, err, fault.PermissionDenied, "step_up_required")
		ctx = a.As(a.Login(userstest.Ada, userstest.Secret).Access)
		_, _, err = a.Federation.ConfirmLink(ctx, got.Link)
		userstest.Wants(t, err, fault.InvalidArgument, "link_invalid") // over
		if got, err = a.SignInWith("c1"); err != nil {
			t.Fatal(err)
		}
		linked, _, err := a.Federation.ConfirmLink(ctx, got.Link)
		if err != nil || linked.Provider != "acme" || linked.Subject != "s1" {
			t.Fatalf("%+v, %v", linked, err)
		}
		if c := userstest.LastChange(a.World); c != usersevents.CredentialsChange_CREDENTIALS_CHANGE_IDENTITY_LINKED {
			t.Errorf("told of %s", c)
		}
		_, _, err = a.Federation.ConfirmLink(ctx, got.Link)
		userstest.Wants(t, err, fault.InvalidArgument, "link_invalid")
		if in, err := a.SignInWith("c1"); err != nil || in.SignedIn.Session.AccountID != linked.AccountID {
			t.Errorf("%+v, %v", in, err)
		}
	})
	t.Run("DisabledAccount", func(t *testing.T) {
		t.Parallel()
		a := userstest.NewAbroad(t)
		a.Person("c1", "s1", userstest.Ada, true)
		if _, err := a.SignInWith("c1"); err != nil {
			t.Fatal(err)
		}
		a.Run(`UPDATE users_accounts SET disabled_at = 1`)
		_, err := a.SignInWith("c1")
		userstest.Wants(t, err, fault.Unauthenticated, "sign_in_refused")
	})
}

func TestLinkWhileSignedIn(t *testing.T) {
	t.Parallel()
	a := userstest.NewAbroad(t)
	a.SignUp(userstest.Ada, userstest.Secret)
	_, err := a.Federation.Begin(context.Background(), federation.Request{Provider: "acme", Purpose: "link"})
	userstest.Wants(t, err, fault.Unauthenticated, "unauthenticated")
	ctx := a.As(a.Login(userstest.Ada, userstest.Secret).Access)
	j := a.Leave(ctx, federation.Request{Provider: "acme", Purpose: "link", ReturnTo: "/me"})
	a.Person("c1", "s1", "other@example.com", true)
	j.Code = "c1"
	_, err = a.SignIns.FinishProvider(a.As(a.Login(userstest.Ada, userstest.Secret).Access), j.Callback)
	userstest.Wants(t, err, fault.InvalidArgument, "sign_in_over") // another session
	j = a.Leave(ctx, federation.Request{Provider: "acme", Purpose: "link", ReturnTo: "/me"})
	j.Code = "c1"
	if got, err := a.SignIns.FinishProvider(ctx, j.Callback); err != nil || !got.Linked || got.ReturnTo != "/me" || got.SignedIn.Session.ID != "" {
		t.Fatalf("%+v, %v", got, err)
	}
	linked, err := a.Federation.List(ctx)
	if err != nil || len(linked) != 1 || linked[0].Email != "other@example.com" {
		t.Fatalf("%+v, %v", linked, err)
	}
	a.SignUp("bob@example.com", userstest.Secret)
	bob := a.As(a.Login("bob@example.com", userstest.Secret).Access)
	j = a.Leave(bob, federation.Request{Provider: "acme", Purpose: "link"})
	j.Code = "c1"
	_, err = a.SignIns.FinishProvider(bob, j.Callback)
	userstest.Wants(t, err, fault.AlreadyExists, "identity_taken")
	userstest.Wants(t, a.Federation.Unlink(bob, linked[0].ID), fault.NotFound, "identity_not_found")
	if err := a.Federation.Unlink(ctx, linked[0].ID); err != nil {
		t.Error(err)
	}
	a.Clock.Pass(11 * time.Minute)
	_, err = a.Federation.Begin(ctx, federation.Request{Provider: "acme", Purpose: "link"})
	userstest.Wants(t, err, fault.PermissionDenied, "step_up_required")
}

func TestLastCredentialStays(t *testing.T) {
	t.Parallel()
	a := userstest.NewAbroad(t)
	a.Person("c1", "s1", userstest.Ada, true)
	in, err := a.SignInWith("c1")
	if err != nil {
		t.Fatal(err)
	}
	ctx := inSession(in.SignedIn)
	linked, err := a.Federation.List(ctx)
	if err != nil || len(linked) != 1 {
		t.Fatal(linked, err)
	}
	userstest.Wants(t, a.Federation.Unlink(ctx, linked[0].ID), fault.FailedPrecondition, "last_credential")
	if _, err := a.Credentials.ChangePassword(ctx, credential.PasswordChange{Password: userstest.Another, Confirm: userstest.Another}); err != nil {
		t.Fatal(err)
	}
	if err := a.Federation.Unlink(ctx, linked[0].ID); err != nil {
		t.Error(err)
	}
}

func TestProviderProvesAgain(t *testing.T) {
	t.Parallel()
	a := userstest.NewAbroad(t)
	a.Person("c1", "s1", userstest.Ada, true)
	a.Person("c2", "s2", "bob@example.com", true)
	in, err := a.SignInWith("c1")
	if err != nil {
		t.Fatal(err)
	}
	ctx := inSession(in.SignedIn)
	a.Clock.Pass(11 * time.Minute)
	a.Acme.At = a.Clock.Now
	prove := func(code string) (signin.ProviderOutcome, error) {
		j := a.Leave(ctx, federation.Request{Provider: "acme", Purpose: "step_up"})
		j.Code = code
		return a.SignIns.FinishProvider(ctx, j.Callback)
	}
	_, err = prove("c2")
	userstest.Wants(t, err, fault.AlreadyExists, "identity_taken")
	got, err := prove("c1")
	if err != nil || !got.Fresh || got.SignedIn.Browser.Token == "" || got.SignedIn.Browser.Token == in.SignedIn.Browser.Token {
		t.Fatalf("%+v, %v", got, err)
	}
	g, _ := a.Enrol(ctx)
	_, err = prove("c1")
	userstest.Wants(t, err, fault.PermissionDenied, "factor_required")
	if in, err = a.SignInWith("c1"); err != nil || in.SignedIn.Ticket == "" || in.SignedIn.Session.ID != "" {
		t.Fatalf("%+v, %v", in, err)
	}
	if _, err := a.SignIns.CompleteSignIn(context.Background(), in.SignedIn.Ticket, g.Next()); err != nil {
		t.Error(err)
	}
}

func TestProviderThatIsDown(t *testing.T) {
	t.Parallel()
	a := userstest.NewAbroad(t)
	j := a.Leave(context.Background(), federation.Request{Provider: "acme"})
	a.Acme.Down = errors.Join(openid.ErrUnavailable, errors.New("connection refused"))
	_, err := a.Federation.Begin(context.Background(), federation.Request{Provider: "acme"})
	userstest.Wants(t, err, fault.Unavailable, "provider_unavailable")
	a.Person("c1", "s1", userstest.Ada, true)
	j.Code = "c1"
	_, err = a.SignIns.FinishProvider(context.Background(), j.Callback)
	userstest.Wants(t, err, fault.Unavailable, "provider_unavailable")
	_, err = a.Federation.Begin(context.Background(), federation.Request{Provider: "nobody"})
	userstest.Wants(t, err, fault.NotFound, "provider_not_found")
}

// Of two who come with one new identity at once, one makes the account and both get in.
func TestNewIdentityTwiceAtOnce(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		a := userstest.GoAbroad(w)
		a.Person("c1", "s1", userstest.Ada, true)
		journeys := make([]userstest.Journey, 4)
		for i := range journeys {
			journeys[i] = a.Leave(context.Background(), federation.Request{Provider: "acme"})
			journeys[i].Code = "c1"
		}
		for _, err := range userstest.Together(len(journeys), func(i int) error {
			_, err := a.Admitted(journeys[i])
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		if n := a.Count(`SELECT COUNT(*) FROM users_accounts`); n != 1 || a.Count(`SELECT COUNT(*) FROM users_identities`) != 1 {
			t.Errorf("%d accounts", n)
		}
	})
}
