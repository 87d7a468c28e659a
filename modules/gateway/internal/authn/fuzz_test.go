package authn_test

import (
	"strings"
	"testing"

	"app/modules/gateway/internal/authn"
	"app/platform/fault"
	"app/platform/identity"
)

// FuzzTokenHeader: whatever stands in the Authorization header, nobody comes in whom no
// one has vouched for, and the answer is the refusal that it is meant to be.
func FuzzTokenHeader(f *testing.F) {
	for _, seed := range []string{
		"", "Bearer x", "bearer  x", "Basic eDp5", "Bearer " + apiKey, "Bearer " + apiKey[:20], "Bearer souk_", "Bearer a.b.c\n", "Bearer \xff",
		"Bearer " + strings.Repeat("x", 5000),
	} {
		f.Add(seed)
	}
	w := newWorld()
	w.err = authn.ErrInvalid
	f.Fuzz(func(t *testing.T, header string) {
		p, err := w.Bearer(t.Context(), header)
		if fault.CodeOf(err) != fault.Unauthenticated || p.SignedIn() {
			t.Errorf("%q: %+v, %v", header, p, err)
		}
	})
}

// FuzzCookieValue: what is not of the form of a cookie costs users no question, and
// what users does not know is nobody.
func FuzzCookieValue(f *testing.F) {
	for _, seed := range []string{"", cookie, cookie + "c", cookie[1:] + "=", cookie[1:] + "\xff", strings.Repeat("-_", 21) + "A"} {
		f.Add(seed)
	}
	w := newWorld()
	w.err = authn.ErrInvalid
	f.Fuzz(func(t *testing.T, value string) {
		before := w.calls["cookie"]
		p, err := w.Cookie(t.Context(), value)
		if err != nil || p.SignedIn() {
			t.Errorf("%q: %+v, %v", value, p, err)
		}
		if asked := w.calls["cookie"] > before; asked && (len(value) != 43 || strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "") {
			t.Errorf("%q was asked for", value)
		}
	})
}

// FuzzTokenAPIKey: the form of a key and its checksum go together.
func FuzzTokenAPIKey(f *testing.F) {
	f.Add([]byte{}, 0)
	f.Add([]byte("some random bytes, 20 of them"), 7)
	f.Fuzz(func(t *testing.T, random []byte, flip int) {
		var raw [20]byte
		copy(raw[:], random)
		key := identity.NewAPIKey(raw)
		if !identity.ValidAPIKey(key) {
			t.Fatalf("%q is not valid", key)
		}
		typo := []byte(key)
		at := len(identity.APIKeyPrefix) + int(uint(flip)%uint(len(key)-len(identity.APIKeyPrefix)))
		if typo[at]++; identity.ValidAPIKey(string(typo)) {
			t.Errorf("%q passes for %q", typo, key)
		}
	})
}
