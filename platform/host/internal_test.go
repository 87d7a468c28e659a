package host_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"app/platform/host"
	"app/platform/identity"
	"app/platform/internal/demo"
)

const (
	bankOperation = "/v1/accounts/acme"
	bankCall      = "/rpc/souk.bank.v1.Bank/Balance"
)

// vouch makes an assertion for a request to a module of the tests.
func vouch(t *testing.T, key, caller, audience string, r identity.Request) string {
	t.Helper()
	signer, err := identity.NewSigner([]byte(key), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signer.Sign(identity.Assertion{Caller: caller, Audience: audience, Principal: identity.Principal{UserID: "usr_9"}}, r)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func bank(t *testing.T, extra map[string]string) *host.Host {
	t.Helper()
	env := map[string]string{"INTERNAL_KEY": sharedKey}
	for name, value := range extra {
		env[name] = value
	}
	return start(t, options(t, demo.All(), "bank", env))
}

func TestInternalEndpointRefusesStrangers(t *testing.T) {
	t.Parallel()
	h := bank(t, nil)
	for name, c := range map[string]struct {
		key, audience string
		want          int
	}{
		"nothing":         {"", "", http.StatusUnauthorized},
		"another key":     {strings.Repeat("x", 32), "bank", http.StatusUnauthorized},
		"another module":  {sharedKey, "shop", http.StatusUnauthorized},
		"what it expects": {sharedKey, "bank", http.StatusOK},
	} {
		sign := func(caller, method, target, body string) string {
			if c.key == "" {
				return ""
			}
			return vouch(t, c.key, caller, c.audience, identity.Request{Method: method, Target: target, Body: []byte(body)})
		}
		status, body := call(t, http.MethodGet, h.URL()+bankOperation, "", "Souk-Module", "bank",
			identity.AssertionHeader, sign("door", http.MethodGet, bankOperation, ""))
		if status != c.want {
			t.Errorf("%s, operation: %d %s", name, status, body)
		}
		status, body = call(t, http.MethodPost, h.URL()+bankCall, "{}", "Souk-Module", "bank",
			identity.AssertionHeader, sign("shop", http.MethodPost, bankCall, "{}"))
		if (status == http.StatusUnauthorized) != (c.want == http.StatusUnauthorized) {
			t.Errorf("%s, call: %d %s", name, status, body)
		}
	}
	if status, _ := call(t, http.MethodGet, h.URL()+"/ready", ""); status != http.StatusOK {
		t.Errorf("ready needs an assertion: %d", status)
	}
}

// What was captured on its way to a public operation is good for nothing else, at the
// operations as at the calls.
func TestFault10_ACapturedAssertionOpensNothingElse(t *testing.T) {
	t.Parallel()
	h := bank(t, nil)
	read := identity.Request{Method: http.MethodGet, Target: bankOperation}
	for name, c := range map[string]struct {
		caller, method, path, body string
		header                     []string
	}{
		"another path":     {"door", http.MethodGet, "/v1/accounts/other", "", nil},
		"a query":          {"door", http.MethodGet, bankOperation + "?a=b", "", nil},
		"the path escaped": {"door", http.MethodGet, "/v1/accounts/%61cme", "", nil},
		"another method":   {"door", http.MethodPost, bankOperation, "", nil},
		"a body":           {"door", http.MethodGet, bankOperation, "{}", nil},
		"a header":         {"door", http.MethodGet, bankOperation, "", []string{"Cart-Token", "mine"}},
		"a call":           {"door", http.MethodPost, bankCall, "{}", nil},
		"another module":   {"shop", http.MethodGet, bankOperation, "", nil},
	} {
		header := append([]string{"Souk-Module", "bank", identity.AssertionHeader, vouch(t, sharedKey, c.caller, "bank", read)}, c.header...)
		if status, body := call(t, c.method, h.URL()+c.path, c.body, header...); status != http.StatusUnauthorized && status != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	token := vouch(t, sharedKey, "door", "bank", read)
	for n, want := range []int{http.StatusOK, http.StatusUnauthorized} {
		if status, body := call(t, http.MethodGet, h.URL()+bankOperation, "", "Souk-Module", "bank", identity.AssertionHeader, token); status != want {
			t.Errorf("use %d: %d %s", n+1, status, body)
		}
	}
}

// A module that has not declared a call is refused by the callee, also the gateway.
func TestFault10_UndeclaredCallersAreRefused(t *testing.T) {
	t.Parallel()
	h := bank(t, nil)
	for caller, want := range map[string]int{"shop": 0, "door": http.StatusForbidden, "nobody": http.StatusForbidden, "bank": http.StatusForbidden} {
		token := vouch(t, sharedKey, caller, "bank", identity.Request{Method: http.MethodPost, Target: bankCall, Body: []byte("{}")})
		status, body := call(t, http.MethodPost, h.URL()+bankCall, "{}", "Souk-Module", "bank", identity.AssertionHeader, token)
		if (status == http.StatusForbidden) != (want == http.StatusForbidden) || want != 0 && !strings.Contains(body, "caller_not_declared") {
			t.Errorf("%s: %d %s", caller, status, body)
		}
	}
}

// unbound is an assertion as the release of 2026-11-21 made them: for no request in
// particular.
func unbound(t *testing.T, caller string) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"iss": caller, "aud": "bank", "prn": map[string]any{}, "exp": time.Now().Add(identity.AssertionTTL).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	body := base64.RawURLEncoding.EncodeToString(text)
	mac := hmac.New(sha256.New, []byte(sharedKey))
	mac.Write([]byte(body))
	return body + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// While processes are replaced one by one, those of the release before are believed
// where the operator says so, and nowhere else.
func TestFault10_AssertionsOfTheReleaseBefore(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]int{"": http.StatusUnauthorized, "strict": http.StatusUnauthorized, "compatible": http.StatusOK} {
		h := bank(t, map[string]string{"INTERNAL_ASSERTIONS": setting})
		status, body := call(t, http.MethodGet, h.URL()+bankOperation, "", "Souk-Module", "bank", identity.AssertionHeader, unbound(t, "door"))
		if status != want {
			t.Errorf("%q: %d %s", setting, status, body)
		}
		token := vouch(t, sharedKey, "door", "bank", identity.Request{Method: http.MethodGet, Target: "/v1/accounts/other"})
		if status, _ := call(t, http.MethodGet, h.URL()+bankOperation, "", "Souk-Module", "bank", identity.AssertionHeader, token); status != http.StatusUnauthorized {
			t.Errorf("%q believes one for another request: %d", setting, status)
		}
	}
}
