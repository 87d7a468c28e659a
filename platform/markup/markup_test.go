package markup_test

import (
	"bytes"
	"html/template"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"app/platform/markup"
)

// every has each place where a field may be.
const every = `<!doctype html>
<html lang="en"><head><title>{{.a}}, {{.b}}</title><style>p > a { color: red }</style></head>
<body class='x' data-y>{{/* nothing */}}
<p title="{{.a}} &amp; {{.b}}">{{.a}}{{if .b}}, <b>{{.b}}</b>{{else}}, nothing{{end}}</p>
{{range .list}}<a href="{{.a}}">{{.b}}</a> <a HREF='{{.a}}#there'>1 > 0</a>{{if .flag}}<hr/>{{end}}{{else}}none{{end}}
{{template "part" .}}
</body></html>
{{define "part"}}<form method="post" action="{{.a}}"><input type="{{.b}}" name="{{.a}}" value='{{.b}}' required><textarea>{{.a}}</textarea>
<iframe sandbox srcdoc="{{.b}}" title="{{.a}}"></iframe></form>{{end}}`

// like renders as the standard library does.
func like(t interface{ Fatal(...any) }, source string, data map[string]any) string {
	tmpl, err := template.New("x").Option("missingkey=error").Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := tmpl.Execute(&out, data); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Whatever the fields hold, a page is what html/template makes of it, which escapes by
// the rules of HTML's grammar.
func TestHTMLIsThatOfTheStandardLibrary(t *testing.T) {
	t.Parallel()
	set := markup.Must(markup.ParseHTML(markup.Source{Name: "x", Text: every}))
	nasty := rapid.OneOf(
		rapid.String(), rapid.SampledFrom([]string{
			"", `"><script>alert(1)</script>`, "' onload='x", "javascript:alert(1)", "JaVaScRiPt:x", "/a:b", "https://x.example/?a=1&b=%20%zz c+d", "HTTPS://x",
			"mailto:a@b.example", "data:text/html,x", "</title><p>", "</textarea>", "\x00", "\xff\xfe", "é'\u2028", "x\ty\nz", "\ufdd0", "&amp;", "%3cx%3E",
		}), rapid.StringMatching(`[a-z]{0,8}:?[<>"'&/+%a-z]{0,12}`),
	)
	rapid.Check(t, func(t *rapid.T) {
		fields := func() map[string]any { return map[string]any{"a": nasty.Draw(t, "a"), "b": nasty.Draw(t, "b")} }
		data, list := fields(), []map[string]any{}
		for range rapid.IntRange(0, 3).Draw(t, "entries") {
			entry := fields()
			entry["flag"] = rapid.Bool().Draw(t, "flag")
			list = append(list, entry)
		}
		data["list"] = list
		got, err := set.Execute("x", data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(like(t, every, data), got); diff != "" {
			t.Fatalf("page (-html/template +markup)\n%s", diff)
		}
	})
}

func TestText(t *testing.T) {
	t.Parallel()
	set := markup.Must(markup.ParseText(
		markup.Source{Name: "letter", Text: `{{define "subject"}}To {{.name}}{{end}}{{define "body"}}{{template "subject" .}}{{range .lines}} <{{.n}}>{{else}} nothing{{end}}{{end}}`},
		markup.Source{Name: "other", Text: `{{if .flag}}yes{{else if .name}}no{{end}}`},
	))
	data := map[string]any{"name": `O'Neil & "Sons"`, "lines": []map[string]any{{"n": "1"}, {"n": "+2"}}, "flag": false}
	with := func(key string, value any) map[string]any {
		changed := maps.Clone(data)
		changed[key] = value
		return changed
	}
	for _, c := range []struct {
		name string
		data map[string]any
		want string
	}{
		{"subject", data, `To O'Neil & "Sons"`}, {"body", data, `To O'Neil & "Sons" <1> <+2>`}, {"body", with("lines", nil), `To O'Neil & "Sons" nothing`},
		{"other", data, "no"}, {"other", with("flag", true), "yes"}, {"other", with("flag", nil), "no"}, {"other", with("flag", []map[string]any{{}}), "yes"},
		{"other", with("name", ""), ""}, {"letter", nil, ""},
	} {
		if got, err := set.Execute(c.name, c.data); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, c.want)
		}
	}
	for want, c := range map[string]struct {
		name string
		data map[string]any
	}{
		`no template "x"`: {"x", data}, "there is no name": {"subject", nil}, "name is int, not text": {"subject", with("name", 1)},
		"lines is string, not a list": {"body", with("lines", "x")}, "lines: there is no n": {"body", with("lines", []map[string]any{{}})},
		"flag: int is no condition": {"other", with("flag", 1)},
	} {
		if got, err := set.Execute(c.name, c.data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q, %v; want %s", c.name, got, err, want)
		}
	}
}

// A template whose fields could do harm, or that says more than the language has, never
// comes to be filled.
func TestRefused(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"script":           `<script>go()</script>`,
		"style":            `<style>p { color: {{.a}} }</style>`,
		"style attribute":  `<p style="{{.a}}">`,
		"handler":          `<p onclick="{{.a}}">`,
		"unknown":          `<img src="{{.a}}">`,
		"unquoted":         `<p title={{.a}}>`,
		"unquoted value":   `<p title=x"{{.a}}">`,
		"tag name":         `<{{.a}}>`,
		"tag name's rest":  `<p{{.a}}>`,
		"attribute name":   `<p {{.a}}="x">`,
		"attribute":        `<p {{if .a}}hidden{{end}}>`,
		"comment":          `<!-- -->`,
		"less than":        `1 < {{.a}}`,
		"late address":     `<a href="/{{.a}}">`,
		"second address":   `<a href="{{.a}}{{.b}}">`,
		"title's tags":     `<title><b>{{.a}}</b></title>`,
		"title's end":      `<title>x</TITLE ><p style="{{.a}}">`,
		"title's half":     `<title><{{.a}}`,
		"style's tags":     `<style><!-- {{.a}} --></style>`,
		"closing tag":      `</p title="{{.a}}">`,
		"foreign":          `<svg><title>{{.a}}</title></svg>`,
		"no end":           `<p title="x`,
		"block":            `<p title="{{if .a}}">{{end}}`,
		"else":             `{{if .a}}<p>{{else}}<p title="{{end}}`,
		"within a value":   `{{define "x"}}{{end}}<p title="{{template "x" .}}">`,
		"method":           `{{.a.Format "x"}}`,
		"path":             `{{.a.b}}`,
		"function":         `{{print .a}}`,
		"pipe":             `{{.a | print}}`,
		"variable":         `{{$x := .a}}{{$x}}`,
		"with":             `{{with .a}}{{end}}`,
		"itself":           `{{define "x"}}{{template "x" .}}{{end}}`,
		"other fields":     `{{define "x"}}{{end}}{{template "x" .a}}`,
		"no template":      `{{template "x" .}}`,
		"no template's":    `{{template "x"}}`,
		"not the language": `{{if}}`,
	} {
		if _, err := markup.ParseHTML(markup.Source{Name: "page", Text: source}); err == nil {
			t.Errorf("%s: %s is taken", name, source)
		}
	}
	if _, err := markup.ParseText(markup.Source{Name: "x"}, markup.Source{Name: "y", Text: `{{define "x"}}{{end}}`}); err == nil {
		t.Error("two templates have one name")
	}
	defer func() {
		if recover() == nil {
			t.Error("Must does not")
		}
	}()
	markup.Must(markup.ParseText(markup.Source{Text: "{{"}))
}
