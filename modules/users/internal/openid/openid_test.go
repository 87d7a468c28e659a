package openid_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"app/modules/users/internal/openid"
	"app/platform/identity/oidctest"
)

func TestMain(m *testing.M) { os.Exit(oidctest.Run(m)) }

func (h *hostile) client() *openid.Client {
	return openid.NewClient(openid.Provider{
		Name: "acme", Issuer: h.URL, ClientID: "souk", Secret: "s3cret", Redirect: "https://shop.example/back",
	}, func() time.Time { return moment })
}

var answer = openid.Answer{Code: "code", Nonce: "nonce", Verifier: "verifier"}

func TestRedeem(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	got, err := h.client().Redeem(context.Background(), answer)
	want := openid.Identity{Issuer: h.URL, Subject: "subject-1", Email: "ada@example.com", Verified: true, FirstName: "Ada", LastName: "Lovelace"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, -want +got\n%s", err, diff)
	}
	form := map[string]string{"grant_type": "authorization_code", "code": "code", "code_verifier": "verifier", "redirect_uri": "https://shop.example/back"}
	if diff := cmp.Diff(form, h.form); diff != "" || h.asked["/token"] != 1 {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	to, err := h.client().Authorize(context.Background(), openid.Request{State: "state", Nonce: "nonce", Verifier: "verifier"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(to)
	want := url.Values{
		"client_id": {"souk"}, "redirect_uri": {"https://shop.example/back"}, "response_type": {"code"}, "scope": {"openid email profile"},
		"state": {"state"}, "nonce": {"nonce"}, "code_challenge": {challenge("verifier")}, "code_challenge_method": {"S256"},
	}
	if diff := cmp.Diff(want, u.Query()); diff != "" || err != nil || !strings.HasPrefix(to, h.URL+"/auth?") {
		t.Errorf("%s, %v, -want +got\n%s", to, err, diff)
	}
}

// What a provider's token may say and what it may not.
func TestFailure29_TokensOfProviders(t *testing.T) {
	t.Parallel()
	mallory := newHostile(t)
	for name, tc := range map[string]struct {
		claims jwt.MapClaims
		spoil  func(h *hostile)
		in     func(h *hostile, a *openid.Answer)
		good   bool
	}{
		"Unspoilt":            {good: true},
		"OtherNonce":          {claims: jwt.MapClaims{"nonce": "other"}},
		"NoNonce":             {claims: jwt.MapClaims{"nonce": nil}},
		"NoNonceNoneAsked":    {claims: jwt.MapClaims{"nonce": nil}, in: func(_ *hostile, a *openid.Answer) { a.Nonce = "" }},
		"OtherAudience":       {claims: jwt.MapClaims{"aud": "other"}},
		"TwoAudiences":        {claims: jwt.MapClaims{"aud": []string{"souk", "other"}}},
		"TwoAudiencesForUs":   {claims: jwt.MapClaims{"aud": []string{"souk", "other"}, "azp": "souk"}, good: true},
		"ForAnotherParty":     {claims: jwt.MapClaims{"azp": "other"}},
		"OtherIssuer":         {claims: jwt.MapClaims{"iss": "https://other.example"}},
		"Expired":             {claims: jwt.MapClaims{"exp": moment.Add(-2 * time.Minute).Unix()}},
		"ExpiredWithinSkew":   {claims: jwt.MapClaims{"exp": moment.Add(-30 * time.Second).Unix()}, good: true},
		"FromTheFuture":       {claims: jwt.MapClaims{"iat": moment.Add(2 * time.Minute).Unix()}},
		"AheadWithinSkew":     {claims: jwt.MapClaims{"iat": moment.Add(30 * time.Second).Unix()}, good: true},
		"NoTime":              {claims: jwt.MapClaims{"iat": nil}},
		"NoSubject":           {claims: jwt.MapClaims{"sub": nil}},
		"SubjectWithSpace":    {claims: jwt.MapClaims{"sub": "subject-1 "}},
		"LongSubject":         {claims: jwt.MapClaims{"sub": strings.Repeat("x", 256)}},
		"OtherAccessToken":    {claims: jwt.MapClaims{"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
		"AnswerOfAnother":     {in: func(_ *hostile, a *openid.Answer) { a.Issuer = "https://other.example" }},
		"AnswerNamesItself":   {in: func(h *hostile, a *openid.Answer) { a.Issuer = h.URL }, good: true},
		"AnswerForgetsIssuer": {spoil: func(h *hostile) { h.metadata = map[string]any{"authorization_response_iss_parameter_supported": true} }},
		"AlgNone": {spoil: func(h *hostile) {
			h.sign = func(token *jwt.Token) string { return unsigned(token, "none") + "." }
		}},
		"HS256WithThePublicKey": {spoil: func(h *hostile) {
			h.sign = func(token *jwt.Token) string {
				signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, token.Claims).SignedString(append(h.key.X.Bytes(), h.key.Y.Bytes()...))
				if err != nil {
					h.t.Error(err)
				}
				return signed
			}
		}},
		"ForeignKey":        {spoil: func(h *hostile) { h.sign = mallory.es256 }},
		"UnknownKid":        {spoil: func(h *hostile) { h.header = map[string]any{"kid": "other"} }},
		"JkuIsNotFollowed":  {spoil: func(h *hostile) { h.sign, h.header = mallory.es256, map[string]any{"jku": mallory.URL + "/keys"} }},
		"BrokenSignature":   {spoil: func(h *hostile) { h.sign = func(token *jwt.Token) string { return h.es256(token) + "AA" } }},
		"NoToken":           {spoil: func(h *hostile) { h.sign = func(*jwt.Token) string { return "" } }},
		"NotAToken":         {spoil: func(h *hostile) { h.sign = func(*jwt.Token) string { return "a.b.c" } }},
		"UnverifiedAddress": {claims: jwt.MapClaims{"email_verified": false}, good: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHostile(t)
			in := answer
			if h.claims = tc.claims; tc.spoil != nil {
				tc.spoil(h)
			}
			if tc.in != nil {
				tc.in(h, &in)
			}
			got, err := h.client().Redeem(context.Background(), in)
			if tc.good && err != nil || !tc.good && !errors.Is(err, openid.ErrRefused) {
				t.Errorf("%+v, %v", got, err)
			}
			if name == "UnverifiedAddress" && got.Verified {
				t.Error("the address counts as verified")
			}
		})
	}
	if n := mallory.asked["/keys"]; n != 0 {
		t.Errorf("%d requests to an address out of a token", n)
	}
}

// unsigned is a token without its signature, with another algorithm.
func unsigned(token *jwt.Token, alg string) string {
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	return part(map[string]string{"alg": alg, "typ": "JWT"}) + "." + part(token.Claims)
}

// Addresses may be in the user info instead; verified may be a word.
func TestRedeemAsksWhoItIs(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	h.claims = jwt.MapClaims{"email": nil, "email_verified": nil}
	h.info = map[string]any{"sub": "subject-1", "email": "ada@example.com", "email_verified": "true", "name": "Ada King Lovelace"}
	got, err := h.client().Redeem(context.Background(), answer)
	if err != nil || got.Email != "ada@example.com" || !got.Verified || got.FirstName != "Ada" || got.LastName != "King Lovelace" {
		t.Errorf("%+v, %v", got, err)
	}
	h.info["sub"] = "other"
	if _, err := h.client().Redeem(context.Background(), answer); !errors.Is(err, openid.ErrRefused) {
		t.Errorf("somebody else's user info: %v", err)
	}
}

// The code goes out once, also when the provider refuses it.
func TestCodeIsSentOnce(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	h.token = func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return true
	}
	if _, err := h.client().Redeem(context.Background(), answer); !errors.Is(err, openid.ErrRefused) || h.asked["/token"] != 1 {
		t.Errorf("%v after %d requests", err, h.asked["/token"])
	}
	h.token = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusBadGateway)
		return true
	}
	if _, err := h.client().Redeem(context.Background(), answer); !errors.Is(err, openid.ErrUnavailable) {
		t.Errorf("a provider out of order: %v", err)
	}
}

