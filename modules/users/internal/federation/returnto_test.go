package federation_test

import (
	"net/url"
	"strings"
	"testing"

	"app/modules/users/internal/federation"
	"app/modules/users/internal/userstest"
)

// FuzzReturnTo: whatever is asked for, a browser stays on this site or goes to an
// address that is configured.
func FuzzReturnTo(f *testing.F) {
	const configured = "https://app.example/welcome"
	s := federation.ReturnList{configured}
	for _, seed := range append([]string{"/", "/orders?x=1#y", configured}, evilPlaces...) {
		f.Add(seed)
	}
	base, err := url.Parse(userstest.Home + "/v1/auth/google/callback")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, wanted string) {
		got := s.Choose(wanted)
		if got == configured {
			return
		}
		if got != "/" && got != wanted {
			t.Fatalf("%q becomes %q", wanted, got)
		}
		// What browsers do to an address before they read it (WHATWG URL section 4.4).
		mended := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimSpace(got))
		for _, text := range []string{got, mended} {
			u, err := base.Parse(text)
			if err != nil || u.Host != base.Host || u.Scheme != base.Scheme || u.User != nil || strings.HasPrefix(text, "//") {
				t.Fatalf("%q leads to %v, %v", wanted, u, err)
			}
		}
		for i := range len(got) {
			if got[i] <= ' ' || got[i] >= 0x7f {
				t.Fatalf("%q has byte %#x", got, got[i])
			}
		}
	})
}
