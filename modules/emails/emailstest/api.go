package emailstest

import (
	"net/http"
	"testing"
	"time"

	"app/modules/emails/internal/budget"
	"app/modules/emails/internal/email"
	"app/modules/emails/internal/mailbox"
	"app/modules/emails/internal/notice"
	"app/modules/emails/internal/request"
	"app/modules/emails/internal/suppression"
	"app/platform/idempotency"
	"app/platform/identity"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

// Who calls an API.
var (
	Admin = identity.Principal{UserID: "usr_admin", Method: identity.Bearer, Admin: true}
	User  = identity.Principal{UserID: "usr_ada", Method: identity.Bearer}
)

// WelcomeBody is the request of an administrator for an e-mail.
const WelcomeBody = `{"template":"welcome","to":"ada@example.com","data":{"first_name":"<b>Ada<b>"}}`

// API is the public API of emails on a database of its own.
type API struct {
	*Post
	handler http.Handler
}

// NewAPI is the API of an office on SQLite that sends to the development mailbox.
// Merchants may write 10 e-mails an hour that say that an order is shipped.
func NewAPI(t testing.TB) *API {
	t.Helper()
	p := NewPost(t)
	p.Clock.Advance(123456 * time.Microsecond)
	p.Emails.Transport = p.Mailbox
	p.Requests.MerchantTemplates, p.Requests.Limits = []string{"order_shipped"}, budget.Limits{Merchant: 10, Owner: 10, Network: 10}
	api := operation.NewAPI("emails", operation.Options{Now: p.Clock.Now})
	emails, requests, box := email.NewHandlers(p.Emails), request.NewHandlers(p.Requests), mailbox.NewHandlers(p.Mailbox)
	suppressions, notices := suppression.NewHandlers(p.Suppressions), notice.NewHandlers(p.Notices)
	email.Register(api, &emails)
	request.Register(api, &requests)
	mailbox.Register(api, &box)
	suppression.Register(api, &suppressions)
	notice.Register(api, &notices)
	api.UseKeys(idempotency.New(p.DB, idempotency.Options{}))
	return &API{p, operationtest.New(t, api)}
}

// Call sends a request as the principal; nobody when it is the zero value. Headers are
// names and values in turn.
func (a *API) Call(p identity.Principal, method, path, body string, headers ...string) operationtest.Reply {
	return operationtest.Send(a.handler, p, method, path, body, headers...)
}

// PostNotice posts the body as SNS does and returns the status of the reply.
func (a *API) PostNotice(body []byte) int {
	return a.Call(operationtest.Nobody, http.MethodPost, "/v1/emails/webhooks/ses", string(body), "Content-Type", "text/plain; charset=UTF-8").Status
}
