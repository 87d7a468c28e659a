package signin_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/descope/virtualwebauthn"

	"app/modules/users/internal/userstest"
	"app/platform/operation/operationtest"
)

type challenge struct {
	Ceremony string          `json:"ceremony"`
	Options  json.RawMessage `json:"options"`
}

func TestPasskeyOperations(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	access := s.SignIn().AccessToken
	rp := virtualwebauthn.RelyingParty{ID: "shop.example", Name: "shop.example", Origin: userstest.Shop}
	phone, key := virtualwebauthn.NewAuthenticator(), virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	for len(key.Key.AttestationData()) != 77 { // the library leaves leading zeros of coordinates out
		key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	body := func(ceremony, credential, more string) string {
		return `{"ceremony":"` + ceremony + `","credential":` + credential + more + `}`
	}

	begun := operationtest.ReadStrict[challenge](t, s.Must(200, access, "POST", "/v1/users/me/passkeys", ""))
	attestation, err := virtualwebauthn.ParseAttestationOptions(string(begun.Options))
	if err != nil || attestation.RelyingPartyID != "shop.example" || len(attestation.Challenge) < 16 {
		t.Fatalf("%s, %v", begun.Options, err)
	}
	phone.Options.UserHandle = []byte(attestation.UserID)
	made := virtualwebauthn.CreateAttestationResponse(rp, phone, key, *attestation)
	added := s.Must(200, access, "POST", "/v1/users/me/passkeys/confirm", body(begun.Ceremony, made, `,"name":"Phone"`))
	if !strings.HasPrefix(added.Body, `{"status":"added","recovery_codes":["`) {
		t.Error(added.Body)
	}
	operationtest.WantProblem(t, s.Call(access, "POST", "/v1/users/me/passkeys/confirm", body(begun.Ceremony, made, `,"name":"Phone"`)), 401, "passkey_invalid")

	show := func(access, purpose, path, more string) operationtest.Reply {
		t.Helper()
		c := operationtest.ReadStrict[challenge](t, s.Must(200, access, "POST", "/v1/auth/passkeys/begin", `{"purpose":"`+purpose+`"}`))
		options, err := virtualwebauthn.ParseAssertionOptions(string(c.Options))
		if err != nil {
			t.Fatal(err)
		}
		key.Counter++
		return s.Call(access, "POST", path, body(c.Ceremony, virtualwebauthn.CreateAssertionResponse(rp, phone, key, *options), more))
	}
	if in := show("", "sign_in", "/v1/auth/passkeys/finish", ""); in.Status != 200 || !strings.Contains(in.Body, `"access_token":"`) {
		t.Errorf("%d %s", in.Status, in.Body)
	}
	browser := show("", "sign_in", "/v1/auth/passkeys/finish", `,"session":true`)
	if browser.Status != 200 || !strings.HasPrefix(browser.Header.Get("Set-Cookie"), "__Host-souk=") {
		t.Errorf("%d %v", browser.Status, browser.Header)
	}
	if fresh := show(access, "step_up", "/v1/auth/step-up/passkey", ""); fresh.Body != `{"status":"fresh","expires_in":600}`+"\n" {
		t.Errorf("%d %s", fresh.Status, fresh.Body)
	}
	operationtest.WantProblem(t, show(access, "step_up", "/v1/auth/passkeys/finish", ""), 401, "passkey_invalid")
	operationtest.WantProblem(t, s.Call("", "POST", "/v1/auth/passkeys/begin", `{"purpose":"register"}`), 422, "validation_failed", "/purpose")
	operationtest.WantProblem(t, s.Call("", "POST", "/v1/auth/passkeys/begin", `{"purpose":"step_up"}`), 401, "unauthenticated")
	operationtest.WantProblem(t, s.Call("", "POST", "/v1/auth/passkeys/finish", `{"ceremony":"x","credential":{}}`), 401, "passkey_invalid")
	operationtest.WantProblem(t, s.Call(access, "DELETE", "/v1/users/me/passkeys/x", ""), 404, "passkey_not_found")
	var factors struct{ Passkeys []struct{ ID, Name string } }
	if err := json.Unmarshal([]byte(s.Must(200, access, "GET", "/v1/users/me/factors", "").Body), &factors); err != nil || len(factors.Passkeys) != 1 {
		t.Fatalf("%+v, %v", factors, err)
	}
	s.Must(204, access, "DELETE", "/v1/users/me/passkeys/"+factors.Passkeys[0].ID, "")
}
