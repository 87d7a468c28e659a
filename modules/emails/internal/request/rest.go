package request

import (
	"context"
	"net/http"

	"app/modules/emails/internal/email"
	"app/modules/emails/internal/template"
	"app/platform/identity"
	"app/platform/ids"
	"app/platform/operation"
)

// Handlers serve the operations of requests.
type Handlers struct{ service *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

// Register declares the operations. The handlers lie at the address by the time that a
// request comes.
func Register(api *operation.API, at **Handlers) {
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/emails/templates", ID: "list-email-templates", Summary: "List the templates and what each needs",
		Access: operation.Admin, Rate: operation.RateDefault, Tags: []string{"E-mail"}, Scope: "emails:send",
	}, operation.On(at, (*Handlers).listTemplates))
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/emails", ID: "send-email", Summary: "Send an e-mail",
		Description: "By an administrator, to anybody, or with the API key of an approved merchant: such e-mails are of the templates that the shop lets merchants " +
			"send, in the merchant's own name, to the buyer of one of its orders that was paid, and so many an hour.",
		Access: operation.Admin, Rate: operation.RateDefault, Tags: []string{"E-mail"}, Scope: "emails:send",
		Status: http.StatusAccepted, Errors: []int{http.StatusConflict, http.StatusTooManyRequests},
	}, operation.On(at, (*Handlers).sendEmail))
}

type sendRequest struct {
	Body struct {
		Template string         `json:"template" minLength:"1" maxLength:"40" example:"welcome"`
		To       string         `json:"to,omitempty" maxLength:"254" example:"ada@example.com" doc:"For administrators. A merchant's e-mail goes to the address of its order"`
		OrderID  string         `json:"order_id,omitempty" maxLength:"40" example:"ord_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"For merchants: the order that the e-mail is about"`
		Locale   string         `json:"locale,omitempty" maxLength:"100" example:"de" doc:"Language, as a tag or a list as in Accept-Language; that of the order, or the shop's own, where it is not there"`
		Data     map[string]any `json:"data" doc:"A value for each variable of the template"`
	}
}

func (h *Handlers) sendEmail(ctx context.Context, in *sendRequest) (*email.Output, error) {
	e, err := h.service.Write(ctx, Request{
		ID: ids.For(ctx, "ltr", h.service.Now()), MerchantID: identity.FromContext(ctx).Merchant,
		Template: in.Body.Template, To: in.Body.To, OrderID: in.Body.OrderID, Locale: in.Body.Locale, Data: in.Body.Data,
	})
	if err != nil {
		return nil, err
	}
	out := email.NewOutput(e)
	out.Location = "/v1/emails/" + e.ID
	return out, nil
}

// Template is a template on the wire. The OpenAPI document names its schema after it.
type Template struct {
	Name      string   `json:"name" example:"receipt"`
	Variables []string `json:"variables" doc:"What data must hold"`
}

// templateOf is a template in the reply to a merchant, or to an administrator, who is
// none.
func templateOf(t template.Template, merchantID string) Template {
	return Template{Name: t.Name, Variables: variables(t, merchantID)}
}

type templatesReply struct {
	Body operation.Page[Template]
}

func (h *Handlers) listTemplates(ctx context.Context, _ *struct{}) (*templatesReply, error) {
	out := &templatesReply{Body: operation.Page[Template]{Data: []Template{}}}
	merchant := identity.FromContext(ctx).Merchant
	for _, t := range h.service.Templates(merchant) {
		out.Body.Data = append(out.Body.Data, templateOf(t, merchant))
	}
	return out, nil
}
