// Package page is the pages that people see who come from an e-mail or from a provider,
// and the forms on them.
package page

import (
	_ "embed"
	"io"
	"net/http"
	"strings"

	"app/platform/markup"
	"app/platform/problem"
)

//go:embed page.html
var pageHTML string

var pageTemplate = markup.Must(markup.ParseHTML(markup.Source{Name: "page", Text: pageHTML}))

// Page is what people see who come from an e-mail or from another provider: a sentence,
// and a form when there is something to do.
type Page struct {
	Title, Text, Error string

	Action, Button string // no form without a button
	Hidden         []Hidden
	Fields         []Field
	Script         string // path of a script of this site, a constant; none when it is empty
}

// Hidden is a field of a form that nobody sees.
type Hidden struct{ Name, Value string }

// Field is a field of a form.
type Field struct{ Name, Label, Type, Autocomplete, Value string }

// Write writes the page. What it shows may be a secret, so it is kept nowhere
// and told nobody; the form posts to this site only, no other site may show it, and no
// script runs but the one that it names.
func (p Page) Write(w http.ResponseWriter, status int) {
	out, err := pageTemplate.Execute("page", p.templateData())
	if err != nil {
		panic(err) // the template is part of the program
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	policy := "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	if p.Script != "" {
		policy += "; script-src 'self'"
		out = strings.Replace(out, "</head>", `<script src="`+p.Script+`" defer></script>`+"\n</head>", 1) // no template may have one
	}
	h.Set("Content-Security-Policy", policy)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, out) // the client may have gone
}

// templateData is what the template is filled with.
func (p Page) templateData() map[string]any {
	hidden, fields := make([]map[string]any, len(p.Hidden)), make([]map[string]any, len(p.Fields))
	for i, h := range p.Hidden {
		hidden[i] = map[string]any{"Name": h.Name, "Value": h.Value}
	}
	for i, f := range p.Fields {
		fields[i] = map[string]any{"Name": f.Name, "Label": f.Label, "Type": f.Type, "Autocomplete": f.Autocomplete, "Value": f.Value}
	}
	return map[string]any{
		"Title": p.Title, "Text": p.Text, "Error": p.Error, "Action": p.Action, "Button": p.Button, "Hidden": hidden, "Fields": fields,
	}
}

// ShowError shows the page again with what went wrong, to whoever asks for pages. What
// a person cannot mend, and what a program gets, is a problem as anywhere else.
func (p Page) ShowError(w http.ResponseWriter, r *http.Request, err error) {
	answer := problem.Of(err)
	if answer.Status >= http.StatusInternalServerError || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		problem.Write(w, r, err)
		return
	}
	p.Error = answer.Detail
	for _, f := range answer.Errors {
		p.Error = answer.Detail + " " + f.Pointer[1:] + " " + f.Detail + "."
	}
	p.Write(w, answer.Status)
}

// ShowOutcome shows that the form has had its effect, or why not.
func (p Page) ShowOutcome(w http.ResponseWriter, r *http.Request, err error, text string) {
	if err != nil {
		p.ShowError(w, r, err)
		return
	}
	Page{Title: p.Title, Text: text}.Write(w, http.StatusOK)
}

// OriginHeaders are the request headers that tell where a form was posted from.
var OriginHeaders = []string{"Origin", "Sec-Fetch-Site"}
