// Package rest publishes the module's operations.
package rest

import (
	"context"
	"net/http"
	"slices"
	"time"

	"app/modules/emails/internal/service"
	"app/modules/emails/internal/store"
	"app/platform/identity"
	"app/platform/ids"
	"app/platform/operation"
	"app/platform/problem"
)

// Register declares the operations. The handlers lie at the address by the time that a
// request comes.
func Register(api *operation.API, at **Handlers) {
	dev := operation.Operation{Access: operation.Loopback, Rate: operation.RateDefault, Tags: []string{"Development"}}
	sender := operation.Operation{Access: operation.Admin, Rate: operation.RateDefault, Tags: []string{"E-mail"}, Scope: "emails:send"}
	operation.Register(api, withRoute(sender, http.MethodGet, "/v1/emails/templates", "list-email-templates", "List the templates and what each needs"), operation.On(at, (*Handlers).listTemplates))
	post := withRoute(sender, http.MethodPost, "/v1/emails", "send-email", "Send a letter")
	post.Description = "By an administrator, to anybody, or with the API key of an approved merchant: such letters are of the templates that the shop lets merchants " +
		"send, in the merchant's own name, to the buyer of one of its orders that was paid, and so many an hour."
	post.Status, post.Errors = http.StatusAccepted, []int{http.StatusConflict, http.StatusTooManyRequests}
	operation.Register(api, post, operation.On(at, (*Handlers).sendEmail))
	operation.Register(api, withRoute(sender, http.MethodGet, "/v1/emails/{id}", "get-email", "Read a letter and how far it has come"), operation.On(at, (*Handlers).getEmail))
	operation.Register(api, withRoute(dev, http.MethodGet, "/dev/mailbox.json", "get-mailbox", "Read the development mailbox, newest first"), operation.On(at, (*Handlers).listMailbox))
	api.Raw(withRoute(dev, http.MethodGet, "/dev/mailbox", "show-mailbox", "The development mailbox as a page"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*at).showMailboxPage(w, r) }))
}

func withRoute(op operation.Operation, method, path, id, summary string) operation.Operation {
	op.Method, op.Path, op.ID, op.Summary = method, path, id, summary
	return op
}

// Handlers serve the operations.
type Handlers struct{ service *service.Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *service.Service) *Handlers { return &Handlers{s} }

// Letter is the public form of an e-mail.
type Letter struct {
	ID        string     `json:"id" example:"ltr_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Status    string     `json:"status" enum:"queued,sending,sent,failed,unknown" doc:"unknown: it may have been sent"`
	Failure   string     `json:"failure,omitempty" enum:"rejected,attempts,expired,suppressed" doc:"Why it has failed"`
	Delivery  string     `json:"delivery,omitempty" enum:"accepted,delayed,delivered,bounced,refused,complained" doc:"What the transport told of it later"`
	Template  string     `json:"template" example:"welcome"`
	Locale    string     `json:"locale" example:"en"`
	To        string     `json:"to" example:"ada@example.com"`
	Subject   string     `json:"subject" doc:"Empty once a letter with a code is on its way"`
	Attempts  int        `json:"attempts" doc:"How often it was handed over"`
	LastError string     `json:"last_error,omitempty" doc:"Why the last attempt failed"`
	CreatedAt time.Time  `json:"created_at"`
	SentAt    *time.Time `json:"sent_at,omitempty"`
}

func renderEmail(l store.Letter) Letter {
	out := Letter{
		ID: l.ID, Status: string(l.Status), Failure: string(l.Failure), Delivery: string(l.Delivery),
		Template: l.Template, Locale: l.Locale, To: l.Recipient, Subject: l.Subject, Attempts: l.Attempts, LastError: l.LastError, CreatedAt: l.CreatedAt,
	}
	if !l.SentAt.IsZero() {
		out.SentAt = &l.SentAt
	}
	return out
}

type letterReply struct {
	Location string `header:"Location"`
	Body     Letter
}

type sendRequest struct {
	Body struct {
		Template string         `json:"template" minLength:"1" maxLength:"40" example:"welcome"`
		To       string         `json:"to,omitempty" maxLength:"254" example:"ada@example.com" doc:"For administrators. A merchant's letter goes to the address of its order"`
		OrderID  string         `json:"order_id,omitempty" maxLength:"40" example:"ord_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"For merchants: the order that the letter is about"`
		Locale   string         `json:"locale,omitempty" maxLength:"100" example:"de" doc:"Language, as a tag or a list as in Accept-Language; that of the order, or the shop's own, where it is not there"`
		Data     map[string]any `json:"data" doc:"A value for each variable of the template"`
	}
}

