package notice

import (
	"net/http"

	"app/platform/httpserver"
)

// Handlers take what is posted.
type Handlers struct{ service *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

// Register declares the operation. The handlers lie at the address by the time that a
// request comes.
func Register(api *httpserver.API, at **Handlers) {
	api.Raw(httpserver.Operation{
		Method: http.MethodPost, Path: "/v1/emails/webhooks/ses", ID: "receive-ses-notice", Summary: "Take news about letters from Amazon SES",
		Description: "Called by Amazon SNS. Messages of the topics in EMAIL_SES_TOPICS are taken once, if SNS signed them.",
		Access:      httpserver.Public, Rate: httpserver.RateWebhook, Tags: []string{"E-mail"},
		MaxBody: 512 << 10, Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity},
	}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*at).takeNotice(w, r) }))
}

// takeNotice hands the bytes of the body on as they came: the signature covers what
// they say.
func (h *Handlers) takeNotice(w http.ResponseWriter, r *http.Request) {
	body, err := httpserver.ReadBody(r)
	if err == nil {
		err = h.service.Take(r.Context(), body)
	}
	if err != nil {
		httpserver.WriteProblem(w, r, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}
