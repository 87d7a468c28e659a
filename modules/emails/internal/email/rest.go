package email

import (
	"context"
	"net/http"
	"time"

	"app/platform/identity"
	"app/platform/operation"
)

// Handlers serve the operations of e-mails.
type Handlers struct{ service *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

// Register declares the operations. The handlers lie at the address by the time that a
// request comes.
func Register(api *operation.API, at **Handlers) {
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/emails/{id}", ID: "get-email", Summary: "Read an e-mail and how far it has come",
		Access: operation.Admin, Rate: operation.RateDefault, Tags: []string{"E-mail"}, Scope: "emails:send",
	}, operation.On(at, (*Handlers).getEmail))
}

// letter is an Email on the wire. Its name is that of the schema in the OpenAPI
// document.
type letter struct {
	ID        string     `json:"id" example:"ltr_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Status    string     `json:"status" enum:"queued,sending,sent,failed,unknown" doc:"unknown: it may have been sent"`
	Failure   string     `json:"failure,omitempty" enum:"rejected,attempts,expired,suppressed" doc:"Why it has failed"`
	Delivery  string     `json:"delivery,omitempty" enum:"accepted,delayed,delivered,bounced,refused,complained" doc:"What the transport told of it later"`
	Template  string     `json:"template" example:"welcome"`
	Locale    string     `json:"locale" example:"en"`
	To        string     `json:"to" example:"ada@example.com"`
	Subject   string     `json:"subject" doc:"Empty once an e-mail with a code is on its way"`
	Attempts  int        `json:"attempts" doc:"How often it was handed over"`
	LastError string     `json:"last_error,omitempty" doc:"Why the last attempt failed"`
	CreatedAt time.Time  `json:"created_at"`
	SentAt    *time.Time `json:"sent_at,omitempty"`
}

// Output is the reply of operations that answer an e-mail.
type Output struct {
	Location string `header:"Location"`
	Body     letter
}

// NewOutput is the reply with an e-mail, without a Location.
func NewOutput(e Email) *Output { return &Output{Body: renderEmail(e)} }

// renderEmail makes the wire form of an e-mail.
func renderEmail(e Email) letter {
	out := letter{
		ID: e.ID, Status: string(e.Status), Failure: string(e.Failure), Delivery: string(e.Delivery),
		Template: e.Template, Locale: e.Locale, To: e.Recipient, Subject: e.Subject, Attempts: e.Attempts, LastError: e.LastError, CreatedAt: e.CreatedAt,
	}
	if !e.SentAt.IsZero() {
		out.SentAt = &e.SentAt
	}
	return out
}

type getRequest struct {
	ID string `path:"id"`
}

func (h *Handlers) getEmail(ctx context.Context, in *getRequest) (*Output, error) {
	e, err := h.service.ByIDFor(ctx, identity.FromContext(ctx).Merchant, in.ID)
	if err != nil {
		return nil, err
	}
	return NewOutput(e), nil
}
