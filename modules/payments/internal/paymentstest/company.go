package paymentstest

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

// Roles answers for merchants, by "merchant/user".
type Roles map[string]merchantsv1.Role

// Roles implements merchantsv1.Authorizer. The user usr_unproven has shown one factor.
func (r Roles) Roles(_ context.Context, req *merchantsv1.RolesRequest) (*merchantsv1.RolesResponse, error) {
	out := &merchantsv1.RolesResponse{}
	for _, id := range req.GetMerchantIds() {
		out.Members = append(out.Members, &merchantsv1.MemberResponse{
			Role: r[id+"/"+req.GetUserId()], Approved: true, SecondFactorNeeded: req.GetUserId() == "usr_unproven",
		})
	}
	return out, nil
}

// Clock is set by hand.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the time it was set to.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance lets time pass, or takes it back.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// ErrLost is what comes of a request whose answer got lost.
var ErrLost = errors.New("connection reset by peer")

// Company is a provider with a ledger in memory. The method says what it does: "ok"
// captures, "declined" refuses, "pending" waits, "lost" captures and says nothing. A
// func field takes the place of a method.
type Company struct {
	OnCharge func(provider.ChargeRequest) (provider.Charge, error)
	OnLookup func(key string) (provider.Charge, error)
	OnRefund func(provider.RefundRequest) error

	mu       sync.Mutex
	charges  map[string]provider.Charge
	refunds  map[string]provider.RefundRequest
	asks     map[string]int // Charge by key
	captures int            // how often money was taken
	bodies   []provider.Event
}

var _ provider.Port = (*Company)(nil)

// Name implements provider.Port.
func (*Company) Name() string { return "company" }

// Methods implements provider.Port.
func (*Company) Methods() []string { return []string{"ok", "declined", "pending", "lost"} }

// Charge implements provider.Port.
func (c *Company) Charge(_ context.Context, r provider.ChargeRequest) (provider.Charge, error) {
	if c.OnCharge != nil {
		return c.OnCharge(r)
	}
	return c.TakeCharge(r)
}

// TakeCharge does what the method of the charge says.
func (c *Company) TakeCharge(r provider.ChargeRequest) (provider.Charge, error) {
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
		return provider.Charge{}, ErrLost
	}
	return charge, nil
}

// Capture takes the money of a pending charge and makes the news of it.
func (c *Company) Capture(key string, cents int64) provider.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.charges[key].Status != provider.Captured {
		c.captures++
	}
	c.charges[key] = provider.Charge{Key: key, Status: provider.Captured, Amount: cents, Currency: "EUR"}
	return provider.Event{ID: "captured-" + key, Charge: c.charges[key]}
}

// Lookup implements provider.Port.
func (c *Company) Lookup(_ context.Context, key string) (provider.Charge, error) {
	if c.OnLookup != nil {
		return c.OnLookup(key)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.charges[key]; ok {
		return known, nil
	}
	return provider.Charge{Key: key, Status: provider.Unknown}, nil
}

// Refund implements provider.Port.
func (c *Company) Refund(_ context.Context, r provider.RefundRequest) error {
	c.mu.Lock()
	instead := c.OnRefund
	c.mu.Unlock()
	if instead != nil {
		return instead(r)
	}
	return c.GiveBack(r)
}

// LoseAnswer makes the next refund happen without an answer.
func (c *Company) LoseAnswer() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.OnRefund = func(r provider.RefundRequest) error {
		c.mu.Lock()
		c.OnRefund = nil
		c.mu.Unlock()
		_ = c.GiveBack(r)
		return ErrLost
	}
}

// GiveBack gives money back, once for a key.
func (c *Company) GiveBack(r provider.RefundRequest) error {
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

// Sums is what the company has taken and given back.
func (c *Company) Sums(key string) (captured, refunded int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.refunds {
		if r.Charge == key {
			refunded += r.Amount
		}
	}
	return c.charges[key].Amount, refunded
}

// Asked is how often the charge was asked for.
func (c *Company) Asked(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asks[key]
}

// Captures is how often money was taken.
func (c *Company) Captures() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.captures
}

// Encode keeps the event and makes its index the body.
func (c *Company) Encode(e provider.Event) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := slices.Index(c.bodies, e)
	if at < 0 {
		at, c.bodies = len(c.bodies), append(c.bodies, e)
	}
	return fmt.Append(nil, at)
}

// Verify implements provider.Port.
func (*Company) Verify(header http.Header, _ []byte) error {
	if header.Get("Forged") != "" {
		return provider.ErrSignature
	}
	return nil
}

// Parse implements provider.Port.
func (c *Company) Parse(body []byte) (provider.Event, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var at int
	if _, err := fmt.Sscan(string(body), &at); err != nil || at >= len(c.bodies) {
		return provider.Event{}, errors.New("not one of ours")
	}
	return c.bodies[at], nil
}
