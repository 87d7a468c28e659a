package subjects_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/ceremony"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/subjects"
	"app/modules/users/usersevents"
	"app/platform/fault"
)

// phone is an authenticator with one passkey.
type phone struct {
	w   *world
	rp  virtualwebauthn.RelyingParty
	key virtualwebauthn.Credential
	virtualwebauthn.Authenticator
}

func newPhone(w *world) *phone {
	return &phone{
		w: w, key: newKey(), Authenticator: virtualwebauthn.NewAuthenticator(),
		rp: virtualwebauthn.RelyingParty{ID: "shop.example", Name: "shop.example", Origin: home},
	}
}

// newKey makes a key whose coordinates have all their bytes: the library leaves leading
// zeros out, which no authenticator does.
func newKey() virtualwebauthn.Credential {
	const whole = 77 // bytes of a COSE key of P-256
	for {
		if key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(key.Key.AttestationData()) == whole {
			return key
		}
	}
}

func (p *phone) options(c factor.Challenge) string {
	p.w.t.Helper()
	raw, err := json.Marshal(c.Options)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return string(raw)
}

// attest answers a challenge for a new passkey.
func (p *phone) attest(c factor.Challenge) factor.NewPasskey {
	p.w.t.Helper()
	options, err := virtualwebauthn.ParseAttestationOptions(p.options(c))
	if err != nil {
		p.w.t.Fatal(err)
	}
	p.Options.UserHandle = []byte(options.UserID)
	return factor.NewPasskey{
		Ceremony: c.Ceremony, Name: "Phone", Credential: []byte(virtualwebauthn.CreateAttestationResponse(p.rp, p.Authenticator, p.key, *options)),
	}
}

// assert answers a challenge with the passkey, whose count grows.
func (p *phone) assert(c factor.Challenge) signin.PasskeyAnswer {
	p.w.t.Helper()
	p.key.Counter++
	return p.again(c)
}

// again answers without a new count.
func (p *phone) again(c factor.Challenge) signin.PasskeyAnswer {
	p.w.t.Helper()
	options, err := virtualwebauthn.ParseAssertionOptions(p.options(c))
	if err != nil {
		p.w.t.Fatal(err)
	}
	return signin.PasskeyAnswer{Ceremony: c.Ceremony, Credential: []byte(virtualwebauthn.CreateAssertionResponse(p.rp, p.Authenticator, p.key, *options))}
}

func (w *world) challenge(ctx context.Context, purpose, ticket string) factor.Challenge {
	w.t.Helper()
	c, err := w.SignIns.BeginPasskey(ctx, purpose, ticket)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// add adds the phone's passkey to the account of the session.
func (p *phone) add(ctx context.Context) factor.Added {
	p.w.t.Helper()
	c, err := p.w.Factors.BeginPasskey(ctx)
	if err != nil {
		p.w.t.Fatal(err)
	}
	added, err := p.w.Factors.AddPasskey(ctx, p.attest(c))
	if err != nil {
		p.w.t.Fatal(err)
	}
	return added
}

func TestPasskeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.signUp(ada, secret)
	ctx := w.as(w.login(ada, secret).Access)
	p := newPhone(w)
	if added := p.add(ctx); len(added.Recovery) != 10 || sessionLevel(ctx, w) != authn.AAL2 {
		t.Errorf("%+v", added)
	}
	if got := lastChange(w); got != usersevents.CredentialsChange_CREDENTIALS_CHANGE_PASSKEY_ADDED {
		t.Errorf("told of %s", got)
	}
	in, err := w.SignIns.FinishPasskey(context.Background(), p.assert(w.challenge(context.Background(), ceremony.SignIn, "")))
	if err != nil || in.Session.AccountID != user.ID || in.Session.Level != int(authn.AAL2) || in.Session.Methods != "passkey" || in.Tokens.Access == "" {
		t.Fatalf("%+v, %v", in, err)
	}
	ticket := w.ticket()
	shown := p.assert(w.challenge(context.Background(), ceremony.SecondFactor, ticket))
	shown.Ticket = ticket
	if in, err = w.SignIns.FinishPasskey(context.Background(), shown); err != nil || in.Session.Methods != "password passkey" || in.Session.Level != int(authn.AAL2) {
		t.Fatalf("%+v, %v", in, err)
	}
	w.clock.pass(11 * time.Minute)
	_, err = w.Factors.BeginPasskey(ctx)
	wants(t, err, fault.PermissionDenied, "step_up_required")
	shown = p.assert(w.challenge(ctx, ceremony.StepUp, ""))
	shown.StepUp = true
	if _, err := w.SignIns.FinishPasskey(ctx, shown); err != nil {
		t.Fatal(err)
	}
	f, err := w.Factors.List(ctx)
	if err != nil || len(f.Passkeys) != 1 || f.Passkeys[0].Name != "Phone" || f.Passkeys[0].UsedAt.IsZero() || f.Recovery != 10 {
		t.Fatalf("%+v, %v", f, err)
	}
	wants(t, w.Factors.RemovePasskey(ctx, "psk_other"), fault.NotFound, "passkey_not_found")
	if err := w.Factors.RemovePasskey(ctx, f.Passkeys[0].ID); err != nil {
		t.Fatal(err)
	}
	w.login(ada, secret) // no factor any more
	_, err = w.SignIns.FinishPasskey(context.Background(), p.assert(w.challenge(context.Background(), ceremony.SignIn, "")))
	wants(t, err, fault.Unauthenticated, "passkey_invalid")
}

