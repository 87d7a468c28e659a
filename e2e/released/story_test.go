package released_test

import (
	"encoding/json"
	"time"

	"app/e2e/harness/shop"
)

// Story is what is known of a recorded shop.
type Story struct {
	// At is the time at which the recording ended, by the clock of the shop.
	At          time.Time         `json:"at"`
	InternalKey string            `json:"internal_key"`
	Owner       Person            `json:"owner"`
	Buyer       Person            `json:"buyer"`
	Merchant    string            `json:"merchant"`
	APIKey      string            `json:"api_key"`
	Products    map[string]string `json:"products"` // ids by sku
	Open        Cart              `json:"open"`     // a guest's cart with two lines
	Paid        Order             `json:"paid"`     // the buyer's, in part refunded
	Declined    Order             `json:"declined"` // a guest's, cancelled
	Waiting     Order             `json:"waiting"`  // a guest's, its payment pending
	Answers     []Answer          `json:"answers"`
}

// Person is an account and what its owner knows.
type Person struct {
	ID       string   `json:"id"`
	Email    string   `json:"email"`
	Password string   `json:"password"`
	Refresh  string   `json:"refresh"`            // of a session that is open
	TOTP     string   `json:"totp,omitempty"`     // secret of the authenticator app
	Recovery []string `json:"recovery,omitempty"` // codes not used yet
}

// Cart is a guest's cart.
type Cart struct {
	ID    string `json:"id"`
	Token string `json:"token"`
}

// Order is an order, and the checkout that made it.
type Order struct {
	ID      string          `json:"id"`
	Payment string          `json:"payment"`
	Cart    Cart            `json:"cart"` // without a token when it was not a guest's
	Key     string          `json:"key"`  // Idempotency-Key of the checkout
	Body    json.RawMessage `json:"body"` // body of the checkout
}

// Answer is what the release answered to a GET.
type Answer struct {
	As     string          `json:"as"` // owner, buyer, api_key, the name of an order or cart, or "" for anybody
	Path   string          `json:"path"`
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
}

// callers are those who ask, by the names that answers use.
func callers(anybody *shop.Client, s Story, owner, buyer string) map[string]*shop.Client {
	guest := func(c Cart) *shop.Client {
		mine := *anybody
		mine.CartToken = c.Token
		return &mine
	}
	return map[string]*shop.Client{
		"": anybody, "owner": anybody.As(owner), "buyer": anybody.As(buyer), "api_key": anybody.As(s.APIKey),
		"open": guest(s.Open), "declined": guest(s.Declined.Cart), "waiting": guest(s.Waiting.Cart),
	}
}
