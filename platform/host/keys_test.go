package host_test

import (
	"net/http"
	"testing"

	"app/platform/internal/demo"
)

// Two processes in the middle of a change of keys work together.
func TestChangeOfInternalKeys(t *testing.T) {
	t.Parallel()
	const next = "the next key of the tests that is also long enough"
	bank := options(t, demo.All(), "bank", map[string]string{"INTERNAL_KEY": sharedKey, "INTERNAL_KEYS_ACCEPTED": next})
	bank.Listener = listener(t)
	start(t, bank)
	front := start(t, options(t, demo.All(), "shop,door", map[string]string{
		"INTERNAL_KEY": next, "INTERNAL_KEYS_ACCEPTED": sharedKey, "BANK_URL": urlOf(bank.Listener),
	}))
	if status, body := call(t, http.MethodPost, front.URL()+"/v1/sales", `{"account":"acme","amount":7}`); status != http.StatusCreated {
		t.Errorf("sale: %d %s", status, body)
	}
}
