package service_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"app/modules/merchants/merchantsv1"
	"app/modules/payments/internal/provider"
)

// roles answers for merchants, by "merchant/user".
type roles map[string]merchantsv1.Role

func (r roles) Roles(_ context.Context, req *merchantsv1.RolesRequest) (*merchantsv1.RolesResponse, error) {
	out := &merchantsv1.RolesResponse{}
	for _, id := range req.GetMerchantIds() {
		out.Members = append(out.Members, &merchantsv1.MemberResponse{
			Role: r[id+"/"+req.GetUserId()], Approved: true, SecondFactorNeeded: req.GetUserId() == "usr_unproven",
		})
	}
	return out, nil
}

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var errLost = errors.New("connection reset by peer")

// company is a provider with a ledger in memory. The method says what it does: "ok"
// captures, "declined" refuses, "pending" waits, "lost" captures and says nothing. A
// func field takes the place of a method.
type company struct {
	chargeFn func(provider.ChargeRequest) (provider.Charge, error)
	lookupFn func(key string) (provider.Charge, error)
	refundFn func(provider.RefundRequest) error

	mu       sync.Mutex
	charges  map[string]provider.Charge
	refunds  map[string]provider.RefundRequest
	asks     map[string]int // Charge by key
	captures int            // how often money was taken
	bodies   []provider.Event
}

var _ provider.Port = (*company)(nil)

func (*company) Name() string      { return "company" }
func (*company) Methods() []string { return []string{"ok", "declined", "pending", "lost"} }

func (c *company) Charge(_ context.Context, r provider.ChargeRequest) (provider.Charge, error) {
	if c.chargeFn != nil {
		return c.chargeFn(r)
	}
	return c.charge(r)
}

func (c *company) charge(r provider.ChargeRequest) (provider.Charge, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asks[r.Key]++
	if known, ok := c.charges[r.Key]; ok {
		return known, nil
	}
	charge := provider.Charge{Key: r.Key, Status: provider.Captured, Amount: r.Amount, Currency: r.Currency}
	switch r.Method {
	case "declined":
		charge.Status, charge.Amount, charge.Reason = provider.Declined, 0, "declined"
	case "pending":
		charge.Status, charge.Amount = provider.Pending, 0
	default:
		c.captures++
	}
	c.charges[r.Key] = charge
	if r.Method == "lost" {
		return provider.Charge{}, errLost
	}
	return charge, nil
}

// capture takes the money of a pending charge and makes the news of it.
func (c *company) capture(key string, cents int64) provider.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.charges[key].Status != provider.Captured {
		c.captures++
	}
	c.charges[key] = provider.Charge{Key: key, Status: provider.Captured, Amount: cents, Currency: "EUR"}
	return provider.Event{ID: "captured-" + key, Charge: c.charges[key]}
}

func (c *company) Lookup(_ context.Context, key string) (provider.Charge, error) {
	if c.lookupFn != nil {
		return c.lookupFn(key)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.charges[key]; ok {
		return known, nil
	}
	return provider.Charge{Key: key, Status: provider.Unknown}, nil
}

func (c *company) Refund(_ context.Context, r provider.RefundRequest) error {
	c.mu.Lock()
	instead := c.refundFn
	c.mu.Unlock()
	if instead != nil {
		return instead(r)
	}
	return c.refund(r)
}

// losesAnAnswer makes the next refund happen without an answer.
func (c *company) losesAnAnswer() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refundFn = func(r provider.RefundRequest) error {
		c.mu.Lock()
		c.refundFn = nil
		c.mu.Unlock()
		_ = c.refund(r)
		return errLost
	}
}

func (c *company) refund(r provider.RefundRequest) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.refunds[r.Key]; ok {
		return nil
	}
	left := c.charges[r.Charge].Amount
	for _, done := range c.refunds {
		if done.Charge == r.Charge {
			left -= done.Amount
		}
	}
	if r.Amount > left {
		return provider.ErrRefused
	}
	c.refunds[r.Key] = r
	return nil
}

// sums is what the company has taken and given back.
func (c *company) sums(key string) (captured, refunded int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.refunds {
		if r.Charge == key {
			refunded += r.Amount
		}
	}
	return c.charges[key].Amount, refunded
}

func (c *company) asked(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asks[key]
}

// encode keeps the event and makes its index the body.
func (c *company) encode(e provider.Event) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := slices.Index(c.bodies, e)
	if at < 0 {
		at, c.bodies = len(c.bodies), append(c.bodies, e)
	}
	return fmt.Append(nil, at)
}

func (*company) Verify(header http.Header, _ []byte) error {
	if header.Get("Forged") != "" {
		return provider.ErrSignature
	}
	return nil
}

func (c *company) Parse(body []byte) (provider.Event, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var at int
	if _, err := fmt.Sscan(string(body), &at); err != nil || at >= len(c.bodies) {
		return provider.Event{}, errors.New("not one of ours")
	}
	return c.bodies[at], nil
}