// A provider that sends us elsewhere, says it is another, or signs with nothing we
// accept is not asked for anything more.
func TestDiscoveryTricks(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]map[string]any{
		"OtherIssuer": {"issuer": "https://accounts.google.com"},
		"OnlyNone":    {"id_token_signing_alg_values_supported": []string{"none", "HS256"}},
		"Nonsense":    {"issuer": 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHostile(t)
			h.metadata = says
			if to, err := h.client().Authorize(context.Background(), openid.Request{State: "s", Nonce: "n", Verifier: "v"}); !errors.Is(err, openid.ErrUnavailable) {
				t.Errorf("%s, %v", to, err)
			}
		})
	}
}

// A provider that is down costs its users an error at once and comes back by itself;
// its metadata is read once an hour.
func TestProviderDown(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	var offset atomic.Int64
	c := openid.NewClient(openid.Provider{Name: "acme", Issuer: h.URL, ClientID: "souk", Secret: "s"}, func() time.Time {
		return moment.Add(time.Duration(offset.Load()))
	})
	authorize := func() error {
		_, err := c.Authorize(context.Background(), openid.Request{State: "s", Nonce: "n", Verifier: "v"})
		return err
	}
	h.metadata = map[string]any{"issuer": "broken"}
	for range 3 {
		if err := authorize(); !errors.Is(err, openid.ErrUnavailable) {
			t.Errorf("down: %v", err)
		}
	}
	const path = "/.well-known/openid-configuration"
	if h.asked[path] != 1 {
		t.Errorf("asked %d times while it is known to be down", h.asked[path])
	}
	h.metadata = nil
	offset.Store(int64(4 * time.Second))
	for range 3 {
		if err := authorize(); err != nil {
			t.Errorf("up again: %v", err)
		}
	}
	h.metadata = map[string]any{"issuer": "broken"}
	offset.Store(int64(2 * time.Hour))
	if err := authorize(); err != nil || h.asked[path] != 3 {
		t.Errorf("down after it was known: %v, asked %d times", err, h.asked[path])
	}
}

