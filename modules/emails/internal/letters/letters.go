// Package letters renders what Souk writes to people, as text and as HTML, from templates that are part of the binary.
package letters

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"net/mail"
	"slices"
	"strings"
	texttemplate "text/template"
	"unicode"
	"unicode/utf8"
)

//go:embed templates
var files embed.FS

// Template is one kind of letter.
type Template struct {
	Name string
	// Variables are what its data must hold, all of them.
	Variables []string

	text *texttemplate.Template // its block "subject" is the subject
	html *htmltemplate.Template
}

// variables says what each template needs. A line of "lines" has title, quantity, price and total.
var variables = map[string][]string{
	"verify_address":     {"first_name", "code", "minutes"},
	"already_registered": {"first_name"},
	"sign_in_code":       {"first_name", "code", "minutes"},
	"reset_password":     {"first_name", "code", "minutes"},
	"welcome":            {"first_name"},
	"password_changed":   {"first_name"},
	"merchant_approved":  {"first_name", "merchant"},
	"receipt":            {"order_id", "lines", "total"},
	"order_cancelled":    {"order_id", "reason", "total", "was_paid"},
	"refund_issued":      {"order_id", "amount", "full"},
}

// Set holds all templates, parsed.
type Set struct {
	byName map[string]Template
	names  []string
}

// Parse reads the embedded templates. An error is a defect of the program.
func Parse() (*Set, error) {
	s := &Set{byName: map[string]Template{}}
	for name, needs := range variables {
		text, err := texttemplate.New(name+".txt").Option("missingkey=error").ParseFS(files, "templates/"+name+".txt")
		if err != nil {
			return nil, fmt.Errorf("parse letter %s: %w", name, err)
		}
		html, err := htmltemplate.New("layout.html").Option("missingkey=error").ParseFS(files, "templates/layout.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("parse letter %s: %w", name, err)
		}
		s.byName[name] = Template{Name: name, Variables: needs, text: text, html: html}
		s.names = append(s.names, name)
	}
	slices.Sort(s.names)
	return s, nil
}

// All lists the templates by name.
func (s *Set) All() []Template {
	out := make([]Template, len(s.names))
	for i, name := range s.names {
		out[i] = s.byName[name]
	}
	return out
}

// ByName finds a template.
func (s *Set) ByName(name string) (Template, bool) {
	t, ok := s.byName[name]
	return t, ok
}

// Missing lists the variables that the data lacks.
func (t Template) Missing(data map[string]any) (names []string) {
	for _, name := range t.Variables {
		if _, ok := data[name]; !ok {
			names = append(names, name)
		}
	}
	return names
}

// Rendered is a letter ready to be queued.
type Rendered struct {
	Subject string // one line of at most 200 characters
	Text    string
	HTML    string
}

// Render fills the template. Whatever the data holds, the subject stays one line.
func (t Template) Render(data map[string]any) (Rendered, error) {
	var subject, text, html bytes.Buffer
	if err := t.text.ExecuteTemplate(&subject, "subject", data); err != nil {
		return Rendered{}, fmt.Errorf("render subject of %s: %w", t.Name, err)
	}
	if err := t.text.ExecuteTemplate(&text, "body", data); err != nil {
		return Rendered{}, fmt.Errorf("render text of %s: %w", t.Name, err)
	}
	oneLine := line(subject.String())
	data = with(data, "subject", oneLine)
	if err := t.html.Execute(&html, data); err != nil {
		return Rendered{}, fmt.Errorf("render HTML of %s: %w", t.Name, err)
	}
	return Rendered{Subject: oneLine, Text: strings.TrimSpace(text.String()) + "\n", HTML: html.String()}, nil
}

// with copies the data and adds an entry.
func with(data map[string]any, name string, value any) map[string]any {
	out := make(map[string]any, len(data)+1)
	for k, v := range data {
		out[k] = v
	}
	out[name] = value
	return out
}

// maxSubject bounds a subject, in characters.
const maxSubject = 200

// line makes one line of printable characters out of any text, so that no header can be smuggled in behind a subject.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > maxSubject {
		s = string(runes[:maxSubject-1]) + "…"
	}
	return s
}

// Address checks a recipient: one bare address, without a name, of printable ASCII and at most 254 bytes (RFC 5321).
func Address(s string) bool {
	if len(s) > 254 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return false
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}
