package notice

import (
	"net/http"

	"app/platform/operation"
	"app/platform/problem"
)

// Handlers take what is posted.
type Handlers struct{ service *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

// Register declares the operation. The handlers lie at the address by the time that a
// request comes.
func Register(api *operation.API, at **Handlers) {
	api.Raw(operation.Operation{
		Method: http.MethodPost, Path: "/v1/emails/webhooks/ses", ID: "receive-ses-notice", Summary: "Take news about e-mails from Amazon SES",
		Description: "Called by Amazon SNS. Messages of the topics in EMAIL_SES_TOPICS are taken once, if SNS signed them.",
		Access:      operation.Public, Rate: operation.RateWebhook, Tags: []string{"E-mail"},
		MaxBody: 512 << 10,
		Errors:  []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity},
	}, operation.RawOn(at, (*Handlers).takeNotice))
}

// takeNotice hands the bytes of the body on as they came: the signature covers what
// they say.
func (h *Handlers) takeNotice(w http.ResponseWriter, r *http.Request) {
	body, err := operation.ReadBody(r)
	if err == nil {
		err = h.service.Take(r.Context(), body)
	}
	if err != nil {
		problem.Write(w, r, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}
