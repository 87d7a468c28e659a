package template_test

import (
	"html"
	"maps"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"app/modules/emails/internal/template"
)

// linkable finds what mail clients make links of, or might: it is wider than any of
// them. Of an address without a scheme they know the end, a top-level domain, of which
// there is none of less than two characters or with a digit in front.
var linkable = []*regexp.Regexp{
	regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*[:：﹕][^\s\p{Pe}\p{Pf},;!?"'.:][^\s]*[\p{L}\p{N}]`), // a scheme
	regexp.MustCompile(`(?i)www[.。．｡․﹒][^\s\p{P}]`),
	regexp.MustCompile(`[\p{L}\p{N}\p{M}\p{S}\p{Cf}._%+-][@＠﹫][^\s@＠﹫]`),
	regexp.MustCompile(`[\p{L}\p{N}\p{M}\p{S}\p{Cf}-]+[.。．｡․﹒][\p{M}\p{Cf}-]*\p{L}[\p{L}\p{N}\p{M}\p{Cf}-]+`),
	regexp.MustCompile(`\d+[.。．｡․﹒]\d+[.。．｡․﹒]\d+[.。．｡․﹒]\d+`),
	regexp.MustCompile(`\\\\[^\s]`), // \\server\share
}

func links(text string) (found []string) {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, text)
	for _, form := range linkable {
		if hit := form.FindString(text); hit != "" {
			found = append(found, hit)
		}
	}
	return found
}

var (
	inline = regexp.MustCompile(`</?(strong|small|a)\b[^>]*>`)
	block  = regexp.MustCompile(`<[^>]*>`)
)

// shown is what the recipient sees of an HTML part.
func shown(part string) string {
	_, body, _ := strings.Cut(part, "<body")
	return html.UnescapeString(block.ReplaceAllString(inline.ReplaceAllString("<body"+body, ""), "\n"))
}

func TestDefuse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://evil.example/pay?x=1": "https: //evil. example/pay?x=1", "www.evil.example": "www. evil. example", "evil.example/x": "evil. example/x",
		"Pay now: http://1.2.3.4/": "Pay now: http: //1. 2. 3. 4/", "help@bank.example": "help @ bank. example", "EVIL。example": "EVIL。 example",
		"evil．example": "evil． example", "mailto:a": "mailto: a", `\\server\share`: `\ \server\share`, "xn--80ak6aa92e.com": "xn--80ak6aa92e. com",
		"evil.\u200dexample": "evil. \u200dexample", "💩.la": "💩. la", "tel:+4912345": "tel: +4912345", "a@b@c.d": "a @ b @ c. d",
		// What is honest stays, or stays readable.
		"Lamp, 19.90 EUR": "Lamp, 19.90 EUR", "24.12.2026, 12:30": "24.12.2026, 12:30", "Dr. Ünal & Söhne": "Dr. Ünal & Söhne", "Wait... what?": "Wait... what?",
		"(approx.)": "(approx.)", "Node.js": "Node. js", "J.R.R. Tolkien": "J. R. R. Tolkien", "Note: fragile": "Note: fragile", ":-)": ":-)", "5 @ 3": "5 @ 3",
		"ord_01kan4v6e8fx2s1gq0vj5t3x7c": "ord_01kan4v6e8fx2s1gq0vj5t3x7c", "山田。": "山田。", "": "", ".": ".", "@": "@",
	} {
		if got := template.Defuse(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// awkward are the parts that addresses are made of, and honest text with them.
var awkward = rapid.SliceOfN(rapid.OneOf(
	rapid.SampledFrom([]string{
		"http", "https", "www", "mailto", "evil", "example", "com", "xn--p1ai", "рф", "ürün", "1", "192", "💩", "\u200d", "\u0301", "A", "-", "_", "/", "//", "?q=", "#",
		".", ".", ".", "。", "．", "｡", "․", "﹒", ":", "：", "://", "@", "＠", "\\\\", "\\", " ", "\n", "\u00a0", "(", ")", "<", ">", ",", "%2e", "&#46;",
	}),
	rapid.StringN(0, 3, -1),
), 0, 20)

// No text at all is made into a link, and every character of it is still there.
func TestFault06_NothingIsALink(t *testing.T) {
	t.Parallel()
	squeeze := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) {
				return -1
			}
			return r
		}, s)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.ToValidUTF8(strings.Join(awkward.Draw(t, "parts"), ""), "")
		got := template.Defuse(text)
		if found := links(got); found != nil {
			t.Fatalf("%q became %q, with %q in it", text, got, found)
		}
		if squeeze(got) != squeeze(text) {
			t.Errorf("%q became %q", text, got)
		}
		if again := template.Defuse(got); again != got {
			t.Errorf("%q became %q, and that %q", text, got, again)
		}
	})
}

// Whatever strangers choose of an e-mail, nothing in its subject, its text and its HTML
// is a link that is not the shop's.
func TestFault06_LettersHaveNoLinksOfStrangers(t *testing.T) {
	t.Parallel()
	set := parse(t)
	rapid.Check(t, func(t *rapid.T) {
		tmpl, locale := rapid.SampledFrom(set.All()).Draw(t, "template"), rapid.SampledFrom(set.Locales()).Draw(t, "locale")
		text := func(name string) string { return strings.Join(awkward.Draw(t, name), "") }
		data := maps.Clone(template.Sample)
		data["link"] = ""
		for _, v := range tmpl.Variables {
			switch v.Kind {
			case template.Text, template.Name, template.Paragraphs, template.Phrase, template.Amount:
				data[v.Name] = text(v.Name)
			case template.List:
				data[v.Name] = []map[string]any{{"title": text("title"), "quantity": text("quantity"), "price": text("price"), "total": text("total")}}
			}
		}
		got, err := tmpl.Render(locale, data)
		if err != nil {
			t.Fatal(err)
		}
		for part, content := range map[string]string{"subject": got.Subject, "text": got.Text, "HTML": shown(got.HTML)} {
			if found := links(content); found != nil {
				t.Errorf("the %s of %s has %q in it:\n%s", part, tmpl.Name, found, content)
			}
		}
	})
}
