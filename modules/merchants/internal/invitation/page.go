package invitation

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"io"
	"net/http"
	"strings"

	"app/platform/markup"
	"app/platform/problem"
)

//go:embed page.html
var pageHTML string

// pageScript moves the code from the fragment of the link, which browsers send to
// nobody, into the form; without it people type the code. It is no part of the
// template, which may have none.
//
//go:embed page.js
var pageScript string

var pageTemplate = markup.Must(markup.ParseHTML(markup.Source{Name: "page", Text: pageHTML}))

// page is what people see who come from the e-mail of an invitation: a sentence, or a
// form.
type page struct {
	Text, Error string
	Form        bool
	Code        string // what the form's field holds
}

// pagePolicy lets the page's own script run, named by its digest (Content Security
// Policy level 3, section 2.3.1), and nothing else.
var pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src '" + scriptDigest(pageScript) +
	"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

func scriptDigest(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// writePage writes the page. It may hold a code, so it is kept nowhere; no other site
// may show it.
func (p page) writePage(w http.ResponseWriter, status int) {
	out, err := pageTemplate.Execute("page", map[string]any{"Text": p.Text, "Error": p.Error, "Form": p.Form, "Code": p.Code})
	if err != nil {
		panic(err) // the template is part of the program
	}
	if p.Form {
		out = strings.Replace(out, "</body>", "<script>"+pageScript+"</script>\n</body>", 1)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", pagePolicy)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, out) // the client may have gone
}

// showPage shows the form, empty.
func showPage(w http.ResponseWriter, _ *http.Request) { page{Form: true}.writePage(w, http.StatusOK) }

// showResult shows that the form has had its effect, or the form again with what went
// wrong. What a person cannot mend, and what a program gets, is a problem as anywhere
// else.
func (p page) showResult(w http.ResponseWriter, r *http.Request, err error, text string) {
	if err == nil {
		page{Text: text}.writePage(w, http.StatusOK)
		return
	}
	answer := problem.Of(err)
	if answer.Status >= http.StatusInternalServerError || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		problem.Write(w, r, err)
		return
	}
	p.Error = answer.Detail
	p.writePage(w, answer.Status)
}
