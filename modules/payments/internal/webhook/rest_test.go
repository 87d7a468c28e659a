package webhook_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"app/modules/payments/internal/paymentstest"
	"app/modules/payments/internal/testprovider"
	"app/platform/operation/operationtest"
)

func TestWebhooks(t *testing.T) {
	t.Parallel()
	a := paymentstest.NewAPI(t)
	path := a.Payment("test_slow")
	body := `{"id":"evt_1","type":"charge.captured","charge":"` + strings.TrimPrefix(path, "/v1/payments/") + `","amount":1990,"currency":"EUR"}`
	signed := func(body string) string {
		return testprovider.SignatureHeader + ": " + testprovider.Sign(paymentstest.Secret, []byte(body), paymentstest.ServedAt).Get(testprovider.SignatureHeader)
	}
	const hooks = "/v1/payments/webhooks/"
	operationtest.WantProblem(t, a.Call(paymentstest.Nobody, "POST", hooks+"test", body), http.StatusUnauthorized, "signature_invalid")
	operationtest.WantProblem(t, a.Call(paymentstest.Nobody, "POST", hooks+"test", body+" ", signed(body)), http.StatusUnauthorized, "signature_invalid")
	operationtest.WantProblem(t, a.Call(paymentstest.Nobody, "POST", hooks+"nobody", body, signed(body)), http.StatusNotFound, "provider_not_found")
	operationtest.WantProblem(t, a.Call(paymentstest.Nobody, "POST", hooks+"test", "[]", signed("[]")), http.StatusUnprocessableEntity, "validation_failed", "")
	large := strings.Repeat("x", 256<<10+1)
	operationtest.WantProblem(t, a.Call(paymentstest.Nobody, "POST", hooks+"test", large, signed(large)), http.StatusRequestEntityTooLarge, "body_too_large")
	for range 3 {
		a.Must(http.StatusOK, paymentstest.Nobody, "POST", hooks+"test", body, signed(body), "Content-Type: text/plain")
	}
	if got := a.Must(http.StatusOK, paymentstest.Ada, "GET", path, "").Body; !strings.Contains(got, `"status":"pending"`) {
		t.Errorf("acted upon before it was acknowledged: %s", got)
	}
	if _, err := a.Webhooks.Process(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := a.Must(http.StatusOK, paymentstest.Ada, "GET", path, "").Body; !strings.Contains(got, `"status":"succeeded"`) {
		t.Errorf("not acted upon: %s", got)
	}
}
