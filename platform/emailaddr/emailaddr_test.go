package emailaddr_test

import (
	"errors"
	"net/mail"
	"strings"
	"testing"

	"app/platform/emailaddr"
)

func TestFault20_OneRuleForAnAddress(t *testing.T) {
	t.Parallel()
	for name, given := range map[string]struct{ in, shown, key, deliverable string }{
		"Plain":        {"ada@example.com", "ada@example.com", "ada@example.com", "ada@example.com"},
		"Case":         {"Ada.L@Example.COM", "Ada.L@Example.COM", "ada.l@example.com", "Ada.L@example.com"},
		"Signs":        {"o'neill+shop!#$%&*-/=?^_`{|}~@example.co.uk", "o'neill+shop!#$%&*-/=?^_`{|}~@example.co.uk", "o'neill+shop!#$%&*-/=?^_`{|}~@example.co.uk", "o'neill+shop!#$%&*-/=?^_`{|}~@example.co.uk"},
		"Umlaut":       {"ada@bücher.example", "ada@bücher.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"},
		"UmlautNFD":    {"ada@bu\u0308cher.example", "ada@bücher.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"},
		"UmlautUpper":  {"Ada@BÜCHER.example", "Ada@bücher.example", "ada@xn--bcher-kva.example", "Ada@xn--bcher-kva.example"},
		"ALabel":       {"ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"},
		"SharpS":       {"ada@faß.de", "ada@faß.de", "ada@xn--fa-hia.de", "ada@xn--fa-hia.de"},
		"FullWidth":    {"ada@ｅｘａｍｐｌｅ．ｃｏｍ", "ada@example.com", "ada@example.com", "ada@example.com"},
		"OtherDot":     {"ada@例え。テスト", "ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah", "ada@xn--r8jz45g.xn--zckzah"},
		"RightToLeft":  {"ada@مثال.إختبار", "ada@مثال.إختبار", "ada@xn--mgbh0fb.xn--kgbechtv", "ada@xn--mgbh0fb.xn--kgbechtv"},
		"SoftHyphen":   {"ada@ex\u00adample.com", "ada@example.com", "ada@example.com", "ada@example.com"},
		"LongestLocal": {strings.Repeat("a", 64) + "@example.com", strings.Repeat("a", 64) + "@example.com", strings.Repeat("a", 64) + "@example.com", strings.Repeat("a", 64) + "@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := emailaddr.Parse(given.in)
			if err != nil || a.String() != given.shown || a.Key() != given.key || a.Deliverable() != given.deliverable {
				t.Errorf("got %q, %q, %q, %v; want %+v", a, a.Key(), a.Deliverable(), err, given)
			}
		})
	}
}

func TestFault20_WhatNoLetterCanReach(t *testing.T) {
	t.Parallel()
	domain := strings.Repeat("abcdefghi.", 19) + "example"
	for _, in := range []string{
		"", "@", "ada", "ada@", "@example.com", "ada@localhost", "ada@shop.localhost", "ada@example.invalid", "ada@com", "ada@[127.0.0.1]",
		"ada@[IPv6:::1]", "ada@127.0.0.1", "ada@example.1", strings.Repeat("a", 65) + "@example.com", strings.Repeat("a", 64) + "@" + domain,
		"ada@" + strings.Repeat("a", 64) + ".com", "ada@-example.com", "ada@example-.com", "ada@exa_mple.com", "ada@example..com", "ada@.example.com",
		"ada@example.com.", ".ada@example.com", "ada.@example.com", "a..b@example.com", `"ada"@example.com`, `"a b"@example.com`,
		"ada@example.com ", " ada@example.com", "ada @example.com", "Ada <ada@example.com>", "<ada@example.com>", "a@b.co, c@d.co", "a@b@c.com",
		"ada@example.com\r\nBcc: x@example.com", "ada\x00@example.com", "ada@example\u2028.com", "ada(c)@example.com", "ada@xn--a.com", "ada@xn--.com",
		"ada@bu\u0308cher", "ada@\u202eexample.com", "ada@exam\xffple.com", "ad\xffa@example.com", "ada@\u00ad.com", "ada@…com", "ada\u3000@example.com",
	} {
		if a, err := emailaddr.Parse(in); !errors.Is(err, emailaddr.ErrAddress) {
			t.Errorf("%q passed as %q, %v", in, a.Deliverable(), err)
		}
	}
}

func TestFault20_OtherScriptsBeforeTheAtAreNamed(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"jürgen@example.com", "j\u00fcrgen.müller@bücher.example", "山田@例え.テスト"} {
		if _, err := emailaddr.Parse(in); err != emailaddr.ErrLocal || !errors.Is(err, emailaddr.ErrAddress) { //nolint:errorlint // this very one
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestTyped(t *testing.T) {
	t.Parallel()
	if a, err := emailaddr.Typed(" \u3000ada@example.com\n"); err != nil || a.String() != "ada@example.com" {
		t.Errorf("got %q, %v", a, err)
	}
}

// Accounts made before an address was refused are looked up by the key they were given.
func TestFault20_KeysOfBeforeAreFound(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Ada@Example.com\n": "ada@example.com", "Ada@127.0.0.1": "ada@127.0.0.1", "Ada@XN--a.com": "ada@xn--a.com",
		"Jürgen@example.com": "jürgen@example.com", "Ada@Bücher.example": "ada@xn--bcher-kva.example", "": "",
	} {
		if got := emailaddr.Key(in); got != want {
			t.Errorf("%q has the key %q, want %q", in, got, want)
		}
	}
}

// FuzzParse: what is accepted can be sent, is bounded, and means the same in each of
// its forms.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"ada@example.com", "Ada@BÜCHER.example", "jürgen@example.com", "ada@ｅｘａｍｐｌｅ。com", "ada@[127.0.0.1]", `"a b"@example.com`, "ada@faß.de", "a@b\u200d.com",
		"a@ẞ.com", "a@xn--zca.com", "a@\u0345.com", "a@İ.com", "a@☕.example",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := emailaddr.Parse(s)
		if err != nil {
			if !errors.Is(err, emailaddr.ErrAddress) || a != (emailaddr.Address{}) {
				t.Fatalf("%q: %q, %v", s, a, err)
			}
			return
		}
		wire := a.Deliverable()
		parsed, err := mail.ParseAddress(wire)
		if err != nil || parsed.Address != wire || len(wire) > emailaddr.MaxBytes || len(a.String()) > emailaddr.MaxBytes {
			t.Fatalf("%q is sent to %q, which is read as %v, %v", s, wire, parsed, err)
		}
		if strings.ContainsFunc(wire, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			t.Fatalf("%q is sent to %q", s, wire)
		}
		for _, form := range []string{a.String(), wire, a.Key()} {
			again, err := emailaddr.Parse(form)
			if err != nil || again.String() != form || again.Key() != a.Key() {
				t.Fatalf("%q has the form %q, which becomes %q, %v", s, form, again, err)
			}
		}
		if emailaddr.Key(s) != a.Key() {
			t.Fatalf("%q is looked up by %q and kept by %q", s, emailaddr.Key(s), a.Key())
		}
	})
}
