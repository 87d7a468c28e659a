package mailbox

import (
	_ "embed"
	"io"
	"net/http"
	"time"

	"app/platform/markup"
)

//go:embed mailbox.html
var mailboxHTML string

var mailboxPage = markup.Must(markup.ParseHTML(markup.Source{Name: "mailbox", Text: mailboxHTML}))

// renderPage shows the mails. The HTML of each is in a frame of its own without
// scripts, so that an e-mail is seen as it would be and can do no harm.
func renderPage(w http.ResponseWriter, to string, found []Mail) {
	list := make([]map[string]any, len(found))
	for i, m := range found {
		list[i] = map[string]any{
			"First": i == 0, "Recipient": m.Recipient, "Subject": m.Subject, "CreatedAt": m.CreatedAt.Format(time.DateTime),
			"Text": m.Text, "HTML": m.HTML,
		}
	}
	page, err := mailboxPage.Execute("mailbox", map[string]any{"To": to, "Mails": list})
	if err != nil {
		panic(err) // the template is part of the program
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	_, _ = io.WriteString(w, page) // the client may have gone
}
