package e2e_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"app/e2e/harness/shop"
	"app/platform/identity"
	"app/platform/identity/oidctest"
)

var (
	signInLetter   = regexp.MustCompile(`sign in with this code:\s+(\d{6})`)
	recoveryLetter = regexp.MustCompile(`choose a new password:\s+(\d{6})`)
)

// asked asks for a code and reads it from the letter.
func asked(t *testing.T, s *shop.Shop, path, email string, letter *regexp.Regexp) map[string]any {
	t.Helper()
	var out struct{ Request string }
	if err := s.Call(t.Context(), http.StatusAccepted, http.MethodPost, path, map[string]string{"email": email}, &out); err != nil {
		t.Fatal(err)
	}
	l := must(s.AwaitLetter(t.Context(), email, letter))(t)
	return map[string]any{"request": out.Request, "code": letter.FindStringSubmatch(l.Text)[1]}
}

// signedIn is the answer to a sign-in.
type signedIn struct {
	Status      string   `json:"status"`
	AccessToken string   `json:"access_token"`
	Ticket      string   `json:"ticket"`
	Factors     []string `json:"factors"`
}

// generator is somebody's authenticator app.
type generator struct {
	secret string
	used   int64 // the last time step that a code was shown of
}

// next is a code of a time step after those that were used. The shop goes by the real
// clock and takes a code ten seconds before its step begins, so this may have to wait
// for that.
func (g *generator) next(t *testing.T) string {
	t.Helper()
	const step, early = 30, 9
	at := max(time.Now().Unix()/step, g.used+1)
	if wait := time.Until(time.Unix(at*step-early, 0)); wait > 0 {
		<-time.After(wait)
	}
	g.used = at
	return must(totp.GenerateCode(g.secret, time.Unix(at*step, 0)))(t)
}

// Somebody signs in with a code from a letter, without a password.
func TestScenario_SignInWithCode(t *testing.T) {
	t.Parallel()
	shop.Run(t, signInWithCode, nil)
}

func signInWithCode(t *testing.T, s *shop.Shop) {
	const email = "ada@example.com"
	must(s.SignUp(t.Context(), email))(t)
	proof := asked(t, s, "/v1/auth/code", email, signInLetter)
	var in signedIn
	if err := s.Call(t.Context(), http.StatusOK, http.MethodPost, "/v1/auth/code/verify", proof, &in); err != nil {
		t.Fatal(err)
	}
	wantMe(t, s.As(in.AccessToken), http.StatusOK, "signed in with a code")
	err := s.Call(t.Context(), http.StatusOK, http.MethodPost, "/v1/auth/code/verify", proof, nil)
	if shop.StatusOf(err) != http.StatusUnprocessableEntity {
		t.Errorf("the code a second time: %v", err)
	}
	err = s.Call(t.Context(), http.StatusAccepted, http.MethodPost, "/v1/auth/code", map[string]string{"email": "nobody@example.com"}, nil)
	if err != nil {
		t.Error(err)
	}
	must(s.AwaitLetter(t.Context(), "nobody@example.com", regexp.MustCompile(`.`)))(t)
}

// Somebody with a second factor forgets the password: a new one is set, every session
// ends, and the factor is still asked for.
func TestScenario_RecoveryKeepsTheSecondFactor(t *testing.T) {
	t.Parallel()
	shop.Run(t, recoveryKeepsTheSecondFactor, nil)
}

func recoveryKeepsTheSecondFactor(t *testing.T, s *shop.Shop) {
	const email, password = "ada@example.com", "Another-Horse-8"
	ada := must(s.SignUp(t.Context(), email))(t)
	var enrolled struct{ Secret string }
	if err := ada.Call(t.Context(), http.StatusOK, http.MethodPost, "/v1/users/me/totp", nil, &enrolled); err != nil {
		t.Fatal(err)
	}
	g := generator{secret: enrolled.Secret}
	var added struct {
		RecoveryCodes []string `json:"recovery_codes"`
	}
	if err := ada.Call(t.Context(), http.StatusOK, http.MethodPost, "/v1/users/me/totp/confirm", map[string]string{"code": g.next(t)}, &added); err != nil || len(added.RecoveryCodes) != 10 {
		t.Fatalf("%v, %v", added, err)
	}
	must(s.AwaitLetter(t.Context(), email, regexp.MustCompile("protection of your account")))(t)
	proof := asked(t, s, "/v1/auth/password/forgot", email, recoveryLetter)
	proof["password"], proof["confirm_password"] = password, password
	if err := s.Call(t.Context(), http.StatusNoContent, http.MethodPost, "/v1/auth/password/reset", proof, nil); err != nil {
		t.Fatal(err)
	}
	wantMe(t, ada, http.StatusUnauthorized, "the session from before the reset")
	begin := func() string {
		t.Helper()
		var in signedIn
		err := s.Call(t.Context(), http.StatusAccepted, http.MethodPost, "/v1/auth/login", map[string]string{"email": email, "password": password}, &in)
		if err != nil || in.Status != "second_factor_required" || in.AccessToken != "" || in.Ticket == "" {
			t.Fatalf("%+v, %v", in, err)
		}
		return in.Ticket
	}
	for _, factor := range []map[string]string{
		{"method": "recovery", "code": added.RecoveryCodes[0]}, {"method": "totp", "code": g.next(t)},
	} {
		factor["ticket"] = begin()
		var in signedIn
		if err := s.Call(t.Context(), http.StatusOK, http.MethodPost, "/v1/auth/second-factor", factor, &in); err != nil {
			t.Fatalf("%s: %v", factor["method"], err)
		}
		wantMe(t, s.As(in.AccessToken), http.StatusOK, factor["method"])
	}
}

