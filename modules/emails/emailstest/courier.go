package emailstest

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"app/modules/emails/internal/email"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/fault"
)

// Clock is a time that a test moves.
type Clock struct{ us atomic.Int64 }

// NewClock shows noon of 1 March 2026.
func NewClock() *Clock {
	c := &Clock{}
	c.us.Store(database.Micros(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)))
	return c
}

// Now is the time that it shows.
func (c *Clock) Now() time.Time { return database.Time(c.us.Load()) }

// Advance moves it on, or back.
func (c *Clock) Advance(d time.Duration) { c.us.Add(d.Microseconds()) }

// Courier is a transport that counts what it is offered and answers as the test wants.
type Courier struct {
	// Repeats says that an e-mail that is offered twice is delivered once.
	Repeats bool
	// Answer is what Send says of an e-mail; nil for taking each.
	Answer func(email.Email) error

	mu      sync.Mutex
	offered map[string]int // by e-mail
}

var _ email.Transport = (*Courier)(nil)

// Name implements email.Transport.
func (*Courier) Name() string { return "fake" }

// Repeatable implements email.Transport.
func (c *Courier) Repeatable() bool { return c.Repeats }

// Send implements email.Transport.
func (c *Courier) Send(_ context.Context, e email.Email) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.offered == nil {
		c.offered = map[string]int{}
	}
	c.offered[e.ID]++
	if c.Answer != nil {
		return "", c.Answer(e)
	}
	return "id-" + e.ID, nil
}

// Offered counts how often it was offered an e-mail.
func (c *Courier) Offered(id string) int { return c.Offers()[id] }

// Offers counts how often it was offered each e-mail.
func (c *Courier) Offers() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.offered)
}

// ErrLost is what a transport says whose reply was lost.
var ErrLost = fmt.Errorf("after DATA: %w", email.ErrLost)

// Merchants is a merchants module in which all are approved but mrc_pending, and have
// an owner of their own but mrc_a and mrc_b. mrc_none is not there.
type Merchants struct{}

// Profile implements request.Merchants.
func (Merchants) Profile(_ context.Context, req *merchantsv1.ProfileRequest) (*merchantsv1.ProfileResponse, error) {
	out := &merchantsv1.ProfileResponse{Name: "Lamps", Approved: true, OwnerId: "usr_of_" + req.GetMerchantId()}
	switch req.GetMerchantId() {
	case "mrc_pending":
		out.Approved = false
	case "mrc_a", "mrc_b":
		out.OwnerId = "usr_of_two"
	case "mrc_none":
		return nil, &fault.CallError{Module: "merchants", Method: "Profile", Code: fault.NotFound, Reason: "merchant_not_found"}
	}
	return out, nil
}
