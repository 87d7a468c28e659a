package mailbox

import (
	"context"
	"net/http"
	"time"

	"app/platform/operation"
	"app/platform/problem"
)

// Handlers show the mailbox to programs and people.
type Handlers struct{ service *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

// Register declares the operations. The handlers lie at the address by the time that a
// request comes.
func Register(api *operation.API, at **Handlers) {
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/dev/mailbox.json", ID: "get-mailbox", Summary: "Read the development mailbox, newest first",
		Access: operation.Loopback, Rate: operation.RateDefault, Tags: []string{"Development"},
	}, operation.On(at, (*Handlers).listMails))
	api.Raw(operation.Operation{
		Method: http.MethodGet, Path: "/dev/mailbox", ID: "show-mailbox", Summary: "The development mailbox as a page",
		Access: operation.Loopback, Rate: operation.RateDefault, Tags: []string{"Development"},
	}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*at).showPage(w, r) }))
}

// mail is a Mail on the wire. Its name is that of the schema in the OpenAPI document.
type mail struct {
	ID        string    `json:"id"`
	To        string    `json:"to"`
	Subject   string    `json:"subject"`
	Text      string    `json:"text"`
	HTML      string    `json:"html"`
	CreatedAt time.Time `json:"created_at"`
}

// mailOf is a mail in a reply.
func mailOf(m Mail) mail {
	return mail{ID: m.EmailID, To: m.Recipient, Subject: m.Subject, Text: m.Text, HTML: m.HTML, CreatedAt: m.CreatedAt}
}

// shown bounds what the mailbox shows.
const shown = 100

type mailboxRequest struct {
	To string `query:"to" maxLength:"254" doc:"Only mail to this address"`
}

type mailboxReply struct {
	Body operation.Page[mail]
}

func (h *Handlers) listMails(ctx context.Context, in *mailboxRequest) (*mailboxReply, error) {
	found, err := h.service.List(ctx, in.To, shown)
	if err != nil {
		return nil, err
	}
	out := &mailboxReply{Body: operation.Page[mail]{Data: make([]mail, len(found))}}
	for i, m := range found {
		out.Body.Data[i] = mailOf(m)
	}
	return out, nil
}

// showPage shows the mailbox to people.
func (h *Handlers) showPage(w http.ResponseWriter, r *http.Request) {
	to := r.URL.Query().Get("to")
	found, err := h.service.List(r.Context(), to, shown)
	if err != nil {
		problem.Write(w, r, err)
		return
	}
	renderPage(w, to, found)
}
