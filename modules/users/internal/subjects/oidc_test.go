package subjects_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"app/modules/users/internal/credential"
	"app/modules/users/internal/federation"
	"app/modules/users/internal/openid"
	"app/modules/users/internal/registration"
	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/subjects"
	"app/modules/users/usersevents"
	"app/platform/fault"
	"app/platform/identity"
)

// provider answers for whoever holds a code.
type provider struct {
	down   error
	people map[string]openid.Identity // by code

	mu    sync.Mutex
	asked []openid.Answer
	anew  int              // how often a new sign-in was asked for
	now   func() time.Time // of a sign-in there; nil: it does not say
}

func (p *provider) Authorize(_ context.Context, r openid.Request) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Anew {
		p.anew++
	}
	return "https://id.example/auth?" + url.Values{"state": {r.State}, "nonce": {r.Nonce}, "verifier": {r.Verifier}}.Encode(), p.down
}

func (p *provider) Redeem(_ context.Context, in openid.Answer) (openid.Identity, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, in)
	who, ok := p.people[in.Code]
	if !ok {
		return openid.Identity{}, fmt.Errorf("test: %w", openid.ErrRefused)
	}
	if p.now != nil {
		who.SignedInAt = p.now()
	}
	return who, p.down
}

const issuer = "https://id.example"

// abroad is a world with two providers.
type abroad struct {
	*world
	acme, other *provider
}

func newAbroad(t *testing.T) *abroad {
	t.Helper()
	return goAbroad(newWorld(t))
}

func goAbroad(w *world) *abroad {
	a := &abroad{world: w, acme: &provider{people: map[string]openid.Identity{}}, other: &provider{people: map[string]openid.Identity{}}}
	w.Set = w.with(func(o *subjects.Options) {
		o.Providers = federation.Providers{"acme": a.acme, "other": a.other}
		o.ReturnTo = []string{"https://app.example/welcome"}
	})
	return a
}

// person is at acme, under a code.
func (a *abroad) person(code, subject, email string, verified bool) {
	a.acme.people[code] = openid.Identity{Issuer: issuer, Subject: subject, Email: email, Verified: verified, FirstName: "Ada", LastName: "Lovelace"}
}

// journey is a browser that has left.
type journey struct {
	federation.Callback
	nonce string
}

func (a *abroad) leave(ctx context.Context, in federation.Request) journey {
	a.t.Helper()
	to, err := a.Federation.Begin(ctx, in)
	if err != nil {
		a.t.Fatal(err)
	}
	u, err := url.Parse(to.URL)
	if err != nil || len(u.Query().Get("verifier")) < 43 {
		a.t.Fatalf("%s, %v", to.URL, err)
	}
	return journey{federation.Callback{Provider: in.Provider, State: u.Query().Get("state"), Browser: to.Browser}, u.Query().Get("nonce")}
}

// go signs in at acme with a code.
func (a *abroad) signInWith(code string) (signin.ProviderOutcome, error) {
	a.t.Helper()
	j := a.leave(context.Background(), federation.Request{Provider: "acme"})
	j.Code = code
	return a.SignIns.FinishProvider(context.Background(), j.Callback)
}

// session is a context of the browser that has arrived.
func inSession(in session.SignedIn) context.Context {
	return identity.NewContext(context.Background(), identity.Principal{UserID: in.Session.AccountID, SessionID: in.Session.ID, Method: identity.Session})
}

