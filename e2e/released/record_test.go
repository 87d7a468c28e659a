package released_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"app/e2e/harness/shop"
	"app/platform/config"
	"app/platform/database/dbtest"
)

var (
	record  = flag.String("record", "", "program of the release to record; without it nothing is recorded")
	release = flag.String("release", "", "name of its folder in testdata")
)

const (
	internalKey = "a key that only the recorded shop knows"
	password    = "Correct-Horse-9"
)

// TestRecord writes testdata/<release>; see the package comment.
func TestRecord(t *testing.T) {
	if *record == "" || *release == "" {
		t.Skip("nothing to record: -args -record=PROGRAM -release=NAME")
	}
	dir := filepath.Join("testdata", *release)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Run("sqlite", func(t *testing.T) {
		s := serve(t, nil)
		save(t, filepath.Join(dir, "sqlite.json"), tell(t, s))
		s.Parts[0].Stop(t)
		packFolder(t, s.Dir, filepath.Join(dir, "sqlite.tar.gz"))
	})
	t.Run("mysql", func(t *testing.T) {
		s := serve(t, shop.Accounts(t, dbtest.Account))
		save(t, filepath.Join(dir, "mysql.json"), tell(t, s))
		s.Parts[0].Stop(t)
		dump(t, s, filepath.Join(dir, "mysql.sql.gz"))
	})
}

// serve starts the release as one process on an empty folder, or on empty schemas.
func serve(t *testing.T, databases map[string]string) *shop.Shop {
	t.Helper()
	address := shop.FreeAddress(t)
	s := &shop.Shop{Client: &shop.Client{Base: "http://" + address}, Dir: t.TempDir(), Databases: databases}
	env := settings(s.Dir, databases)
	env["HTTP_ADDR"] = address
	p := shop.NewPart("shop", *record, filepath.Join(t.TempDir(), "shop.log"), []string{"serve", "--all"}, env)
	s.Parts = []*shop.Part{p}
	p.Start(t)
	t.Cleanup(func() { p.Stop(t) })
	p.AwaitReady(t)
	return s
}

// settings are the same when a release is recorded and when its data is opened.
func settings(dir string, databases map[string]string) map[string]string {
	env := shop.Settings()
	env["DATA_DIR"], env["INTERNAL_KEY"], env["PAYMENTS_TEST_SLOW"] = dir, internalKey, "24h"
	for module, location := range databases {
		env[config.ModuleVariable(module, "DATABASE_URL")] = location
	}
	return env
}

