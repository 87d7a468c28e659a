package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"app/e2e/harness/shop"
)

// matrix is a shop with two merchants, a buyer, guests, and what belongs to them.
type matrix struct {
	shop    *shop.Shop
	schemas map[string]schema
	// theirs are the things that paths and bodies name, by kind: merchant A's, the
	// buyer's, and the first guest's.
	theirs map[string]string
	// outside are callers without a right to them, inside those with one.
	outside, inside map[string]*shop.Client
	people          map[string]string // addresses by name, of those who sign in
	keys            atomic.Int64
}

// nowhere are ids that nothing has.
var nowhere = map[string]string{
	"merchant": "mrc_01kan4v6e8fx2s1gq0vj5t3x7c", "product": "prd_01kan4v6e8fx2s1gq0vj5t3x7c", "cart": "crt_01kan4v6e8fx2s1gq0vj5t3x7c",
	"order": "ord_01kan4v6e8fx2s1gq0vj5t3x7c", "payment": "pay_01kan4v6e8fx2s1gq0vj5t3x7c", "user": "usr_01kan4v6e8fx2s1gq0vj5t3x7c",
	"api-key": "key_01kan4v6e8fx2s1gq0vj5t3x7c", "key": "key_01kan4v6e8fx2s1gq0vj5t3x7c", "email": "eml_01kan4v6e8fx2s1gq0vj5t3x7c",
	"member": "usr_01kan4v6e8fx2s1gq0vj5t3x7c", "session": "ses_01kan4v6e8fx2s1gq0vj5t3x7c", "other": "xxx_01kan4v6e8fx2s1gq0vj5t3x7c",
}

// scopes of API keys, as the document of POST /v1/merchants/{id}/api-keys lists them.
var scopes = []string{"catalog:read", "catalog:write", "orders:read", "orders:write", "payments:read", "payments:refund", "emails:send"}

func newMatrix(t *testing.T, s *shop.Shop) *matrix {
	t.Helper()
	m := &matrix{shop: s, theirs: map[string]string{}, outside: map[string]*shop.Client{}, inside: map[string]*shop.Client{}, people: map[string]string{}}
	for kind, id := range nowhere { // until there is one
		m.theirs[kind] = id
	}
	owner, merchant := m.merchant(t, "a")
	m.theirs["merchant"] = merchant
	m.inside["owner"] = owner
	for _, role := range []string{"manager", "viewer"} {
		m.inside[role] = m.member(t, role+"-a", merchant, role)
	}
	m.goods(t, owner)
	other, foreign := m.merchant(t, "b")
	m.outside["owner of another merchant"] = other
	for _, role := range []string{"manager", "viewer"} {
		m.outside[role+" of another merchant"] = m.member(t, role+"-b", foreign, role)
	}
	for _, scope := range scopes {
		m.outside["key b "+scope] = m.apiKey(t, other, foreign, scope)
		m.inside["key a "+scope] = m.apiKey(t, owner, merchant, scope)
	}
	m.outside["anonymous"] = s.Client
	m.outside["guest with another cart"] = m.guest(t, "outside")
	m.outside["guest with a wrong secret"] = &shop.Client{Base: s.Base, CartToken: "not-a-secret-of-any-cart"}
	m.outside["another buyer"] = m.person(t, "bob")
	m.administrator(t)
	return m
}