// What an answer has to be: to its challenge, once, from our site, by a user who was
// checked, with a count that grows.
func TestPasskeyTricks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(ada, secret)
	ctx := w.as(w.login(ada, secret).Access)
	p := newPhone(w)
	p.add(ctx)
	bg := context.Background()
	refused := func(name string, in signin.PasskeyAnswer) {
		t.Helper()
		got, err := w.SignIns.FinishPasskey(bg, in)
		wants(t, err, fault.Unauthenticated, "passkey_invalid")
		if got.Session.ID != "" {
			t.Errorf("%s: signed in", name)
		}
	}
	challenge := func() factor.Challenge { return w.challenge(bg, ceremony.SignIn, "") }
	good := p.assert(challenge())
	if _, err := w.SignIns.FinishPasskey(bg, good); err != nil {
		t.Fatal(err)
	}
	refused("the same answer again", good)
	refused("a count that stays", p.again(challenge()))
	p.key.Counter = 0
	refused("a count that falls", p.again(challenge()))
	p.key.Counter = 10
	other := p.assert(challenge())
	other.Ceremony = challenge().Ceremony
	refused("an answer to another challenge", other)
	late := p.assert(challenge())
	w.clock.pass(5 * time.Minute)
	refused("too late", late)
	p.rp.Origin = "https://evil.example"
	refused("another site", p.assert(challenge()))
	p.rp.Origin, p.rp.ID = home, "evil.example"
	refused("another host", p.assert(challenge()))
	p.rp.ID = "shop.example"
	p.Options.UserNotVerified = true
	refused("user not checked", p.assert(challenge()))
	p.Options.UserNotVerified = false
	stranger := newPhone(w)
	stranger.Options.UserHandle = p.Options.UserHandle
	refused("an unknown passkey", stranger.assert(challenge()))
	forged := p.assert(challenge())
	forged.Credential = []byte(`{"id":"x"}`)
	refused("nonsense", forged)
	begun, err := w.Factors.BeginPasskey(w.as(w.login2(p)))
	if err != nil {
		t.Fatal(err)
	}
	crossed := p.assert(challenge())
	crossed.Ceremony = begun.Ceremony
	refused("a challenge for a new passkey", crossed)
	if _, err := w.SignIns.FinishPasskey(bg, p.assert(challenge())); err != nil {
		t.Errorf("the passkey still works: %v", err)
	}
}

// login2 signs in with the phone.
func (w *world) login2(p *phone) string {
	w.t.Helper()
	in, err := w.SignIns.FinishPasskey(context.Background(), p.assert(w.challenge(context.Background(), ceremony.SignIn, "")))
	if err != nil {
		w.t.Fatal(err)
	}
	return in.Tokens.Access
}

