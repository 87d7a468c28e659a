package openid_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"app/modules/users/internal/openid"
)

// Who is to prove again who they are is sent to sign in at the provider again.
func TestFault19_ANewSignInIsAskedFor(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	for anew, want := range map[bool]string{true: "0", false: ""} {
		to, err := h.client().Authorize(context.Background(), openid.Request{State: "state", Nonce: "nonce", Verifier: "verifier", Anew: anew})
		u, bad := url.Parse(to)
		if err != nil || bad != nil || u.Query().Get("max_age") != want || u.Query().Get("nonce") != "nonce" {
			t.Errorf("%v: %s, %v", anew, to, err)
		}
	}
}

// What the provider says of when and how somebody signed in is read out of the ID
// token, never out of the user info; what makes no sense counts as not said, and two
// factors count only in words that are configured.
func TestFault19_WhenAndHow(t *testing.T) {
	t.Parallel()
	at := moment.Add(-5 * time.Minute).Truncate(time.Second).UTC()
	for name, tc := range map[string]struct {
		claims jwt.MapClaims
		at     time.Time
		two    bool
	}{
		"Nothing":      {nil, time.Time{}, false},
		"Time":         {jwt.MapClaims{"auth_time": at.Unix()}, at, false},
		"Fraction":     {jwt.MapClaims{"auth_time": float64(at.Unix()) + .5}, at, false},
		"TimeAsText":   {jwt.MapClaims{"auth_time": "yesterday"}, time.Time{}, false},
		"Negative":     {jwt.MapClaims{"auth_time": -1}, time.Time{}, false},
		"Endless":      {jwt.MapClaims{"auth_time": 1e300}, time.Time{}, false},
		"ACR":          {jwt.MapClaims{"acr": "urn:two"}, time.Time{}, true},
		"OtherACR":     {jwt.MapClaims{"acr": "urn:one"}, time.Time{}, false},
		"AMR":          {jwt.MapClaims{"amr": []string{"pwd", "mfa"}}, time.Time{}, true},
		"OtherAMR":     {jwt.MapClaims{"amr": []string{"pwd", "otp"}}, time.Time{}, false},
		"AMRAsText":    {jwt.MapClaims{"amr": "mfa"}, time.Time{}, false},
		"ACRIsNoAMR":   {jwt.MapClaims{"acr": "mfa", "amr": []string{"urn:two"}}, time.Time{}, false},
		"ACRAsNumber":  {jwt.MapClaims{"acr": 2}, time.Time{}, false},
		"NotTheirInfo": {jwt.MapClaims{"email": nil}, time.Time{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHostile(t)
			h.claims = tc.claims
			h.info = map[string]any{"sub": "subject-1", "email": "ada@example.com", "acr": "urn:two", "auth_time": at.Unix()}
			c := h.client()
			c.TwoFactorACR, c.TwoFactorAMR = []string{"urn:two"}, []string{"mfa"}
			who, err := c.Redeem(context.Background(), answer)
			if err != nil || !who.SignedInAt.Equal(tc.at) || who.TwoFactors != tc.two {
				t.Errorf("%+v, %v", who, err)
			}
			plain, err := h.client().Redeem(context.Background(), answer)
			if err != nil || plain.TwoFactors {
				t.Errorf("without configuration: %+v, %v", plain, err)
			}
		})
	}
}
