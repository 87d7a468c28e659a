package federation_test

import (
	"testing"

	"app/modules/users/internal/userstest"
)

func TestReturnTo(t *testing.T) {
	t.Parallel()
	a := userstest.NewAbroad(t)
	for _, to := range []string{"/", "/orders", "/a/b?c=d&e=%20f#g", "https://app.example/welcome", "/x@y"} {
		if got := a.Federation.ReturnTo(to); got != to {
			t.Errorf("%q becomes %q", to, got)
		}
	}
	for _, to := range evilPlaces {
		if got := a.Federation.ReturnTo(to); got != "/" {
			t.Errorf("%q becomes %q", to, got)
		}
	}
}

var evilPlaces = []string{
	"", "orders", "//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, "/\t/evil.example", "/\n/evil.example", "/%09/evil.example",
	"/%5cevil.example", "/%2f%2fevil.example", "/..//evil.example", "/./x", "/a/../b", "https://evil.example", "https:evil.example", "http://app.example/welcome",
	"https://app.example/welcome/", "https://app.example/welcome?x", "https://app.example", "https://app.example.evil.example/welcome",
	"https://app.example@evil.example/welcome", "javascript:alert(1)", "data:text/html,x", " /x", "/x y", "/é", "/x\x00", "/x\r\nSet-Cookie: a=b",
}
