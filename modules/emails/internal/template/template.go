// Package template renders what Souk writes to people, as text and as HTML, in several
// languages, from templates that are part of the binary.
package template

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"app/platform/markup"
)

//go:embed templates
var files embed.FS

// Template is one kind of e-mail.
type Template struct {
	Name string
	// Variables are what its data must hold, all of them.
	Variables []Variable
	// Security marks e-mails that a person needs to get into an account, or to learn
	// that somebody else does. They go out in spite of a complaint, though not to an
	// address that does not exist.
	Security bool
	// Secret marks e-mails that carry a code. Nobody reads them but their recipient:
	// what they say is erased once they are on their way.
	Secret bool
	// Merchants may send it with an API key, if the configuration lets them.
	Merchants bool
	// Counts is how much of its recipient's budget the e-mail may use up.
	Counts Counts

	locales map[string]pages
}

// pages are a template in one language.
type pages struct {
	text    *markup.Set // "subject" and "body"
	html    *markup.Set // layoutHTML
	phrases phrases
}

// Set holds all templates, parsed.
type Set struct {
	byName   map[string]Template
	names    []string
	fallback string
	locales  locales
}

// Parse reads the embedded templates. fallback is the language of e-mails to people
// whose own is not known or not there. An error is a wrong fallback or a defect of the
// program.
func Parse(fallback string) (*Set, error) {
	available, err := newLocales(fallback)
	if err != nil {
		return nil, err
	}
	s := &Set{byName: map[string]Template{}, fallback: fallback, locales: available}
	for _, t := range catalogue {
		t.locales = map[string]pages{}
		for _, locale := range available.names {
			if t.locales[locale], err = parsePages(locale, t.Name); err != nil {
				return nil, fmt.Errorf("parse template %s in %s: %w", t.Name, locale, err)
			}
		}
		s.byName[t.Name] = t
		s.names = append(s.names, t.Name)
	}
	slices.Sort(s.names)
	return s, nil
}

func parsePages(locale, name string) (p pages, err error) {
	folder := "templates/" + locale + "/"
	raw, err := files.ReadFile(folder + "phrases.json")
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(raw, &p.phrases); err != nil {
		return p, fmt.Errorf("read phrases: %w", err)
	}
	text, err := readTemplateSources(folder, name+".txt")
	if err != nil {
		return p, err
	}
	if p.text, err = markup.ParseText(text...); err != nil {
		return p, err
	}
	html, err := readTemplateSources(folder, layoutHTML, name+".html")
	if err != nil {
		return p, err
	}
	p.html, err = markup.ParseHTML(html...)
	return p, err
}

// layoutHTML is the page that all e-mails in a language have in common; it uses their
// template "content".
const layoutHTML = "layout.html"

func readTemplateSources(folder string, names ...string) ([]markup.Source, error) {
	out := make([]markup.Source, len(names))
	for i, name := range names {
		raw, err := files.ReadFile(folder + name)
		if err != nil {
			return nil, err
		}
		out[i] = markup.Source{Name: name, Text: string(raw)}
	}
	return out, nil
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

// Locales lists the languages that every template has, as BCP 47 tags.
func (s *Set) Locales() []string { return s.locales.names }

// Locale chooses the language for somebody who wants want: a tag such as "de-AT", or a
// list as in Accept-Language. The fallback where nothing fits.
func (s *Set) Locale(want string) string { return s.locales.bestMatch(want) }

// Rendered is an e-mail ready to be queued.
type Rendered struct {
	Subject string // one line of at most 200 characters
	Text    string
	HTML    string
	// Data is what the template was filled with, the subject included: everything is
	// text, a flag, or a list of such.
	Data map[string]any
}

// Render fills the template in one of the languages of its Set. Whatever the data
// holds, the subject stays one line. Data with flaws is refused; see Check.
func (t Template) Render(locale string, data map[string]any) (Rendered, error) {
	p, ok := t.locales[locale]
	if !ok {
		return Rendered{}, fmt.Errorf("render %s: no language %q", t.Name, locale)
	}
	if flaws := t.Check(data); len(flaws) > 0 {
		return Rendered{}, fmt.Errorf("render %s: %w", t.Name, flaws)
	}
	words := localiseData(t.Variables, data, locale, p.phrases)
	subject, err := p.text.Execute("subject", words)
	if err != nil {
		return Rendered{}, fmt.Errorf("render subject of %s: %w", t.Name, err)
	}
	text, err := p.text.Execute("body", words)
	if err != nil {
		return Rendered{}, fmt.Errorf("render text of %s: %w", t.Name, err)
	}
	subject = singleLine(subject, maxSubject)
	words["subject"] = subject
	html, err := p.html.Execute(layoutHTML, words)
	if err != nil {
		return Rendered{}, fmt.Errorf("render HTML of %s: %w", t.Name, err)
	}
	return Rendered{Subject: subject, Text: strings.TrimSpace(text) + "\n", HTML: html, Data: words}, nil
}