// A real provider, from its form to its token.
func TestRealProvider(t *testing.T) {
	t.Parallel()
	const back = "http://127.0.0.1:1/back"
	dex := oidctest.Start(t, oidctest.Setup{
		ClientID: "souk", Secret: "s3cret", Redirect: []string{back},
		People: []oidctest.Person{{ID: "1", Name: "ada", Email: "ada@example.com", Password: "provider's"}},
	})
	c := openid.NewClient(openid.Provider{Name: "dex", Issuer: dex.Issuer, ClientID: "souk", Secret: "s3cret", Redirect: back}, time.Now)
	to, err := c.Authorize(context.Background(), openid.Request{State: "state", Nonce: "nonce", Verifier: strings.Repeat("v", 43), Anew: true})
	if err != nil {
		t.Fatal(err)
	}
	landed, err := oidctest.NewBrowser(t).SignIn(to, back, "ada@example.com", "provider's")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(landed)
	if err != nil || u.Query().Get("state") != "state" {
		t.Fatalf("%s, %v", landed, err)
	}
	in := openid.Answer{Code: u.Query().Get("code"), Issuer: u.Query().Get("iss"), Nonce: "nonce", Verifier: strings.Repeat("x", 43)}
	if _, err := c.Redeem(context.Background(), in); !errors.Is(err, openid.ErrRefused) {
		t.Errorf("another verifier: %v", err)
	}
	in.Verifier = strings.Repeat("v", 43)
	who, err := c.Redeem(context.Background(), in)
	if err != nil || who.Email != "ada@example.com" || !who.Verified || who.Issuer != dex.Issuer || who.Subject == "" {
		t.Errorf("%+v, %v", who, err)
	}
	if _, err := c.Redeem(context.Background(), in); !errors.Is(err, openid.ErrRefused) {
		t.Errorf("the code a second time: %v", err)
	}
	dex.Stop()
	if _, err := c.Redeem(context.Background(), in); !errors.Is(err, openid.ErrUnavailable) {
		t.Errorf("a provider that is gone: %v", err)
	}
}