// Of answers to one challenge at once, one signs in; also from a passkey that counts
// nothing, as those do that are kept in step between devices.
func TestFailure24_PasskeyAnswersOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.signUp(ada, secret)
		p := newPhone(w)
		p.add(w.as(w.login(ada, secret).Access))
		shown := p.again(w.challenge(context.Background(), ceremony.SignIn, ""))
		good := 0
		for _, err := range together(5, func(int) error {
			_, err := w.SignIns.FinishPasskey(context.Background(), shown)
			return err
		}) {
			if err == nil {
				good++
			} else {
				wants(t, err, fault.Unauthenticated, "passkey_invalid")
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
	w := newWorld(t)
	w.signUp(ada, secret)
	w.signUp("bob@example.com", secret)
	mine, theirs := newPhone(w), newPhone(w)
	ctx := w.as(w.login(ada, secret).Access)
	mine.add(ctx)
	theirs.add(w.as(w.login("bob@example.com", secret).Access))
	ticket := w.ticket()
	shown := theirs.assert(w.challenge(context.Background(), ceremony.SecondFactor, ticket))
	shown.Ticket = ticket
	_, err := w.SignIns.FinishPasskey(context.Background(), shown)
	wants(t, err, fault.Unauthenticated, "passkey_invalid")
	shown = mine.assert(w.challenge(context.Background(), ceremony.SecondFactor, ticket))
	shown.Ticket = w.ticket()
	_, err = w.SignIns.FinishPasskey(context.Background(), shown)
	wants(t, err, fault.Unauthenticated, "ticket_invalid")
	shown = theirs.assert(w.challenge(ctx, ceremony.StepUp, ""))
	shown.StepUp = true
	_, err = w.SignIns.FinishPasskey(ctx, shown)
	wants(t, err, fault.Unauthenticated, "passkey_invalid")
	shown = mine.assert(w.challenge(ctx, ceremony.StepUp, ""))
	_, err = w.SignIns.FinishPasskey(context.Background(), shown) // as a sign-in
	wants(t, err, fault.Unauthenticated, "passkey_invalid")
	_, err = w.SignIns.BeginPasskey(context.Background(), ceremony.SecondFactor, "spt_x")
	wants(t, err, fault.Unauthenticated, "ticket_invalid")
	_, err = w.SignIns.BeginPasskey(context.Background(), ceremony.StepUp, "")
	wants(t, err, fault.Unauthenticated, "unauthenticated")
	c, err := w.Factors.BeginPasskey(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Factors.AddPasskey(ctx, theirs.attest(c))
	wants(t, err, fault.Unauthenticated, "passkey_invalid") // it is somebody's already
}

func TestPasskeyOfADisabledAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(ada, secret)
	p := newPhone(w)
	p.add(w.as(w.login(ada, secret).Access))
	w.run(`UPDATE users_accounts SET disabled_at = 1`)
	_, err := w.SignIns.FinishPasskey(context.Background(), p.assert(w.challenge(context.Background(), ceremony.SignIn, "")))
	wants(t, err, fault.Unauthenticated, "passkey_invalid")
}

func TestPasskeysNeedAHostName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, address := range []string{"http://127.0.0.1:8080", "http://[::1]:8080", ""} {
		s := w.with(func(o *subjects.Options) { o.PublicURL = address })
		_, err := s.SignIns.BeginPasskey(context.Background(), ceremony.SignIn, "")
		wants(t, err, fault.FailedPrecondition, "passkeys_unavailable")
		if !strings.Contains(fault.From(err).Detail, "set PUBLIC_URL to one that has") {
			t.Errorf("%s: %v does not say what to do", address, err)
		}
	}
	if _, err := w.with(func(o *subjects.Options) { o.PublicURL = "http://localhost:8080" }).SignIns.BeginPasskey(context.Background(), ceremony.SignIn, ""); err != nil {
		t.Error(err)
	}
}
