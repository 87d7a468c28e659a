package oauth

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzTokenForm: whatever the body of a token request is, it is read whole and
// unambiguous, or refused as RFC 6749 has it.
func FuzzTokenForm(f *testing.F) {
	for _, seed := range []string{
		"", "grant_type=password&username=a%40b.c&password=x", "a=1&a=2", "a=%zz", "a=%ff", "a=%00", "a;b=c", "=", "grant_type=", strings.Repeat("a=b&", 500),
	} {
		f.Add(seed, "application/x-www-form-urlencoded")
	}
	f.Add("a=b", "application/json")
	f.Add("a=b", "application/x-www-form-urlencoded; charset=\"")
	f.Fuzz(func(t *testing.T, body, kind string) {
		r := httptest.NewRequest(http.MethodPost, "/v1/auth/token", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		form, refusal, err := tokenForm(r)
		switch {
		case err != nil:
			t.Fatalf("%q: %v", body, err)
		case refusal != nil:
			if form != nil || refusal.status != http.StatusBadRequest || refusal.Code != "invalid_request" {
				t.Errorf("%q: %+v", body, refusal)
			}
			return
		}
		for name, values := range form {
			if len(values) != 1 || values[0] == "" || !utf8.ValidString(values[0]) || strings.ContainsRune(values[0], 0) {
				t.Errorf("%q: %q has %q", body, name, values)
			}
		}
	})
}
