package userstest

import (
	"context"
	"encoding/json"

	"github.com/descope/virtualwebauthn"

	"app/modules/users/internal/ceremony"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/signin"
)

// Phone is an authenticator with one passkey.
type Phone struct {
	w   *World
	RP  virtualwebauthn.RelyingParty
	Key virtualwebauthn.Credential
	virtualwebauthn.Authenticator
}

// NewPhone makes a phone, which no account knows yet.
func NewPhone(w *World) *Phone {
	return &Phone{
		w: w, Key: newKey(), Authenticator: virtualwebauthn.NewAuthenticator(),
		RP: virtualwebauthn.RelyingParty{ID: "shop.example", Name: "shop.example", Origin: Home},
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

func (p *Phone) ceremonyOptions(c factor.Challenge) string {
	p.w.T.Helper()
	raw, err := json.Marshal(c.Options)
	if err != nil {
		p.w.T.Fatal(err)
	}
	return string(raw)
}

// Attest answers a challenge for a new passkey.
func (p *Phone) Attest(c factor.Challenge) factor.NewPasskey {
	p.w.T.Helper()
	options, err := virtualwebauthn.ParseAttestationOptions(p.ceremonyOptions(c))
	if err != nil {
		p.w.T.Fatal(err)
	}
	p.Options.UserHandle = []byte(options.UserID)
	return factor.NewPasskey{
		Ceremony: c.Ceremony, Name: "Phone", Credential: []byte(virtualwebauthn.CreateAttestationResponse(p.RP, p.Authenticator, p.Key, *options)),
	}
}

// Assert answers a challenge with the passkey, whose count grows.
func (p *Phone) Assert(c factor.Challenge) signin.PasskeyAnswer {
	p.w.T.Helper()
	p.Key.Counter++
	return p.Again(c)
}

// Again answers without a new count.
func (p *Phone) Again(c factor.Challenge) signin.PasskeyAnswer {
	p.w.T.Helper()
	options, err := virtualwebauthn.ParseAssertionOptions(p.ceremonyOptions(c))
	if err != nil {
		p.w.T.Fatal(err)
	}
	return signin.PasskeyAnswer{Ceremony: c.Ceremony, Credential: []byte(virtualwebauthn.CreateAssertionResponse(p.RP, p.Authenticator, p.Key, *options))}
}

// Challenge begins to show a passkey.
func (w *World) Challenge(ctx context.Context, purpose, ticket string) factor.Challenge {
	w.T.Helper()
	c, err := w.SignIns.BeginPasskey(ctx, purpose, ticket)
	if err != nil {
		w.T.Fatal(err)
	}
	return c
}

// Add adds the phone's passkey to the account of the session.
func (p *Phone) Add(ctx context.Context) factor.Added {
	p.w.T.Helper()
	c, err := p.w.Factors.BeginPasskey(ctx)
	if err != nil {
		p.w.T.Fatal(err)
	}
	added, err := p.w.Factors.AddPasskey(ctx, p.Attest(c))
	if err != nil {
		p.w.T.Fatal(err)
	}
	return added
}

// Login2 signs in with the phone.
func (w *World) Login2(p *Phone) string {
	w.T.Helper()
	in, err := w.SignIns.FinishPasskey(context.Background(), p.Assert(w.Challenge(context.Background(), ceremony.SignIn, "")))
	if err != nil {
		w.T.Fatal(err)
	}
	return in.Tokens.Access
}