// Somebody signs in with a browser at a real provider, where the shop sends them and
// whence they come back with a session; links it to an account that was there before
// only by its password.
func TestScenario_SignInAtProvider(t *testing.T) {
	t.Parallel()
	for _, shape := range shop.Shapes {
		t.Run(string(shape), func(t *testing.T) {
			t.Parallel()
			address := shop.FreeAddress(t) // the shop asks for the provider when somebody wants to go there, not before
			s := shop.Open(t, shape, map[string]string{
				"GOOGLE_CLIENT_ID": "souk", "GOOGLE_CLIENT_SECRET": "s3cret", "GOOGLE_ISSUER": "http://" + address,
				"OIDC_PROVIDERS": `[{"name":"acme","issuer":"http://` + address + `","client_id":"souk","client_secret":"s3cret"}]`,
			})
			b := visitor{oidctest.NewBrowser(t), s}
			if got := b.Get(s.Base + "/v1/auth/google"); got.Status != http.StatusServiceUnavailable || !strings.Contains(got.Body, "provider_unavailable") {
				t.Errorf("without the provider: %d %s", got.Status, got.Body)
			}
			oidctest.Start(t, oidctest.Setup{
				Listen: address, ClientID: "souk", Secret: "s3cret", Redirect: []string{s.Base + "/v1/auth/google/callback", s.Base + "/v1/auth/oidc/acme/callback"},
				People: []oidctest.Person{
					{ID: "1", Name: "ada", Email: "ada@example.com", Password: "ada's"}, {ID: "2", Name: "bob", Email: "bob@example.com", Password: "bob's"},
				},
			})
			visitProvider(t, s)
		})
	}
}

// visitor is a browser at the shop.
type visitor struct {
	*oidctest.Browser

	s *shop.Shop
}

// journey goes to the provider, signs in there and comes back, to the address that is
// not yet opened.
func (b visitor) journey(t *testing.T, path, person string) string {
	t.Helper()
	left := b.Get(b.s.Base + path)
	for deadline := time.Now().Add(30 * time.Second); left.Status == http.StatusServiceUnavailable && time.Now().Before(deadline); {
		<-time.After(100 * time.Millisecond) // it was down a moment ago
		left = b.Get(b.s.Base + path)
	}
	if left.Status != http.StatusSeeOther {
		t.Fatalf("%s: %d %s", path, left.Status, left.Body)
	}
	return must(b.SignIn(left.Location, b.s.Base, person+"@example.com", person+"'s"))(t)
}

// me tells whom the browser is signed in as.
func (b visitor) me() string {
	return b.Get(b.s.Base + "/v1/users/me").Body
}

func visitProvider(t *testing.T, s *shop.Shop) {
	b := visitor{oidctest.NewBrowser(t), s}
	back := b.journey(t, "/v1/auth/google?return_to="+url.QueryEscape("/docs"), "ada")
	if got := (visitor{oidctest.NewBrowser(t), s}).Get(back); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("the answer in another browser: %d %s", got.Status, got.Body)
	}
	if got := b.Get(back); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("the answer after that: %d", got.Status)
	}
	back = b.journey(t, "/v1/auth/google?return_to="+url.QueryEscape("/docs"), "ada")
	landed := b.Get(back)
	if landed.Status != http.StatusSeeOther || landed.Location != s.Base+"/docs" {
		t.Fatalf("%d %v %s", landed.Status, landed.Header, landed.Body)
	}
	session := b.Cookie(s.Base, identity.SessionCookie)
	if session == "" || !strings.Contains(b.me(), `"email":"ada@example.com"`) {
		t.Errorf("signed in as %s", b.me())
	}
	if got := b.Get(back); got.Status != http.StatusUnprocessableEntity { // a state is good once
		t.Errorf("the same answer again: %d", got.Status)
	}
	b.Get(b.journey(t, "/v1/auth/oidc/acme?return_to=//evil.example", "ada"))
	if again := b.Cookie(s.Base, identity.SessionCookie); again == session || again == "" {
		t.Error("the session's cookie did not change at sign-in")
	}
	linkByPassword(t, s)
}

// The address at the provider has an account here: only its password connects the two.
func linkByPassword(t *testing.T, s *shop.Shop) {
	must(s.SignUp(t.Context(), "bob@example.com"))(t)
	b := visitor{oidctest.NewBrowser(t), s}
	page := b.Get(b.journey(t, "/v1/auth/google", "bob"))
	if page.Status != http.StatusOK || !strings.Contains(page.Body, "There is an account with this address") || b.Cookie(s.Base, identity.SessionCookie) != "" {
		t.Fatalf("%d %s", page.Status, page.Body)
	}
	if got := b.Post(s.Base+"/v1/auth/links/page", url.Values{"password": {"wrong"}}); got.Status != http.StatusUnauthorized {
		t.Errorf("a wrong password: %d %s", got.Status, got.Body)
	}
	linked := b.Post(s.Base+"/v1/auth/links/page", url.Values{"password": {shop.Password}})
	if linked.Status != http.StatusSeeOther || !strings.Contains(b.me(), `"email":"bob@example.com"`) {
		t.Fatalf("%d %s; signed in as %s", linked.Status, linked.Body, b.me())
	}
	fresh := visitor{oidctest.NewBrowser(t), s}
	if got := fresh.Get(fresh.journey(t, "/v1/auth/google", "bob")); got.Status != http.StatusSeeOther || !strings.Contains(fresh.me(), `"email":"bob@example.com"`) {
		t.Errorf("%d %s; signed in as %s", got.Status, got.Body, fresh.me())
	}
	must(s.AwaitLetter(t.Context(), "bob@example.com", regexp.MustCompile("protection of your account")))(t)
}