func TestSignInAtProvider(t *testing.T) {
	t.Parallel()
	a := newAbroad(t)
	a.person("c1", "s1", ada, true)
	j := a.leave(context.Background(), federation.Request{Provider: "acme", ReturnTo: "/orders?x=1"})
	j.Code = "c1"
	first, err := a.SignIns.FinishProvider(context.Background(), j.Callback)
	if err != nil || first.SignedIn.Browser.Token == "" || first.ReturnTo != "/orders?x=1" || first.SignedIn.Session.Methods != "provider" {
		t.Fatalf("%+v, %v", first, err)
	}
	if asked := a.acme.asked[0]; asked.Nonce != j.nonce || asked.Verifier == "" || asked.Code != "c1" {
		t.Errorf("asked %+v", asked)
	}
	if e, ok := a.emitted()[0].(*usersevents.Registered); !ok || e.GetEmail() != ada || e.GetUserId() != first.SignedIn.Session.AccountID {
		t.Errorf("told %v", a.emitted())
	}
	a.person("c2", "s1", "moved@example.com", false) // the same person, whatever the address
	again, err := a.signInWith("c2")
	if err != nil || again.SignedIn.Session.AccountID != first.SignedIn.Session.AccountID || again.SignedIn.Session.ID == first.SignedIn.Session.ID {
		t.Errorf("%+v, %v", again, err)
	}
	_, err = a.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: ada, Password: ""})
	wants(t, err, fault.Unauthenticated, "invalid_credentials")
}

// A state is good once, for ten minutes, in its browser and at its provider; whatever
// comes of it.
func TestFailure30_ReusedState(t *testing.T) {
	t.Parallel()
	a := newAbroad(t)
	a.person("c1", "s1", ada, true)
	for name, spoil := range map[string]func(j *journey){
		"OtherBrowser": func(j *journey) {
			j.Browser = a.leave(context.Background(), federation.Request{Provider: "acme"}).Browser
		},
		"NoBrowser":     func(j *journey) { j.Browser = "" },
		"OtherProvider": func(j *journey) { j.Provider = "other" },
		"OtherState": func(j *journey) {
			j.State = a.leave(context.Background(), federation.Request{Provider: "acme"}).State + "x"
		},
		"NoState": func(j *journey) { j.State = "" },
		"TooLate": func(*journey) { a.clock.pass(10 * time.Minute) },
	} {
		j := a.leave(context.Background(), federation.Request{Provider: "acme"})
		j.Code = "c1"
		spoil(&j)
		got, err := a.SignIns.FinishProvider(context.Background(), j.Callback)
		wants(t, err, fault.InvalidArgument, "sign_in_over")
		if got.SignedIn.Session.ID != "" || len(a.acme.asked)+len(a.other.asked) != 0 {
			t.Errorf("%s: %+v, asked %v", name, got, a.acme.asked)
		}
	}
	j := a.leave(context.Background(), federation.Request{Provider: "acme"})
	j.Code = "c1"
	good := 0
	for _, err := range together(6, func(int) error {
		_, err := a.SignIns.FinishProvider(context.Background(), j.Callback)
		return err
	}) {
		if err == nil {
			good++
		} else {
			wants(t, err, fault.InvalidArgument, "sign_in_over")
		}
	}
	if good != 1 || len(a.acme.asked) != 1 {
		t.Errorf("%d succeeded, asked %d times", good, len(a.acme.asked))
	}
	j = a.leave(context.Background(), federation.Request{Provider: "acme"})
	j.Error = "access_denied"
	_, err := a.SignIns.FinishProvider(context.Background(), j.Callback)
	wants(t, err, fault.Unauthenticated, "sign_in_cancelled")
	j.Error, j.Code = "", "c1"
	_, err = a.SignIns.FinishProvider(context.Background(), j.Callback)
	wants(t, err, fault.InvalidArgument, "sign_in_over")
}

