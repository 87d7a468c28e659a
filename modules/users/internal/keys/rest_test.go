package keys_test

import (
	"strings"
	"testing"

	"app/modules/users/internal/userstest"
	"app/platform/identity/token"
)

func TestKeySet(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	got := s.Must(200, "", "GET", "/.well-known/jwks.json", "")
	if set, err := token.ParseSet([]byte(got.Body)); err != nil || len(set) != 1 || strings.Contains(got.Body, `"d"`) {
		t.Errorf("%s: %v", got.Body, err)
	}
	if got.Header.Get("Content-Type") != "application/jwk-set+json" || got.Header.Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("%v", got.Header)
	}
}