func save(t *testing.T, path string, story Story) {
	t.Helper()
	raw, err := json.MarshalIndent(story, "", " ")
	if err == nil {
		err = os.WriteFile(path, append(raw, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// teller goes through the shop as its people would; the first error ends it.
type teller struct {
	*shop.Shop
	t     *testing.T
	story Story
}

// tell fills the shop and asks the questions whose answers are kept.
func tell(t *testing.T, s *shop.Shop) Story {
	t.Helper()
	w := &teller{Shop: s, t: t, story: Story{InternalKey: internalKey, Products: map[string]string{}}}
	owner := w.person(&w.story.Owner, "owner@shop.example")
	w.sell(owner)
	buyer := w.person(&w.story.Buyer, "ada@shop.example")
	w.buy(owner, buyer)
	w.protect(buyer)
	w.rest(owner)
	w.ask(callers(w.Client, w.story, owner.Token, buyer.Token))
	w.story.At = time.Now().UTC()
	return w.story
}

// call sends a request that must be answered with the status.
func (w *teller) call(c *shop.Client, want int, method, path string, body, out any, options ...shop.Option) {
	w.t.Helper()
	if err := c.Call(w.t.Context(), want, method, path, body, out, options...); err != nil {
		w.t.Fatal(err)
	}
}

// person registers, confirms the address with the code from the mailbox, and signs in.
func (w *teller) person(p *Person, email string) *shop.Client {
	w.t.Helper()
	*p = Person{Email: email, Password: password}
	w.call(w.Client, http.StatusAccepted, http.MethodPost, "/v1/auth/register", map[string]string{
		"email": email, "password": password, "confirm_password": password, "first_name": "Ada", "middle_name": "", "last_name": "Lovelace",
	}, nil)
	code := regexp.MustCompile(`\b\d{6}\b`)
	letter, err := w.AwaitLetter(w.t.Context(), email, code)
	if err != nil {
		w.t.Fatal(err)
	}
	w.call(w.Client, http.StatusOK, http.MethodPost, "/v1/auth/verify", map[string]string{"email": email, "code": code.FindString(letter.Text)}, nil)
	tokens, err := w.SignIn(w.t.Context(), email, password)
	if err != nil {
		w.t.Fatal(err)
	}
	p.Refresh = tokens.RefreshToken
	c := w.As(tokens.AccessToken)
	var me struct {
		ID string `json:"id"`
	}
	w.call(c, http.StatusOK, http.MethodGet, "/v1/users/me", nil, &me)
	p.ID = me.ID
	return c
}

// sell opens a merchant with a key and five products, one of another currency, one
// changed and one withdrawn.
func (w *teller) sell(owner *shop.Client) {
	w.t.Helper()
	var m struct{ ID string }
	var key struct{ Key string }
	w.call(owner, http.StatusCreated, http.MethodPost, "/v1/merchants", map[string]string{"name": "Analytical Engines"}, &m)
	w.story.Merchant = m.ID
	w.call(owner, http.StatusCreated, http.MethodPost, "/v1/merchants/"+m.ID+"/api-keys",
		map[string]any{"name": "till", "scopes": []string{"catalog:read", "catalog:write", "orders:read", "payments:read"}}, &key)
	w.story.APIKey = key.Key
	for sku, price := range map[string]shop.Money{
		"CARDS-500": {Amount: 1990, Currency: "EUR"}, "GEAR": {Amount: 500, Currency: "EUR"}, "GEAR-XL": {Amount: 900, Currency: "EUR"},
		"ABACUS": {Amount: 3000, Currency: "JPY"}, "SLATE": {Amount: 0, Currency: "EUR"},
	} {
		p, err := owner.List(w.t.Context(), m.ID, sku, price, 50)
		if err != nil {
			w.t.Fatal(err)
		}
		w.story.Products[sku] = p.ID
	}
	w.call(owner, http.StatusOK, http.MethodPatch, "/v1/products/"+w.story.Products["GEAR"],
		map[string]any{"price": shop.Money{Amount: 450, Currency: "EUR"}, "title": "Zahnräder, 20 Stück"}, nil)
	w.call(owner, http.StatusNoContent, http.MethodDelete, "/v1/products/"+w.story.Products["GEAR-XL"], nil, nil)
}

// buy makes an order in each state and a cart that is left open.
func (w *teller) buy(owner, buyer *shop.Client) {
	w.t.Helper()
	w.story.Paid = w.order(buyer, "paid", "test_ok", "paid")
	w.call(owner, http.StatusCreated, http.MethodPost, "/v1/payments/"+w.story.Paid.Payment+"/refund",
		map[string]any{"amount": shop.Money{Amount: 450, Currency: "EUR"}, "reason": "One arrived bent"}, nil, shop.Key("refund-1"))
	w.await("the refund", func(ctx context.Context) error {
		var p struct{ Refunded shop.Money }
		if err := buyer.Call(ctx, http.StatusOK, http.MethodGet, "/v1/payments/"+w.story.Paid.Payment, nil, &p); err != nil {
			return err
		}
		if p.Refunded.Amount != 450 {
			return errors.New("not yet")
		}
		return nil
	})
	w.story.Declined = w.order(w.Client, "declined", "test_declined", "cancelled")
	w.story.Waiting = w.order(w.Client, "waiting", "test_slow", "pending_payment")
	mine, cart := w.cart(w.Client, "open")
	w.story.Open = Cart{cart, mine.CartToken}
}

func (w *teller) cart(c *shop.Client, name string) (mine *shop.Client, id string) {
	w.t.Helper()
	mine, cart, err := c.NewCart(w.t.Context(), "cart-"+name)
	for sku, quantity := range map[string]int64{"CARDS-500": 2, "GEAR": 3} {
		if err == nil {
			err = mine.Put(w.t.Context(), cart.ID, w.story.Products[sku], quantity)
		}
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return mine, cart.ID
}

func (w *teller) order(c *shop.Client, name, method, status string) Order {
	w.t.Helper()
	mine, cart := w.cart(c, name)
	body := fmt.Sprintf(`{"email":"ada@shop.example","payment_method":%q}`, method)
	key := "checkout-" + name + "-of-the-recorded-shop"
	var made shop.Order
	w.call(mine, http.StatusCreated, http.MethodPost, "/v1/carts/"+cart+"/checkout", json.RawMessage(body), &made, shop.Key(key))
	o, err := mine.AwaitOrder(w.t.Context(), made.ID, status)
	if err != nil {
		w.t.Fatal(err)
	}
	return Order{ID: o.ID, Payment: o.Payment.ID, Cart: Cart{cart, mine.CartToken}, Key: key, Body: json.RawMessage(body)}
}

// protect gives the buyer an authenticator app.
func (w *teller) protect(buyer *shop.Client) {
	w.t.Helper()
	var added struct {
		Secret        string
		RecoveryCodes []string `json:"recovery_codes"`
	}
	w.call(buyer, http.StatusOK, http.MethodPost, "/v1/users/me/totp", nil, &added)
	secret := added.Secret
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	w.call(buyer, http.StatusOK, http.MethodPost, "/v1/users/me/totp/confirm", map[string]string{"code": code}, &added)
	w.story.Buyer.TOTP, w.story.Buyer.Recovery = secret, added.RecoveryCodes
}

// rest waits until the letters are written and catalog has heard of what was paid and
// cancelled.
func (w *teller) rest(owner *shop.Client) {
	w.t.Helper()
	for _, subject := range []string{"Receipt", "refund", "cancelled"} {
		if _, err := w.AwaitLetter(w.t.Context(), "ada@shop.example", regexp.MustCompile("(?i)"+subject)); err != nil {
			w.t.Fatal(err)
		}
	}
	w.await("the stock", func(ctx context.Context) error {
		s, err := owner.Stock(ctx, w.story.Products["CARDS-500"])
		if err == nil && (s.Sold != 2 || s.Held != 2) {
			err = fmt.Errorf("%+v", s)
		}
		return err
	})
}

func (w *teller) await(what string, condition func(context.Context) error) {
	w.t.Helper()
	if err := shop.Await(w.t.Context(), what, condition); err != nil {
		w.t.Fatal(err)
	}
}

// ask keeps what everybody is answered.
func (w *teller) ask(as map[string]*shop.Client) {
	w.t.Helper()
	s := w.story
	questions := map[string][]string{
		"": {"/v1/products", "/v1/products?q=cards", "/v1/products/" + s.Products["GEAR"], "/v1/products/" + s.Products["GEAR-XL"],
			"/v1/merchants/" + s.Merchant, "/v1/orders/" + s.Paid.ID, "/v1/users/" + s.Owner.ID + "/public"},
		"owner": {"/v1/users/me", "/v1/merchants", "/v1/merchants/" + s.Merchant + "/members", "/v1/merchants/" + s.Merchant + "/api-keys",
			"/v1/products/" + s.Products["CARDS-500"] + "/stock", "/v1/orders?merchant_id=" + s.Merchant, "/v1/orders/" + s.Paid.ID, "/v1/payments/" + s.Paid.Payment},
		"buyer":    {"/v1/users/me", "/v1/users/me/factors", "/v1/orders", "/v1/orders/" + s.Paid.ID, "/v1/payments/" + s.Paid.Payment},
		"api_key":  {"/v1/orders?merchant_id=" + s.Merchant, "/v1/products/" + s.Products["CARDS-500"] + "/stock"},
		"open":     {"/v1/carts/" + s.Open.ID},
		"declined": {"/v1/orders/" + s.Declined.ID, "/v1/payments/" + s.Declined.Payment, "/v1/carts/" + s.Declined.Cart.ID},
		"waiting":  {"/v1/orders/" + s.Waiting.ID, "/v1/payments/" + s.Waiting.Payment},
	}
	for _, name := range []string{"", "owner", "buyer", "api_key", "open", "declined", "waiting"} {
		for _, path := range questions[name] {
			reply, err := as[name].Do(w.t.Context(), http.MethodGet, path, nil)
			if err != nil {
				w.t.Fatal(err)
			}
			if reply.Status >= 500 || len(strings.TrimSpace(string(reply.Body))) == 0 {
				w.t.Fatalf("GET %s as %q: %d %s", path, name, reply.Status, reply.Body)
			}
			w.story.Answers = append(w.story.Answers, Answer{name, path, reply.Status, reply.Body})
		}
	}
}