// Nobody gets into an account by having its address at a provider, verified there or
// not.
func TestFailure26_LinkingTakeover(t *testing.T) {
	t.Parallel()
	t.Run("UnverifiedAtTheProvider", func(t *testing.T) {
		t.Parallel()
		a := newAbroad(t)
		a.signUp(ada, secret)
		for code, email := range map[string]string{"known": ada, "unknown": "new@example.com", "none": "", "noAddress": "ada"} {
			a.person(code, code, email, code == "noAddress")
			_, err := a.signInWith(code)
			wants(t, err, fault.PermissionDenied, "address_unverified")
		}
		if n := a.count(`SELECT COUNT(*) FROM users_identities`) + a.count(`SELECT COUNT(*) FROM users_links`); n != 0 || a.count(`SELECT COUNT(*) FROM users_accounts`) != 1 {
			t.Error("something was made of it")
		}
	})
	t.Run("LocalRegistrationUnverified", func(t *testing.T) {
		t.Parallel()
		a := newAbroad(t)
		attackers, _ := a.register(newForm(ada, another))
		code := ""
		if e, ok := a.emitted()[0].(*usersevents.CodeIssued); ok {
			code = e.GetCode()
		}
		a.person("c1", "s1", ada, true)
		if in, err := a.signInWith("c1"); err != nil || in.SignedIn.Session.ID == "" {
			t.Fatalf("%+v, %v", in, err)
		}
		_, err := a.Registrations.Verify(context.Background(), registration.Proof{Email: ada, Code: code, Registration: attackers})
		if err != nil { // its owner may press the button: the account that is there stays as it is
			t.Fatal(err)
		}
		_, err = a.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: ada, Password: another})
		wants(t, err, fault.Unauthenticated, "invalid_credentials")
	})
	t.Run("OtherProvider", func(t *testing.T) {
		t.Parallel()
		a := newAbroad(t)
		a.person("c1", "s1", ada, true)
		if _, err := a.signInWith("c1"); err != nil {
			t.Fatal(err)
		}
		a.other.people["c1"] = openid.Identity{Issuer: "https://other.example", Subject: "s1", Email: ada, Verified: true}
		j := a.leave(context.Background(), federation.Request{Provider: "other"})
		j.Code = "c1"
		got, err := a.SignIns.FinishProvider(context.Background(), j.Callback)
		if err != nil || got.SignedIn.Session.ID != "" || got.SignedIn.Ticket != "" || got.Link == "" {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("OwnerHasToConfirm", func(t *testing.T) {
		t.Parallel()
		a := newAbroad(t)
		a.signUp(ada, secret)
		a.signUp("bob@example.com", secret)
		a.person("c1", "s1", "ADA@example.com", true)
		got, err := a.signInWith("c1")
		if err != nil || got.Link == "" || got.Email != ada || got.SignedIn.Session.ID != "" {
			t.Fatalf("%+v, %v", got, err)
		}
		_, _, err = a.Federation.ConfirmLink(context.Background(), got.Link)
		wants(t, err, fault.Unauthenticated, "unauthenticated")
		_, _, err = a.Federation.ConfirmLink(a.as(a.login("bob@example.com", secret).Access), got.Link)
		wants(t, err, fault.InvalidArgument, "link_invalid")
		ctx := a.as(a.login(ada, secret).Access)
		a.clock.pass(10*time.Minute + time.Second)
		_, _, err = a.Federation.ConfirmLink(ctx, got.Link)
		wants(t, err, fault.PermissionDenied, "step_up_required")
		ctx = a.as(a.login(ada, secret).Access)
		_, _, err = a.Federation.ConfirmLink(ctx, got.Link)
		wants(t, err, fault.InvalidArgument, "link_invalid") // over
		if got, err = a.signInWith("c1"); err != nil {
			t.Fatal(err)
		}
		linked, _, err := a.Federation.ConfirmLink(ctx, got.Link)
		if err != nil || linked.Provider != "acme" || linked.Subject != "s1" {
			t.Fatalf("%+v, %v", linked, err)
		}
		if c := lastChange(a.world); c != usersevents.CredentialsChange_CREDENTIALS_CHANGE_IDENTITY_LINKED {
			t.Errorf("told of %s", c)
		}
		_, _, err = a.Federation.ConfirmLink(ctx, got.Link)
		wants(t, err, fault.InvalidArgument, "link_invalid")
		if in, err := a.signInWith("c1"); err != nil || in.SignedIn.Session.AccountID != linked.AccountID {
			t.Errorf("%+v, %v", in, err)
		}
	})
	t.Run("DisabledAccount", func(t *testing.T) {
		t.Parallel()
		a := newAbroad(t)
		a.person("c1", "s1", ada, true)
		if _, err := a.signInWith("c1"); err != nil {
			t.Fatal(err)
		}
		a.run(`UPDATE users_accounts SET disabled_at = 1`)
		_, err := a.signInWith("c1")
		wants(t, err, fault.Unauthenticated, "sign_in_refused")
	})
}

func TestLinkWhileSignedIn(t *testing.T) {
	t.Parallel()
	a := newAbroad(t)
	a.signUp(ada, secret)
	_, err := a.Federation.Begin(context.Background(), federation.Request{Provider: "acme", Purpose: "link"})
	wants(t, err, fault.Unauthenticated, "unauthenticated")
	ctx := a.as(a.login(ada, secret).Access)
	j := a.leave(ctx, federation.Request{Provider: "acme", Purpose: "link", ReturnTo: "/me"})
	a.person("c1", "s1", "other@example.com", true)
	j.Code = "c1"
	_, err = a.SignIns.FinishProvider(a.as(a.login(ada, secret).Access), j.Callback)
	wants(t, err, fault.InvalidArgument, "sign_in_over") // another session
	j = a.leave(ctx, federation.Request{Provider: "acme", Purpose: "link", ReturnTo: "/me"})
	j.Code = "c1"
	if got, err := a.SignIns.FinishProvider(ctx, j.Callback); err != nil || !got.Linked || got.ReturnTo != "/me" || got.SignedIn.Session.ID != "" {
		t.Fatalf("%+v, %v", got, err)
	}
	linked, err := a.Federation.List(ctx)
	if err != nil || len(linked) != 1 || linked[0].Email != "other@example.com" {
		t.Fatalf("%+v, %v", linked, err)
	}
	a.signUp("bob@example.com", secret)
	bob := a.as(a.login("bob@example.com", secret).Access)
	j = a.leave(bob, federation.Request{Provider: "acme", Purpose: "link"})
	j.Code = "c1"
	_, err = a.SignIns.FinishProvider(bob, j.Callback)
	wants(t, err, fault.AlreadyExists, "identity_taken")
	wants(t, a.Federation.Unlink(bob, linked[0].ID), fault.NotFound, "identity_not_found")
	if err := a.Federation.Unlink(ctx, linked[0].ID); err != nil {
		t.Error(err)
	}
	a.clock.pass(11 * time.Minute)
	_, err = a.Federation.Begin(ctx, federation.Request{Provider: "acme", Purpose: "link"})
	wants(t, err, fault.PermissionDenied, "step_up_required")
}

func TestLastCredentialStays(t *testing.T) {
	t.Parallel()
	a := newAbroad(t)
	a.person("c1", "s1", ada, true)
	in, err := a.signInWith("c1")
	if err != nil {
		t.Fatal(err)
	}
	ctx := inSession(in.SignedIn)
	linked, err := a.Federation.List(ctx)
	if err != nil || len(linked) != 1 {
		t.Fatal(linked, err)
	}
	wants(t, a.Federation.Unlink(ctx, linked[0].ID), fault.FailedPrecondition, "last_credential")
	if _, err := a.Credentials.ChangePassword(ctx, credential.PasswordChange{Password: another, Confirm: another}); err != nil {
		t.Fatal(err)
	}
	if err := a.Federation.Unlink(ctx, linked[0].ID); err != nil {
		t.Error(err)
	}
}

func TestProviderProvesAgain(t *testing.T) {
	t.Parallel()
	a := newAbroad(t)
	a.person("c1", "s1", ada, true)
	a.person("c2", "s2", "bob@example.com", true)
	in, err := a.signInWith("c1")
	if err != nil {
		t.Fatal(err)
	}
	ctx := inSession(in.SignedIn)
	a.clock.pass(11 * time.Minute)
	a.acme.now = a.clock.Now
	prove := func(code string) (signin.ProviderOutcome, error) {
		j := a.leave(ctx, federation.Request{Provider: "acme", Purpose: "step_up"})
		j.Code = code
		return a.SignIns.FinishProvider(ctx, j.Callback)
	}
	_, err = prove("c2")
	wants(t, err, fault.AlreadyExists, "identity_taken")
	got, err := prove("c1")
	if err != nil || !got.Fresh || got.SignedIn.Browser.Token == "" || got.SignedIn.Browser.Token == in.SignedIn.Browser.Token {
		t.Fatalf("%+v, %v", got, err)
	}
	g, _ := a.enrol(ctx)
	_, err = prove("c1")
	wants(t, err, fault.PermissionDenied, "factor_required")
	if in, err = a.signInWith("c1"); err != nil || in.SignedIn.Ticket == "" || in.SignedIn.Session.ID != "" {
		t.Fatalf("%+v, %v", in, err)
	}
	if _, err := a.SignIns.CompleteSignIn(context.Background(), in.SignedIn.Ticket, g.next()); err != nil {
		t.Error(err)
	}
}

func TestProviderThatIsDown(t *testing.T) {
	t.Parallel()
	a := newAbroad(t)
	j := a.leave(context.Background(), federation.Request{Provider: "acme"})
	a.acme.down = errors.Join(openid.ErrUnavailable, errors.New("connection refused"))
	_, err := a.Federation.Begin(context.Background(), federation.Request{Provider: "acme"})
	wants(t, err, fault.Unavailable, "provider_unavailable")
	a.person("c1", "s1", ada, true)
	j.Code = "c1"
	_, err = a.SignIns.FinishProvider(context.Background(), j.Callback)
	wants(t, err, fault.Unavailable, "provider_unavailable")
	_, err = a.Federation.Begin(context.Background(), federation.Request{Provider: "nobody"})
	wants(t, err, fault.NotFound, "provider_not_found")
}

// Of two who come with one new identity at once, one makes the account and both get in.
func TestNewIdentityTwiceAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a := goAbroad(w)
		a.person("c1", "s1", ada, true)
		journeys := make([]journey, 4)
		for i := range journeys {
			journeys[i] = a.leave(context.Background(), federation.Request{Provider: "acme"})
			journeys[i].Code = "c1"
		}
		for _, err := range together(len(journeys), func(i int) error {
			_, err := a.admitted(journeys[i])
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		if n := a.count(`SELECT COUNT(*) FROM users_accounts`); n != 1 || a.count(`SELECT COUNT(*) FROM users_identities`) != 1 {
			t.Errorf("%d accounts", n)
		}
	})
}

func (a *abroad) admitted(j journey) (signin.ProviderOutcome, error) {
	got, err := a.SignIns.FinishProvider(context.Background(), j.Callback)
	if err == nil && got.SignedIn.Session.ID == "" {
		err = fmt.Errorf("not signed in: %+v", got)
	}
	return got, err
}

func TestReturnTo(t *testing.T) {
	t.Parallel()
	a := newAbroad(t)
	for _, to := range []string{"/", "/orders", "/a/b?c=d&e=%20f#g", "https://app.example/welcome", "/x@y"} {
		if got := a.Federation.ReturnTo(to); got != to {
			t.Errorf("%q becomes %q", to, got)
		}
	}
	for _, to := range evilPlaces {
		if got := a.Federation.ReturnTo(to); got != "/" {
			t.Errorf("%q becomes %q", to, got)
		}
	}
}

var evilPlaces = []string{
	"", "orders", "//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, "/\t/evil.example", "/\n/evil.example", "/%09/evil.example",
	"/%5cevil.example", "/%2f%2fevil.example", "/..//evil.example", "/./x", "/a/../b", "https://evil.example", "https:evil.example", "http://app.example/welcome",
	"https://app.example/welcome/", "https://app.example/welcome?x", "https://app.example", "https://app.example.evil.example/welcome",
	"https://app.example@evil.example/welcome", "javascript:alert(1)", "data:text/html,x", " /x", "/x y", "/é", "/x\x00", "/x\r\nSet-Cookie: a=b",
}
