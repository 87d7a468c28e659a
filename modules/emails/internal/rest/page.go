package rest

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"

	"app/modules/emails/internal/store"
)

//go:embed mailbox.html
var mailboxHTML string

var mailboxPage = template.Must(template.New("mailbox").Parse(mailboxHTML))

// renderPage shows the mails. The HTML of each is in a frame of its own without scripts, so that a letter is seen as it
// would be and can do no harm.
func renderPage(w http.ResponseWriter, to string, mails []store.Mail) {
	var page bytes.Buffer
	if err := mailboxPage.Execute(&page, map[string]any{"To": to, "Mails": mails}); err != nil {
		panic(err) // the template is part of the program
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	_, _ = w.Write(page.Bytes()) // the client may have gone
}
