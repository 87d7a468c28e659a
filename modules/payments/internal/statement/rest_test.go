package statement_test

import (
	"net/http"
	"testing"

	"app/modules/payments/internal/paymentstest"
	"app/modules/payments/internal/statement"
	"app/platform/database/dbtest"
	"app/platform/operation/operationtest"
)

func TestPaymentOnTheWire(t *testing.T) {
	t.Parallel()
	a := paymentstest.NewAPI(t)
	path := a.Payment("test_ok")
	const key = "Idempotency-Key: one-click"
	made := a.Must(http.StatusCreated, paymentstest.ManagerA, "POST", path+"/refund", `{"amount":{"amount":500,"currency":"EUR"},"reason":"broken"}`, key)
	paymentstest.WantBody(t, made, `{"id":"rfd","payment_id":"pay","merchant_id":"MRC_A","amount":{"amount":500,"currency":"EUR"},"reason":"broken","status":"pending","created_at":"2026-03-01T10:00:00Z"}`)
	if made.Header.Get("Location") != path {
		t.Errorf("Location is %q", made.Header.Get("Location"))
	}
	again := a.Must(http.StatusCreated, paymentstest.ManagerA, "POST", path+"/refund", `{"amount":{"amount":500,"currency":"EUR"},"reason":"broken"}`, key)
	if again.Body != made.Body || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("repeated: %s", again.Body)
	}
	a.SendRefunds()
	paymentstest.WantBody(t, a.Must(http.StatusOK, paymentstest.Ada, "GET", path, ""), `{"id":"pay","order_id":"ord","status":"succeeded","amount":{"amount":1990,"currency":"EUR"},
		"refunded":{"amount":500,"currency":"EUR"},"method":"test_ok","refunds":[
		{"id":"rfd","payment_id":"pay","merchant_id":"MRC_A","amount":{"amount":500,"currency":"EUR"},"reason":"broken","status":"succeeded","created_at":"2026-03-01T10:00:00Z"}
		],"created_at":"2026-03-01T10:00:00Z"}`)
	paymentstest.WantBody(t, a.Must(http.StatusOK, paymentstest.ManagerB, "GET", path, ""), `{"id":"pay","order_id":"ord","status":"succeeded","amount":{"amount":500,"currency":"EUR"},
		"refunded":{"amount":0,"currency":"EUR"},"method":"test_ok","refunds":[],"created_at":"2026-03-01T10:00:00Z"}`)
	paymentstest.WantBody(t, a.Must(http.StatusOK, paymentstest.Ada, "GET", a.Payment("test_declined"), ""), `{"id":"pay","order_id":"ord","status":"failed","reason":"declined","amount":{"amount":1990,"currency":"EUR"},
		"refunded":{"amount":0,"currency":"EUR"},"method":"test_declined","refunds":[],"created_at":"2026-03-01T10:00:00Z"}`)
}

func TestFailure18_ForeignMerchantIsNotFound(t *testing.T) {
	t.Parallel()
	a := paymentstest.NewAPI(t)
	path := a.Payment("test_ok")
	for _, user := range []string{paymentstest.Stranger, paymentstest.Nobody} {
		operationtest.WantProblem(t, a.Call(user, "GET", path, "", "Cart-Token: guess"), http.StatusNotFound, "payment_not_found")
	}
	operationtest.WantProblem(t, a.Call(paymentstest.Stranger, "POST", path+"/refund", `{"reason":"x"}`, "Idempotency-Key: k"), http.StatusNotFound, "payment_not_found")
	for _, id := range []string{"1", "pay_00000000000000000000000000", paymentstest.MerchantA} {
		operationtest.WantProblem(t, a.Call(paymentstest.Ada, "GET", "/v1/payments/"+id, ""), http.StatusNotFound, "payment_not_found")
	}
}

// A field of the reply that nothing is put into is one that was forgotten.
func TestBodyIsComplete(t *testing.T) {
	t.Parallel()
	s := dbtest.Filled[statement.Statement](t)
	dbtest.WantFilled(t, statement.NewBody(s))
}
