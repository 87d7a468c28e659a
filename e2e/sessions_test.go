package e2e_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"app/e2e/harness/shop"
	"app/platform/identity"
)

// browse signs in as a browser and returns the headers that it would send from then on.
func browse(t *testing.T, s *shop.Shop, email string) []shop.Option {
	t.Helper()
	reply, err := s.Do(t.Context(), http.MethodPost, "/v1/auth/login", map[string]any{"email": email, "password": shop.Password, "session": true})
	if err != nil || reply.Status != http.StatusOK {
		t.Fatalf("%d %s, %v", reply.Status, reply.Body, err)
	}
	cookies := (&http.Response{Header: reply.Header}).Cookies()
	if len(cookies) != 1 || cookies[0].Name != identity.SessionCookie || !cookies[0].Secure || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].Path != "/" || cookies[0].Domain != "" {
		t.Fatalf("Set-Cookie: %q", reply.Header["Set-Cookie"])
	}
	return []shop.Option{shop.Header("Cookie", cookies[0].Name+"="+cookies[0].Value), shop.Header("Sec-Fetch-Site", "same-origin")}
}

// wantMe checks how /v1/users/me answers.
func wantMe(t *testing.T, c *shop.Client, status int, what string, options ...shop.Option) {
	t.Helper()
	if err := c.Call(t.Context(), status, http.MethodGet, "/v1/users/me", nil, nil, options...); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// Whoever signs out is out at once: the next request with the same token or cookie is
// refused.
func TestScenario_SignOut(t *testing.T) {
	t.Parallel()
	shop.Run(t, signOut, nil)
}

func signOut(t *testing.T, s *shop.Shop) {
	const email = "ada@example.com"
	first := must(s.SignUp(t.Context(), email))(t)
	second := s.As(must(s.SignIn(t.Context(), email, shop.Password))(t).AccessToken)
	cookie, other := browse(t, s, email), browse(t, s, email)
	for what, err := range map[string]error{
		"first token":  first.Call(t.Context(), 200, http.MethodGet, "/v1/users/me", nil, nil),
		"second token": second.Call(t.Context(), 200, http.MethodGet, "/v1/users/me", nil, nil),
		"cookie":       s.Call(t.Context(), 200, http.MethodGet, "/v1/users/me", nil, nil, cookie...),
		"other cookie": s.Call(t.Context(), 200, http.MethodGet, "/v1/users/me", nil, nil, other...),
	} {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	call := func(c *shop.Client, status int, method, path string, options ...shop.Option) {
		t.Helper()
		if err := c.Call(t.Context(), status, method, path, nil, nil, options...); err != nil {
			t.Fatal(err)
		}
	}
	call(s.Client, http.StatusForbidden, http.MethodPost, "/v1/auth/logout", append(cookie, shop.Header("Sec-Fetch-Site", "cross-site"))...)
	call(s.Client, http.StatusNoContent, http.MethodPost, "/v1/auth/logout", cookie...)
	wantMe(t, s.Client, http.StatusUnauthorized, "cookie after its sign-out", cookie...)
	wantMe(t, s.Client, http.StatusOK, "the other browser goes on", other...)
	call(second, http.StatusNoContent, http.MethodPost, "/v1/auth/logout")
	wantMe(t, second, http.StatusUnauthorized, "token after its sign-out")
	call(first, http.StatusOK, http.MethodDelete, "/v1/auth/sessions")
	wantMe(t, s.Client, http.StatusUnauthorized, "browser after everywhere else", other...)
	wantMe(t, first, http.StatusOK, "the session that ended the others")
}

// A gateway that had no part in a sign-out refuses what it remembers as good, too.
func TestScenario_SignOutAtAnotherGateway(t *testing.T) {
	t.Parallel()
	s := shop.Open(t, shop.Processes, nil)
	const email = "ada@example.com"
	here := must(s.SignUp(t.Context(), email))(t)
	cookie := browse(t, s, email)
	there := secondGateway(t, s)
	token := there.As(here.Token)
	wantMe(t, token, http.StatusOK, "token")
	wantMe(t, there, http.StatusOK, "cookie", cookie...)
	if err := s.Call(t.Context(), http.StatusNoContent, http.MethodPost, "/v1/auth/logout", nil, nil, cookie...); err != nil {
		t.Fatal(err)
	}
	if err := here.Call(t.Context(), http.StatusNoContent, http.MethodPost, "/v1/auth/logout", nil, nil); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	refused := func(c *shop.Client, options ...shop.Option) func(context.Context) error {
		return func(ctx context.Context) error {
			return c.Call(ctx, http.StatusUnauthorized, http.MethodGet, "/v1/users/me", nil, nil, options...)
		}
	}
	if err := errors.Join(shop.Await(t.Context(), "the token to be refused", refused(token)), shop.Await(t.Context(), "the cookie to be refused", refused(there, cookie...))); err != nil {
		t.Error(err)
	}
	t.Logf("the other gateway refused both after %s", time.Since(start).Round(time.Millisecond))
}

// secondGateway starts another gateway beside that of a split shop.
func secondGateway(t *testing.T, s *shop.Shop) *shop.Client {
	t.Helper()
	first := s.Part(t, "gateway")
	env := map[string]string{}
	for name, value := range first.Env {
		env[name] = value
	}
	env["HTTP_ADDR"] = shop.FreeAddress(t)
	p := shop.NewPart("second gateway", first.Binary, s.Dir+"/gateway2.log", first.Args, env)
	p.Start(t)
	t.Cleanup(func() { p.Stop(t) })
	p.AwaitReady(t)
	return &shop.Client{Base: "http://" + env["HTTP_ADDR"]}
}

// A merchant's API key does what its scopes say, for its merchant only, until it is
// revoked.
func TestScenario_APIKeys(t *testing.T) {
	t.Parallel()
	shop.Run(t, apiKeys, nil)
}

func apiKeys(t *testing.T, s *shop.Shop) {
	ctx := t.Context()
	a, b := openStand(t, s, "ann", 1990, 5), openStand(t, s, "ben", 990, 5)
	_, order := buy(t, s.Client, a.product.ID, 1, "guest@example.com", "test_ok", "order-1")
	keys := "/v1/merchants/" + a.merchant + "/api-keys"
	var made struct{ ID, Key string }
	body := map[string]any{"name": "till", "scopes": []string{"catalog:write", "orders:read"}}
	if err := a.owner.Call(ctx, http.StatusCreated, http.MethodPost, keys, body, &made); err != nil {
		t.Fatal(err)
	}
	key := s.As(made.Key)
	expect := func(what string, status int, method, path string, body any) {
		t.Helper()
		if err := key.Call(ctx, status, method, path, body, nil); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	product := func(merchant string) map[string]any {
		return map[string]any{"merchant_id": merchant, "title": "Lamp", "sku": "SKU-2", "price": eur(500), "stock": 1}
	}
	expect("list a product", http.StatusCreated, http.MethodPost, "/v1/products", product(a.merchant))
	expect("list a product for somebody else", http.StatusNotFound, http.MethodPost, "/v1/products", product(b.merchant))
	expect("read somebody else's stock", http.StatusForbidden, http.MethodGet, "/v1/products/"+b.product.ID+"/stock", nil)
	expect("list orders", http.StatusOK, http.MethodGet, "/v1/orders?merchant_id="+url.QueryEscape(a.merchant), nil)
	expect("list somebody else's orders", http.StatusNotFound, http.MethodGet, "/v1/orders?merchant_id="+url.QueryEscape(b.merchant), nil)
	expect("read an order", http.StatusOK, http.MethodGet, "/v1/orders/"+order.ID, nil)
	expect("cancel without the scope", http.StatusForbidden, http.MethodPost, "/v1/orders/"+order.ID+"/cancel", nil)
	expect("mail without the scope", http.StatusForbidden, http.MethodPost, "/v1/emails", map[string]any{})
	expect("make another key", http.StatusForbidden, http.MethodPost, keys, body)
	expect("be a user", http.StatusForbidden, http.MethodGet, "/v1/users/me", nil)
	expect("open a cart", http.StatusForbidden, http.MethodPost, "/v1/carts", nil)
	expect("read what is public", http.StatusOK, http.MethodGet, "/v1/products", nil)
	if err := a.owner.Call(ctx, http.StatusNoContent, http.MethodDelete, keys+"/"+made.ID, nil, nil); err != nil {
		t.Fatal(err)
	}
	expect("anything once revoked", http.StatusUnauthorized, http.MethodGet, "/v1/orders?merchant_id="+a.merchant, nil)
	body["scopes"] = []string{"emails:send"}
	if err := a.owner.Call(ctx, http.StatusCreated, http.MethodPost, keys, body, &made); err != nil {
		t.Fatal(err)
	}
	key = s.As(made.Key)
	letter := map[string]any{"template": "merchant_message", "order_id": order.ID, "data": map[string]any{}}
	expect("an e-mail that lacks its words", http.StatusUnprocessableEntity, http.MethodPost, "/v1/emails", letter)
	letter["data"] = map[string]any{"topic": "Your lamp", "message": "It is on its way: see evil.example/x"}
	err := shop.Await(ctx, "an e-mail to be taken", func(ctx context.Context) error { // once emails has heard that the order is paid
		return key.Call(ctx, http.StatusAccepted, http.MethodPost, "/v1/emails", letter, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	mail := must(s.AwaitLetter(ctx, "guest@example.com", regexp.MustCompile("Your lamp")))(t)
	if !strings.HasPrefix(mail.Text, "ann writes to you through the shop about order "+order.ID) || strings.Contains(mail.Text, "evil.example") {
		t.Errorf("the buyer reads %q", mail.Text)
	}
	letter["to"] = "guest@example.com"
	expect("an e-mail to an address", http.StatusUnprocessableEntity, http.MethodPost, "/v1/emails", letter)
	delete(letter, "to")
	_, anothers := buy(t, s.Client, b.product.ID, 1, "guest@example.com", "test_ok", "order-2")
	letter["order_id"] = anothers.ID
	expect("an e-mail about somebody else's order", http.StatusUnprocessableEntity, http.MethodPost, "/v1/emails", letter)
}

// Keys are rotated by the command while people work in two places: nobody's request
// fails, and the new key signs in the end.
func TestScenario_KeysRotateUnderTraffic(t *testing.T) {
	t.Parallel()
	s := shop.Open(t, shop.Processes, nil)
	if _, err := s.SignUp(t.Context(), "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	gateways := []*shop.Client{s.Client, secondGateway(t, s)}
	users := s.Part(t, "users")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var mu sync.Mutex
	kids, requests := map[string]bool{}, 0
	note := func(access string) (both bool) {
		mu.Lock()
		defer mu.Unlock()
		header, _, _ := strings.Cut(access, ".")
		kids[header] = true
		requests++
		return len(kids) == 2
	}
	var wg sync.WaitGroup
	for _, gateway := range gateways {
		wg.Go(func() {
			tokens, err := gateway.SignIn(ctx, "ada@example.com", shop.Password)
			for both := false; err == nil && !both; {
				for range 20 { // at both, with what one of them handed out
					for _, g := range gateways {
						err = errors.Join(err, g.As(tokens.AccessToken).Call(ctx, http.StatusOK, http.MethodGet, "/v1/users/me", nil, nil))
					}
				}
				err = errors.Join(err, gateway.Call(ctx, http.StatusOK, http.MethodPost, "/v1/auth/refresh", map[string]string{"refresh_token": tokens.RefreshToken}, &tokens))
				both = err == nil && note(tokens.AccessToken)
			}
			if err != nil {
				t.Error(err)
				return
			}
			for _, g := range gateways {
				wantMe(t, g.As(tokens.AccessToken), http.StatusOK, "token of the new key")
			}
		})
	}
	rotate := exec.CommandContext(ctx, users.Binary, "keys", "rotate", "--lead", "15s")
	for name, value := range users.Env {
		rotate.Env = append(rotate.Env, name+"="+value)
	}
	if out, err := rotate.CombinedOutput(); err != nil {
		t.Errorf("rotate: %v\n%s", err, out)
		cancel()
	}
	wg.Wait()
	t.Logf("%d refreshes under %d keys", requests, len(kids))
}
