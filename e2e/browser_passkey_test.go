package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"app/e2e/harness/shop"
)

// passkeys is what a page of a shop does about passkeys: it hands the shop's challenges
// to the browser and the browser's answers back.
const passkeys = `
window.call = async (method, path, body) => {
	const reply = await fetch(path, {method, headers: {"Content-Type": "application/json"}, body: body && JSON.stringify(body)})
	const text = await reply.text()
	return {status: reply.status, body: text ? JSON.parse(text) : null}
}
window.add = async (name) => {
	const begun = await call("POST", "/v1/users/me/passkeys")
	if (begun.status !== 200) return begun
	const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(begun.body.options.publicKey)
	const credential = (await navigator.credentials.create({publicKey})).toJSON()
	return call("POST", "/v1/users/me/passkeys/confirm", {ceremony: begun.body.ceremony, name, credential})
}
window.show = async (purpose, path, more) => {
	const begun = await call("POST", "/v1/auth/passkeys/begin", {purpose, ticket: more.ticket})
	if (begun.status !== 200) return begun
	const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(begun.body.options.publicKey)
	const credential = (await navigator.credentials.get({publicKey})).toJSON()
	return call("POST", path, {ceremony: begun.body.ceremony, credential, ...more})
}
`

// outcome is how the shop answered a script.
type outcome struct {
	Status int            `json:"status"`
	Body   map[string]any `json:"body"`
}

// scripted runs a script in the page and waits for what it promises.
func scripted(ctx context.Context, t *testing.T, script string) (out outcome) {
	t.Helper()
	promised := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
	if err := chromedp.Run(ctx, chromedp.Evaluate(script, &out, promised)); err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return out
}

// wantAnswer checks the status and returns what the answer has under the name, which
// must be something.
func wantAnswer(t *testing.T, what string, got outcome, status int, name string) string {
	t.Helper()
	if got.Status != status {
		t.Fatalf("%s: %d %v", what, got.Status, got.Body)
	}
	value, ok := got.Body[name].(string)
	if !ok || value == "" {
		t.Fatalf("%s: %d without %s: %v", what, got.Status, name, got.Body)
	}
	return value
}

// authenticator gives the browser a device that keeps passkeys and checks its user.
func authenticator(ctx context.Context, t *testing.T) {
	t.Helper()
	err := chromedp.Run(ctx, webauthn.Enable(), chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}).Do(ctx)
		return err
	}))
	if err != nil {
		t.Fatalf("add an authenticator: %v", err)
	}
}

// Somebody adds a passkey in a browser and signs in with it, alone and after the
// password, until it is taken away.
func TestBrowserSignsInWithAPasskey(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	address := shop.FreeAddress(t)
	_, port, _ := strings.Cut(address, ":")
	base := "http://localhost:" + port // a passkey belongs to a name
	serveAt(t, address, map[string]string{"PUBLIC_URL": base})
	const email = "ada@example.com"
	if _, err := (&shop.Client{Base: "http://" + address}).SignUp(t.Context(), email); err != nil {
		t.Fatal(err)
	}
	authenticator(browser, t)
	var loaded bool
	if err := chromedp.Run(browser, chromedp.Navigate(base+"/docs"), chromedp.Evaluate(passkeys+"true", &loaded)); err != nil {
		t.Fatal(err)
	}
	password := fmt.Sprintf(`call("POST", "/v1/auth/login", {email: %q, password: %q, session: true})`, email, shop.Password)
	wantAnswer(t, "sign in with the password", scripted(browser, t, password), 200, "session_id")
	wantAnswer(t, "add a passkey", scripted(browser, t, `add("Ada's laptop")`), 200, "status")
	wantAnswer(t, "show again who one is", scripted(browser, t, `show("step_up", "/v1/auth/step-up/passkey", {})`), 200, "status")
	wantOut(browser, t)

	alone := `show("sign_in", "/v1/auth/passkeys/finish", {session: true})`
	wantAnswer(t, "sign in with the passkey", scripted(browser, t, alone), 200, "session_id")
	if got := wantAnswer(t, "signed in", scripted(browser, t, `call("GET", "/v1/users/me")`), 200, "email"); got != email {
		t.Errorf("signed in as %q", got)
	}
	wantCookie(browser, t)
	wantOut(browser, t)

	ticket := wantAnswer(t, "the password is one factor", scripted(browser, t, password), 202, "ticket")
	wantAnswer(t, "not signed in by it", scripted(browser, t, `call("GET", "/v1/users/me")`), 401, "code")
	second := fmt.Sprintf(`show("second_factor", "/v1/auth/passkeys/finish", {ticket: %q})`, ticket)
	wantAnswer(t, "the passkey is the other", scripted(browser, t, second), 200, "session_id")
	remove := `call("GET", "/v1/users/me/factors").then(r => call("DELETE", "/v1/users/me/passkeys/" + r.body.passkeys[0].id))`
	if got := scripted(browser, t, remove); got.Status != 204 {
		t.Fatalf("remove the passkey: %d %v", got.Status, got.Body)
	}
	wantOut(browser, t)
	wantAnswer(t, "the browser still has it, the shop has not", scripted(browser, t, alone), 401, "code")
}

// wantOut signs out and sees that it holds.
func wantOut(ctx context.Context, t *testing.T) {
	t.Helper()
	if got := scripted(ctx, t, `call("POST", "/v1/auth/logout")`); got.Status != 204 {
		t.Fatalf("sign out: %d %v", got.Status, got.Body)
	}
	wantAnswer(t, "signed out", scripted(ctx, t, `call("GET", "/v1/users/me")`), 401, "code")
}
