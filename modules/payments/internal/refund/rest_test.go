package refund_test

import (
	"net/http"
	"testing"
	"time"

	"app/modules/payments/internal/paymentstest"
	"app/modules/payments/internal/refund"
	"app/platform/database/dbtest"
	"app/platform/ids"
	"app/platform/operation/operationtest"
)

func TestRefundIsRefused(t *testing.T) {
	t.Parallel()
	a := paymentstest.NewAPI(t)
	path := a.Payment("test_ok")
	ask := func(user, body string) operationtest.Reply {
		return a.Call(user, "POST", path+"/refund", body, "Idempotency-Key: "+ids.New("key", time.Now()))
	}
	operationtest.WantProblem(t, a.Call(paymentstest.ManagerA, "POST", path+"/refund", `{"reason":"broken"}`), http.StatusBadRequest, "idempotency_key_missing", "/Idempotency-Key")
	for name, c := range map[string]struct {
		body     string
		pointers []string
	}{
		"no reason":         {`{}`, []string{"/reason"}},
		"empty reason":      {`{"reason":""}`, []string{"/reason"}},
		"a bare number":     {`{"reason":"x","amount":500}`, []string{"/amount"}},
		"nothing":           {`{"reason":"x","amount":{"amount":0,"currency":"EUR"}}`, []string{"/amount/amount"}},
		"less":              {`{"reason":"x","amount":{"amount":-5,"currency":"EUR"}}`, []string{"/amount/amount"}},
		"another currency":  {`{"reason":"x","amount":{"amount":5,"currency":"USD"}}`, []string{"/amount/currency"}},
		"no currency":       {`{"reason":"x","amount":{"amount":5}}`, []string{"/amount/currency"}},
		"unknown field":     {`{"reason":"x","to":"me"}`, []string{"/to"}},
		"another's share":   {`{"reason":"x","merchant_id":"` + paymentstest.MerchantB + `"}`, []string{"/merchant_id"}},
		"unknown merchant":  {`{"reason":"x","merchant_id":"1"}`, []string{"/merchant_id"}},
		"an enormous count": {`{"reason":"x","amount":{"amount":99999999999999999999,"currency":"EUR"}}`, []string{"/amount/amount"}},
	} {
		t.Run(name, func(t *testing.T) {
			operationtest.WantProblem(t, ask(paymentstest.ManagerA, c.body), http.StatusUnprocessableEntity, "validation_failed", c.pointers...)
		})
	}
	operationtest.WantProblem(t, ask(paymentstest.ManagerA, `{"reason":"x","amount":{"amount":1491,"currency":"EUR"}}`), http.StatusConflict, "refund_exceeds_capture")
	operationtest.WantProblem(t, ask(paymentstest.ViewerA, `{"reason":"x"}`), http.StatusForbidden, "role_too_low")
	operationtest.WantProblem(t, ask(paymentstest.Nobody, `{"reason":"x"}`), http.StatusUnauthorized, "unauthenticated")
	path = a.Payment("test_declined")
	operationtest.WantProblem(t, ask(paymentstest.ManagerA, `{"reason":"x"}`), http.StatusConflict, "payment_not_captured")
}

// A field of the reply that nothing is put into is one that was forgotten.
func TestBodyIsComplete(t *testing.T) {
	t.Parallel()
	dbtest.WantFilled(t, refund.NewBody(dbtest.Filled[refund.Refund](t)))
}
