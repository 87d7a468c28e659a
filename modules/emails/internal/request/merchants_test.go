package request_test

import (
	"net/http"
	"strings"
	"testing"

	"app/modules/emails/emailstest"
	"app/platform/identity"
	"app/platform/operation/operationtest"
)

// paidInGerman delivers that Ada, who reads German, has paid an order of a merchant's.
func paidInGerman(a *emailstest.API, orderID, merchant string) {
	a.T.Helper()
	order := emailstest.Order(orderID, merchant, "", "ada@example.com")
	order.Locale = "de-AT"
	a.Paid(a.Notifications, order)
}

const shipped = `{"template":"order_shipped","order_id":"ord_1","data":{"carrier":"Post","tracking":"1"}}`

func TestMerchantsKeys(t *testing.T) {
	t.Parallel()
	a := emailstest.NewAPI(t)
	paidInGerman(a, "ord_1", "mrc_1")
	key := operationtest.Key("mrc_1", "emails:send")
	w := a.Call(key, http.MethodPost, "/v1/emails", shipped, "Idempotency-Key", "k1")
	for _, shows := range []string{`"subject":"Bestellung ord_1 ist unterwegs"`, `"to":"ada@example.com"`} {
		if w.Status != http.StatusAccepted || !strings.Contains(w.Body, shows) {
			t.Fatalf("%d %s", w.Status, w.Body)
		}
	}
	if again := a.Call(key, http.MethodPost, "/v1/emails", shipped, "Idempotency-Key", "k1"); again.Body != w.Body {
		t.Errorf("the same key answered\n%s", again.Body)
	}
	path := w.Header.Get("Location")
	for name, tc := range map[string]struct {
		who          identity.Principal
		method, path string
		body         string
		want         int
	}{
		"Own":              {key, http.MethodGet, path, "", http.StatusOK},
		"AnothersIsHidden": {operationtest.Key("mrc_2", "emails:send"), http.MethodGet, path, "", http.StatusNotFound},
		"OtherScope":       {operationtest.Key("mrc_1", "orders:read"), http.MethodPost, "/v1/emails", shipped, http.StatusForbidden},
		"ShopsTemplate":    {key, http.MethodPost, "/v1/emails", emailstest.WelcomeBody, http.StatusUnprocessableEntity},
		"Suppressions":     {key, http.MethodGet, "/v1/emails/suppressions", "", http.StatusForbidden},
	} {
		if w := a.Call(tc.who, tc.method, tc.path, tc.body); w.Status != tc.want {
			t.Errorf("%s: %d, want %d: %s", name, w.Status, tc.want, w.Body)
		}
	}
	if w := a.Call(key, http.MethodGet, "/v1/emails/templates", ""); !strings.Contains(w.Body, `[{"name":"order_shipped","variables":["carrier","tracking"]}]`) {
		t.Errorf("a merchant is shown %s", w.Body)
	}
}

// A merchant's e-mail goes out under the merchant's own name, to the buyer of an order
// of its own that was paid, when it is approved.
func TestFault01_MerchantsWriteToTheirBuyersOnly(t *testing.T) {
	t.Parallel()
	a := emailstest.NewAPI(t)
	paidInGerman(a, "ord_1", "mrc_1")
	paidInGerman(a, "ord_2", "mrc_pending")
	for name, tc := range map[string]struct {
		merchant, body, want string
		status               int
	}{
		"Own":       {"mrc_1", shipped, `"status":"queued"`, http.StatusAccepted},
		"Recipient": {"mrc_1", strings.Replace(shipped, `"order_id"`, `"to":"victim@bank.example","order_id"`, 1), `"pointer":"/to"`, http.StatusUnprocessableEntity},
		"OwnRecipient": {
			"mrc_1", strings.Replace(shipped, `"order_id"`, `"to":"ada@example.com","order_id"`, 1), `"pointer":"/to"`, http.StatusUnprocessableEntity,
		},
		"Name":              {"mrc_1", strings.Replace(shipped, `"data":{`, `"data":{"merchant":"PayPal Security",`, 1), `"pointer":"/data/merchant"`, http.StatusUnprocessableEntity},
		"NoOrder":           {"mrc_1", strings.Replace(shipped, `"order_id":"ord_1",`, "", 1), `"pointer":"/order_id"`, http.StatusUnprocessableEntity},
		"Unknown":           {"mrc_1", strings.Replace(shipped, "ord_1", "ord_0", 1), `"detail":"is not an order of yours that was paid lately"`, http.StatusUnprocessableEntity},
		"Anothers":          {"mrc_2", shipped, `"detail":"is not an order of yours that was paid lately"`, http.StatusUnprocessableEntity},
		"Pending":           {"mrc_pending", strings.Replace(shipped, "ord_1", "ord_2", 1), `"code":"merchant_not_approved"`, http.StatusConflict},
		"PendingAndUnknown": {"mrc_pending", shipped, `"code":"merchant_not_approved"`, http.StatusConflict},
	} {
		w := a.Call(operationtest.Key(tc.merchant, "emails:send"), http.MethodPost, "/v1/emails", tc.body)
		if w.Status != tc.status || !strings.Contains(w.Body, tc.want) {
			t.Errorf("%s: %d %s", name, w.Status, w.Body)
		}
	}
}

func TestFault01_LimitsAreTold(t *testing.T) {
	t.Parallel()
	a := emailstest.NewAPI(t)
	paidInGerman(a, "ord_1", "mrc_1")
	for n := range 11 {
		w := a.Call(operationtest.Key("mrc_1", "emails:send"), http.MethodPost, "/v1/emails", shipped)
		if n < 10 && w.Status != http.StatusAccepted {
			t.Fatalf("e-mail %d: %d %s", n+1, w.Status, w.Body)
		}
		if n == 10 && (w.Status != http.StatusTooManyRequests || !strings.Contains(w.Body, `"code":"merchant_rate"`) || w.Header.Get("Retry-After") == "") {
			t.Errorf("one more: %d %s %v", w.Status, w.Body, w.Header)
		}
	}
}