// person signs up under the name.
func (m *matrix) person(t *testing.T, name string) *shop.Client {
	t.Helper()
	m.people[name] = name + "@people.example"
	c, err := m.shop.SignUp(t.Context(), m.people[name])
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (m *matrix) merchant(t *testing.T, name string) (owner *shop.Client, id string) {
	t.Helper()
	owner = m.person(t, "owner-"+name)
	id, err := owner.OpenMerchant(t.Context(), "Merchant "+strings.ToUpper(name))
	if err != nil {
		t.Fatal(err)
	}
	return owner, id
}

// member signs somebody up and makes them a member, past the invitation, which has
// tests of its own.
func (m *matrix) member(t *testing.T, name, merchant, role string) *shop.Client {
	t.Helper()
	c := m.person(t, name)
	_, err := m.shop.Database(t, "merchants").ExecContext(t.Context(),
		"INSERT INTO merchants_members (merchant_id, user_id, role, created_at) VALUES (?, ?, ?, ?)",
		merchant, m.id(t, c), map[string]int{"viewer": 1, "manager": 2, "owner": 3}[role], time.Now().UnixMicro())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (m *matrix) id(t *testing.T, c *shop.Client) string {
	t.Helper()
	var me struct{ ID string }
	if err := c.Call(t.Context(), http.StatusOK, http.MethodGet, "/v1/users/me", nil, &me); err != nil {
		t.Fatal(err)
	}
	return me.ID
}

// goods makes what belongs to merchant A, to the buyer and to a guest.
func (m *matrix) goods(t *testing.T, owner *shop.Client) {
	t.Helper()
	p, err := owner.List(t.Context(), m.theirs["merchant"], "MATRIX", shop.Money{Amount: 1000, Currency: "EUR"}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	m.theirs["product"] = p.ID
	guest := m.guest(t, "inside")
	m.inside["guest"] = guest
	buyer := m.person(t, "ada")
	m.inside["buyer"] = buyer
	mine, cart, err := buyer.NewCart(t.Context(), "matrix-buyer")
	if err == nil {
		err = mine.Put(t.Context(), cart.ID, p.ID, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	o, err := mine.Checkout(t.Context(), cart.ID, m.people["ada"], "test_ok", "matrix-checkout-of-the-buyer")
	if err == nil {
		o, err = mine.AwaitOrder(t.Context(), o.ID, "paid")
	}
	if err != nil {
		t.Fatal(err)
	}
	m.theirs["order"], m.theirs["payment"], m.theirs["user"], m.theirs["member"] = o.ID, o.Payment.ID, m.id(t, buyer), m.id(t, owner)
}

// guest makes a cart; the one called inside is the cart that paths name.
func (m *matrix) guest(t *testing.T, name string) *shop.Client {
	t.Helper()
	mine, cart, err := m.shop.NewCart(t.Context(), "matrix-"+name)
	if err == nil {
		err = mine.Put(t.Context(), cart.ID, m.theirs["product"], 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	if name == "inside" {
		m.theirs["cart"] = cart.ID
	}
	return mine
}

func (m *matrix) apiKey(t *testing.T, owner *shop.Client, merchant, scope string) *shop.Client {
	t.Helper()
	var made struct{ ID, Key string }
	err := owner.Call(t.Context(), http.StatusCreated, http.MethodPost, "/v1/merchants/"+merchant+"/api-keys",
		map[string]any{"name": scope, "scopes": []string{scope}}, &made)
	if err != nil {
		t.Fatal(err)
	}
	if merchant == m.theirs["merchant"] {
		m.theirs["api-key"], m.theirs["key"] = made.ID, made.ID
	}
	return owner.As(made.Key)
}

// administrator is made by the command, as an operator would.
func (m *matrix) administrator(t *testing.T) {
	t.Helper()
	m.people["administrator"] = "root@people.example"
	cmd := exec.CommandContext(t.Context(), shop.Binary(t), "admin", "--email", m.people["administrator"], "--password-stdin")
	cmd.Stdin = strings.NewReader(shop.Password + "\n")
	cmd.Env = []string{"DATA_DIR=" + m.shop.Dir, "INTERNAL_KEY=" + shop.Settings()["INTERNAL_KEY"]}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("app admin: %v\n%s", err, out)
	}
	m.inside["administrator"] = m.fresh(t, "administrator", m.shop.Client)
}

// fresh signs somebody in again whose session an operation has ended.
func (m *matrix) fresh(t *testing.T, name string, c *shop.Client) *shop.Client {
	t.Helper()
	email, signsIn := m.people[addressOf(name)]
	if !signsIn {
		return c
	}
	if reply, err := c.Do(t.Context(), http.MethodGet, "/v1/users/me", nil); err == nil && reply.Status == http.StatusOK {
		return c
	}
	tokens, err := m.shop.SignIn(t.Context(), email, shop.Password)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	m.inside[name] = m.shop.As(tokens.AccessToken)
	return m.inside[name]
}

// addressOf is the name in people of a caller inside.
func addressOf(caller string) string {
	switch caller {
	case "owner", "manager", "viewer":
		return caller + "-a"
	case "buyer":
		return "ada"
	}
	return caller
}

// key is an Idempotency-Key that nobody has used.
func (m *matrix) key() string { return fmt.Sprintf("matrix-%020d", m.keys.Add(1)) }

// schema is as much of JSON Schema as the document uses.
type schema struct {
	Ref        string `json:"$ref"`
	Type       any
	Format     string
	Enum       []any
	Example    any
	Examples   []any
	Default    any
	MinLength  int `json:"minLength"`
	Minimum    *float64
	MinItems   int `json:"minItems"`
	Required   []string
	Properties map[string]schema
	Items      *schema
}

// value makes the least that a schema takes; what names a thing names one of those
// given.
func (m *matrix) value(name string, s schema, about map[string]string) any {
	if s.Ref != "" {
		return m.value(name, m.schemas[s.Ref[strings.LastIndex(s.Ref, "/")+1:]], about)
	}
	kind := fmt.Sprint(s.Type)
	if list, ok := s.Type.([]any); ok {
		kind = fmt.Sprint(list[0])
	}
	switch kind {
	case "object":
		out := map[string]any{}
		for property, of := range s.Properties {
			if slices.Contains(s.Required, property) || property == "merchant_id" || property == "email" {
				out[property] = m.value(property, of, about)
			}
		}
		return out
	case "array":
		out := []any{}
		for range max(s.MinItems, 1) {
			if s.Items != nil {
				out = append(out, m.value(name, *s.Items, about))
			}
		}
		return out
	case "integer", "number":
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 1
	case "boolean":
		return false
	}
	return text(name, s, about)
}

// text makes a string that a schema takes.
func text(name string, s schema, about map[string]string) string {
	if thing, found := strings.CutSuffix(name, "_id"); found && about[thing] != "" {
		return about[thing]
	}
	switch {
	case len(s.Enum) > 0:
		return fmt.Sprint(s.Enum[0])
	case name == "email" || s.Format == "email":
		return "somebody@people.example"
	case name == "currency":
		return "EUR"
	case name == "payment_method":
		return "test_ok"
	case len(s.Examples) > 0:
		return fmt.Sprint(s.Examples[0])
	case s.Example != nil:
		return fmt.Sprint(s.Example)
	}
	return string(bytes.Repeat([]byte("x"), max(s.MinLength, 1)))
}
