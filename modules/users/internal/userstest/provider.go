package userstest

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"app/modules/users/internal/federation"
	"app/modules/users/internal/openid"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/subjects"
)

// provider answers for whoever holds a code.
type provider struct {
	Down   error
	People map[string]openid.Identity // by code

	mu    sync.Mutex
	Asked []openid.Answer
	Anew  int              // how often a new sign-in was asked for
	At    func() time.Time // of a sign-in there; nil: it does not say
}

func (p *provider) Authorize(_ context.Context, r openid.Request) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Anew {
		p.Anew++
	}
	return "https://id.example/auth?" + url.Values{"state": {r.State}, "nonce": {r.Nonce}, "verifier": {r.Verifier}}.Encode(), p.Down
}

func (p *provider) Redeem(_ context.Context, in openid.Answer) (openid.Identity, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Asked = append(p.Asked, in)
	who, ok := p.People[in.Code]
	if !ok {
		return openid.Identity{}, fmt.Errorf("test: %w", openid.ErrRefused)
	}
	if p.At != nil {
		who.SignedInAt = p.At()
	}
	return who, p.Down
}

const issuer = "https://id.example"

// Abroad is a world with two providers.
type Abroad struct {
	*World
	Acme, Other *provider
}

// NewAbroad is a world on SQLite with two providers.
func NewAbroad(t *testing.T) *Abroad {
	t.Helper()
	return GoAbroad(NewWorld(t))
}

// GoAbroad gives a world two providers.
func GoAbroad(w *World) *Abroad {
	a := &Abroad{World: w, Acme: &provider{People: map[string]openid.Identity{}}, Other: &provider{People: map[string]openid.Identity{}}}
	w.Set = w.With(func(o *subjects.Options) {
		o.Providers = federation.Providers{"acme": a.Acme, "other": a.Other}
		o.ReturnTo = []string{"https://app.example/welcome"}
	})
	return a
}

// Person is at acme, under a code.
func (a *Abroad) Person(code, subject, email string, verified bool) {
	a.Acme.People[code] = openid.Identity{Issuer: issuer, Subject: subject, Email: email, Verified: verified, FirstName: "Ada", LastName: "Lovelace"}
}

// Journey is a browser that has left.
type Journey struct {
	federation.Callback
	Nonce string
}

// Leave sends a browser to a provider.
func (a *Abroad) Leave(ctx context.Context, in federation.Request) Journey {
	a.T.Helper()
	to, err := a.Federation.Begin(ctx, in)
	if err != nil {
		a.T.Fatal(err)
	}
	u, err := url.Parse(to.URL)
	if err != nil || len(u.Query().Get("verifier")) < 43 {
		a.T.Fatalf("%s, %v", to.URL, err)
	}
	return Journey{federation.Callback{Provider: in.Provider, State: u.Query().Get("state"), Browser: to.Browser}, u.Query().Get("nonce")}
}

// SignInWith signs in at acme with a code.
func (a *Abroad) SignInWith(code string) (signin.ProviderOutcome, error) {
	a.T.Helper()
	j := a.Leave(context.Background(), federation.Request{Provider: "acme"})
	j.Code = code
	return a.SignIns.FinishProvider(context.Background(), j.Callback)
}

// Admitted comes back from the provider and has to be signed in.
func (a *Abroad) Admitted(j Journey) (signin.ProviderOutcome, error) {
	got, err := a.SignIns.FinishProvider(context.Background(), j.Callback)
	if err == nil && got.SignedIn.Session.ID == "" {
		err = fmt.Errorf("not signed in: %+v", got)
	}
	return got, err
}