func (h *Handlers) sendEmail(ctx context.Context, in *sendRequest) (*letterReply, error) {
	s := h.service
	l, err := s.Write(ctx, service.Request{
		ID: ids.For(ctx, "ltr", s.Now()), MerchantID: identity.FromContext(ctx).Merchant,
		Template: in.Body.Template, To: in.Body.To, OrderID: in.Body.OrderID, Locale: in.Body.Locale, Data: in.Body.Data,
	})
	if err != nil {
		return nil, err
	}
	return &letterReply{Location: "/v1/emails/" + l.ID, Body: renderEmail(l)}, nil
}

type getRequest struct {
	ID string `path:"id"`
}

func (h *Handlers) getEmail(ctx context.Context, in *getRequest) (*letterReply, error) {
	l, err := h.service.Seen(ctx, identity.FromContext(ctx).Merchant, in.ID)
	if err != nil {
		return nil, err
	}
	return &letterReply{Body: renderEmail(l)}, nil
}

// Template is the public form of a template.
type Template struct {
	Name      string   `json:"name" example:"receipt"`
	Variables []string `json:"variables" doc:"What data must hold"`
}

type templatesReply struct {
	Body operation.Page[Template]
}

func (h *Handlers) listTemplates(ctx context.Context, _ *struct{}) (*templatesReply, error) {
	out := &templatesReply{Body: operation.Page[Template]{Data: []Template{}}}
	merchant := identity.FromContext(ctx).Merchant
	for _, t := range h.service.Templates(merchant) {
		names := []string{}
		for _, v := range t.Variables {
			if merchant == "" || !slices.Contains(service.Given, v.Name) {
				names = append(names, v.Name)
			}
		}
		out.Body.Data = append(out.Body.Data, Template{Name: t.Name, Variables: names})
	}
	return out, nil
}

// Mail is the public form of a mail in the development mailbox.
type Mail struct {
	ID        string    `json:"id"`
	To        string    `json:"to"`
	Subject   string    `json:"subject"`
	Text      string    `json:"text"`
	HTML      string    `json:"html"`
	CreatedAt time.Time `json:"created_at"`
}

// mailboxLimit bounds what the mailbox shows.
const mailboxLimit = 100

type mailboxRequest struct {
	To string `query:"to" maxLength:"254" doc:"Only mail to this address"`
}

type mailboxReply struct {
	Body operation.Page[Mail]
}

func (h *Handlers) listMailbox(ctx context.Context, in *mailboxRequest) (*mailboxReply, error) {
	mails, err := h.service.Mailbox(ctx, in.To, mailboxLimit)
	if err != nil {
		return nil, err
	}
	out := &mailboxReply{Body: operation.Page[Mail]{Data: make([]Mail, len(mails))}}
	for i, m := range mails {
		out.Body.Data[i] = Mail{ID: m.LetterID, To: m.Recipient, Subject: m.Subject, Text: m.Text, HTML: m.HTML, CreatedAt: m.CreatedAt}
	}
	return out, nil
}

// showMailboxPage shows the mailbox to people.
func (h *Handlers) showMailboxPage(w http.ResponseWriter, r *http.Request) {
	mails, err := h.service.Mailbox(r.Context(), r.URL.Query().Get("to"), mailboxLimit)
	if err != nil {
		problem.Write(w, r, err)
		return
	}
	renderPage(w, r.URL.Query().Get("to"), mails)
}
