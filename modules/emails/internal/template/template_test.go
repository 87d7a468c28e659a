package template_test

import (
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/emails/internal/template"
	"app/platform/emailaddr"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

func parse(t *testing.T) *template.Set {
	t.Helper()
	set, err := template.Parse("en")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// named finds a template that exists.
func named(t *testing.T, name string) template.Template {
	t.Helper()
	tmpl, ok := parse(t).ByName(name)
	if !ok {
		t.Fatalf("no template %s", name)
	}
	return tmpl
}

func TestGolden(t *testing.T) {
	t.Parallel()
	set := parse(t)
	for _, locale := range set.Locales() {
		for _, tmpl := range set.All() {
			t.Run(locale+"/"+tmpl.Name, func(t *testing.T) {
				t.Parallel()
				got, err := tmpl.Render(locale, template.Sample)
				if err != nil {
					t.Fatal(err)
				}
				golden(t, filepath.Join(locale, tmpl.Name+".txt"), "Subject: "+got.Subject+"\n\n"+got.Text)
				golden(t, filepath.Join(locale, tmpl.Name+".html"), got.HTML)
			})
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", name, diff)
	}
}

// A variable that is missing is named, and what is not missing is needed: each one is
// seen in the e-mail, in every language.
func TestRenderNeedsEveryVariable(t *testing.T) {
	t.Parallel()
	set := parse(t)
	for _, tmpl := range set.All() {
		var names, missing []string
		for _, v := range tmpl.Variables {
			if !v.Optional {
				names = append(names, "/"+v.Name)
			}
		}
		for _, f := range tmpl.Check(nil) {
			missing = append(missing, f.Pointer)
		}
		if diff := cmp.Diff(names, missing); diff != "" {
			t.Errorf("%s (-needs +missing)\n%s", tmpl.Name, diff)
		}
		for _, locale := range set.Locales() {
			if _, err := tmpl.Render(locale, nil); err == nil || !strings.Contains(err.Error(), names[0]) {
				t.Errorf("%s without data: %v", tmpl.Name, err)
			}
			for _, v := range tmpl.Variables {
				everyVariableShows(t, tmpl, locale, v)
			}
		}
	}
}

func everyVariableShows(t *testing.T, tmpl template.Template, locale string, v template.Variable) {
	t.Helper()
	render := func(value any) template.Rendered {
		data := maps.Clone(template.Sample)
		data[v.Name] = value
		got, err := tmpl.Render(locale, data)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first, second := any("First"), any("Second")
	switch v.Kind {
	case template.Flag:
		first, second = true, false
	case template.Link:
		first, second = "https://shop.example/?a=1&b=2", ""
	case template.List:
		first, second = template.Sample[v.Name], []map[string]any{}
	}
	a, b := render(first), render(second)
	if a.Subject+a.Text == b.Subject+b.Text || a.HTML == b.HTML {
		t.Errorf("%s in %s does not show %s", tmpl.Name, locale, v.Name)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	receipt := named(t, "receipt")
	line := func(changes map[string]any) map[string]any {
		l := map[string]any{"title": "Cards", "quantity": 2.0, "price": "1.00 EUR", "total": "2.00 EUR"}
		maps.Copy(l, changes)
		return map[string]any{"order_id": "ord_1", "total": "2.00 EUR", "lines": []any{l}}
	}
	without := map[string]any{"order_id": "ord_1", "total": "2.00 EUR", "lines": []any{map[string]any{"quantity": 2.0, "price": "1.00 EUR", "total": "2.00 EUR"}}}
	for name, tc := range map[string]struct {
		data map[string]any
		want template.FlawsError
	}{
		"OK":          {line(nil), nil},
		"InALine":     {without, template.FlawsError{{Pointer: "/lines/0/title", Detail: "the template needs it"}}},
		"TextIsAList": {line(map[string]any{"title": []any{"x"}}), template.FlawsError{{Pointer: "/lines/0/title", Detail: "expected text or a number"}}},
		"ListIsText": {
			map[string]any{"order_id": "ord_1", "total": "2.00 EUR", "lines": "Cards"},
			template.FlawsError{{Pointer: "/lines", Detail: "expected a list of at most 200 objects"}},
		},
		"TooMany": {
			map[string]any{"order_id": "ord_1", "total": "2.00 EUR", "lines": make([]any, 201)},
			template.FlawsError{{Pointer: "/lines", Detail: "expected a list of at most 200 objects"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, receipt.Check(tc.data)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
	if got := named(t, "refund_issued").Check(map[string]any{"order_id": 1, "amount": "x", "full": "yes"}); len(got) != 1 || got[0].Pointer != "/full" {
		t.Errorf("a flag that is text: %v", got)
	}
	for link, fits := range map[string]bool{
		"https://shop.example/?a=b&c=d%20e": true, "": true, "javascript:alert(1)": false, "https://shop.example/\r\nX": false,
		"https://shop.example/\"onclick=": false, "//shop.example": false, "https://": false,
		"https://" + strings.Repeat("a", 1000): true, "https://" + strings.Repeat("a", 1001): false,
	} {
		data := map[string]any{"first_name": "", "code": "1", "minutes": 1, "link": link}
		if got := named(t, "sign_in_code").Check(data); (len(got) == 0) != fits {
			t.Errorf("link %q: %v", link, got)
		}
	}
	if got := named(t, "merchant_message").Check(map[string]any{"merchant": "m", "topic": "t", "message": strings.Repeat("a", 5001)}); len(got) != 1 {
		t.Errorf("a message without end: %v", got)
	}
}

func TestLocale(t *testing.T) {
	t.Parallel()
	set := parse(t)
	for want, expected := range map[string]string{
		"": "en", "de": "de", "de-AT": "de", "de_CH": "de", "DE": "de", "en-GB": "en", "fr": "en", "fr-CH, de;q=0.8, en;q=0.5": "de",
		"../de": "en", "x": "en", strings.Repeat("de,", 500): "en", "tlh-\xff": "en",
	} {
		if got := set.Locale(want); got != expected {
			t.Errorf("whoever wants %q gets %s, want %s", want, got, expected)
		}
	}
	if set, err := template.Parse("de"); err != nil || set.Locale("fr") != "de" {
		t.Errorf("the fallback is not German: %v", err)
	}
	if _, err := template.Parse("fr"); err == nil || !strings.Contains(err.Error(), "de, en") {
		t.Errorf("a fallback that is not there: %v", err)
	}
}

func TestRenderEscapesHTML(t *testing.T) {
	t.Parallel()
	got, err := named(t, "merchant_approved").Render("en", map[string]any{"first_name": "Ada", "merchant": "<script>alert(1)</script>"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(got.HTML, "<script>") {
		t.Errorf("a name became markup:\n%s", got.HTML)
	}
}

func TestFailure36_HeaderInjectionThroughNameOrSubject(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"Ada\r\nBcc: all", "Ada\nX y", "Ada\u2028Bcc x", "Ada\x00", "Ada\x1b[31m", "Ada\xff", strings.Repeat("a", 500)} {
		for name, data := range map[string]map[string]any{
			"welcome":           {"first_name": text},
			"merchant_approved": {"first_name": text, "merchant": text},
			"merchant_message":  {"merchant": text, "topic": text, "message": text},
		} {
			got, err := named(t, name).Render("en", data)
			if err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(got.Subject, "\r\n\x00\x1b\u2028") || len([]rune(got.Subject)) > 200 {
				t.Errorf("%q made the subject %q", text, got.Subject)
			}
			if strings.ContainsAny(got.Text, "\r\x00\x1b\u2028") {
				t.Errorf("%q made the text %q", text, got.Text)
			}
		}
	}
}

// Whoever registers chooses the name, and the e-mail goes to somebody else.
func TestNamesDoNotAdvertise(t *testing.T) {
	t.Parallel()
	for name, shown := range map[string]string{
		"Ada": "Hello Ada,", "J. R. R.": "Hello J. R. R.,", "Zoë-Ann O'Neill": "Hello Zoë-Ann O'Neill,", "": "Hello,",
		"win at http://evil.example": "Hello,", "www.evil": "Hello,", "evil.example now": "Hello,", "a@b": "Hello,",
	} {
		got, err := named(t, "welcome").Render("en", map[string]any{"first_name": name})
		if err != nil || !strings.HasPrefix(got.Text, shown+"\n") {
			t.Errorf("%q is greeted %q, %v", name, strings.SplitN(got.Text, "\n", 2)[0], err)
		}
	}
}

func TestFailure36_HeaderInjectionThroughAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"", "ada", "ada@", "@example.com", "ada@example.com\r\nBcc: x@example.com", "ada\r\n@example.com", "Ada <ada@example.com>", "a@b.c, d@e.f",
		"ada@example.com ", "ada@example.com\x00", "ada@localhost", "ada@[127.0.0.1]", `"ada\"@evil"@example.com`, `"a b"@example.com`, "ada@exa mple.com",
		"ada(comment)@example.com", "ada@example.com(comment)", "a..b@example.com", "ada@-example.com", "adä@example.com", "ada@example\u2028.com", "ada\u0000@example.com",
		strings.Repeat("a", 65) + "@example.com", "ada@" + strings.Repeat("a.", 130) + "com", "ada@xn--a.com",
	} {
		if got, err := emailaddr.Parse(address); !errors.Is(err, emailaddr.ErrAddress) {
			t.Errorf("%q passed as the address %q, %v", address, got, err)
		}
	}
	for address, want := range map[string]string{
		"ada.lovelace+shop@example.com": "ada.lovelace+shop@example.com", "Ada@Example.COM": "Ada@example.com",
		"ada@exämple.com": "ada@xn--exmple-cua.com", "ada@faß.de": "ada@xn--fa-hia.de", "o'neill@example.co.uk": "o'neill@example.co.uk",
		"ada@xn--exmple-cua.com": "ada@xn--exmple-cua.com",
	} {
		if got, err := emailaddr.Parse(address); got.Deliverable() != want || err != nil {
			t.Errorf("%q became %q, %v", address, got, err)
		}
	}
}
