package webhook

import (
	"net/http"

	"app/platform/operation"
	"app/platform/problem"
)

// Register declares the operations, for the service that will lie at s when the module
// is open. signatures are the headers that carry the providers' signatures.
func Register(api *operation.API, s **Service, signatures ...string) {
	api.Raw(operation.Operation{
		Method: http.MethodPost, Path: "/v1/payments/webhooks/{provider}", ID: "receive-webhook", Summary: "Take news from a payment provider",
		Description: "Called by providers. The signature covers the very bytes of the body; an event is kept before it is acknowledged and acted upon once.",
		Tags:        []string{"Payments"}, Access: operation.Public, Rate: operation.RateWebhook, MaxBody: 256 << 10, Headers: signatures,
		Errors: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity},
	}, operation.RawOn(s, (*Service).takeEvent))
}

// takeEvent hands the bytes of the body on as they came.
func (s *Service) takeEvent(w http.ResponseWriter, r *http.Request) {
	body, err := operation.ReadBody(r)
	if err == nil {
		err = s.Receive(r.Context(), r.PathValue("provider"), r.Header, body)
	}
	if err != nil {
		problem.Write(w, r, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}
