package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"app/e2e/harness/shop"
)

// Where a second factor is demanded, somebody with a password alone opens a merchant
// account and reads what it has, and changes something in its name only after setting a
// factor up and showing it. The merchant's API keys go on working without anybody.
func TestScenario_OwnersNeedASecondFactor(t *testing.T) {
	t.Parallel()
	shop.Run(t, ownersNeedASecondFactor, map[string]string{"USERS_FACTOR_REQUIRED": "on"})
}

// refreshed is a client with the access token that follows a refresh token, and the
// next refresh token.
func refreshed(t *testing.T, s *shop.Shop, refresh string) (*shop.Client, string) {
	t.Helper()
	var out shop.Tokens
	if err := s.Call(t.Context(), http.StatusOK, http.MethodPost, "/v1/auth/refresh", map[string]string{"refresh_token": refresh}, &out); err != nil {
		t.Fatal(err)
	}
	return s.As(out.AccessToken), out.RefreshToken
}

func ownersNeedASecondFactor(t *testing.T, s *shop.Shop) {
	const email = "ada@example.com"
	ctx := t.Context()
	must(s.SignUp(ctx, email))(t)
	first, second := must(s.SignIn(ctx, email, shop.Password))(t), must(s.SignIn(ctx, email, shop.Password))(t)
	ada := s.As(first.AccessToken)
	merchant := must(ada.OpenMerchant(ctx, "Lamps"))(t)
	keys, key := "/v1/merchants/"+merchant+"/api-keys", map[string]any{"name": "till", "scopes": []string{"catalog:write", "orders:write", "payments:refund"}}
	product := map[string]any{"merchant_id": merchant, "title": "Lamp", "description": "It shines.", "price": eur(1990), "sku": "L-1", "stock": 9}
	tries := 0
	refused := func(who *shop.Client, method, path string, body any) {
		t.Helper()
		tries++
		var p shop.Problem
		if err := who.Call(ctx, http.StatusForbidden, method, path, body, &p, shop.Key(fmt.Sprint("refused-", tries))); err != nil || p.Code != "second_factor_required" {
			t.Errorf("%s %s: %s, %v", method, path, p.Code, err)
		}
	}
	refused(ada, http.MethodPost, "/v1/products", product)
	refused(ada, http.MethodPost, keys, key)
	wantMe(t, ada, http.StatusOK, "with one factor")
	for _, path := range []string{"/v1/merchants/" + merchant, "/v1/orders?merchant_id=" + merchant, "/v1/users/me/factors"} {
		if err := ada.Call(ctx, http.StatusOK, http.MethodGet, path, nil, nil); err != nil {
			t.Error(err)
		}
	}
	recovery := enrolled(t, ada)
	refused(ada, http.MethodPost, "/v1/products", product) // the token says what held when it was made
	ada, _ = refreshed(t, s, first.RefreshToken)
	listed := must(ada.List(ctx, merchant, "SKU-1", eur(1990), 9))(t)
	var made struct {
		Key string `json:"key"`
	}
	if err := ada.Call(ctx, http.StatusCreated, http.MethodPost, keys, key, &made); err != nil {
		t.Fatal(err)
	}
	must(s.As(made.Key).List(ctx, merchant, "SKU-2", eur(10), 1))(t)

	// A session from before shows the factor first.
	guest, order := buy(t, s.Client, listed.ID, 1, "guest@example.com", "test_ok", "a-factor-for-owners")
	paid := must(guest.AwaitOrder(ctx, order.ID, "paid"))(t)
	before, next := refreshed(t, s, second.RefreshToken)
	refused(before, http.MethodPost, "/v1/orders/"+order.ID+"/cancel", nil)
	refused(before, http.MethodPost, "/v1/payments/"+paid.Payment.ID+"/refund", map[string]string{"reason": "broken"})
	refused(before, http.MethodPost, "/v1/products", product)
	proof := map[string]string{"method": "recovery", "code": recovery[0]}
	if err := before.Call(ctx, http.StatusOK, http.MethodPost, "/v1/auth/step-up", proof, nil); err != nil {
		t.Fatal(err)
	}
	before, _ = refreshed(t, s, next)
	if err := before.Call(ctx, http.StatusOK, http.MethodPost, "/v1/orders/"+order.ID+"/cancel", nil, nil); err != nil {
		t.Error(err)
	}
}

// enrolled sets up an authenticator app and returns the recovery codes.
func enrolled(t *testing.T, who *shop.Client) []string {
	t.Helper()
	var e struct{ Secret string }
	if err := who.Call(t.Context(), http.StatusOK, http.MethodPost, "/v1/users/me/totp", nil, &e); err != nil {
		t.Fatal(err)
	}
	g := generator{secret: e.Secret}
	var added struct {
		RecoveryCodes []string `json:"recovery_codes"`
	}
	if err := who.Call(t.Context(), http.StatusOK, http.MethodPost, "/v1/users/me/totp/confirm", map[string]string{"code": g.next(t)}, &added); err != nil {
		t.Fatal(err)
	}
	return added.RecoveryCodes
}
