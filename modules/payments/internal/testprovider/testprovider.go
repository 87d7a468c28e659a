// Package testprovider stands in for a payment company. Like one, it keeps a ledger of
// its own, in transactions of its own, signs its webhooks, and misbehaves on demand:
// the payment method says how.
//
//	test_ok          captured at once
//	test_declined    refused
//	test_slow        pending; captured a while later, told by webhook
//	test_lost_reply  captured, but the connection breaks before the answer
//	test_duplicate   pending; captured, told by the same webhook three times at once
package testprovider

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"app/modules/payments/internal/provider"
	"app/platform/database"
)

// The payment methods.
const (
	MethodOK        = "test_ok"
	MethodDeclined  = "test_declined"
	MethodSlow      = "test_slow"
	MethodLostReply = "test_lost_reply"
	MethodDuplicate = "test_duplicate"
)

// Options of a Provider.
type Options struct {
	// DB holds the ledger.
	DB *database.DB
	// Secret signs webhooks.
	Secret []byte
	// SlowAfter is how long test_slow takes.
	SlowAfter time.Duration
	// Keep is how long charges and refunds are remembered.
	Keep time.Duration
	// Closed takes no new charges; what was begun goes on.
	Closed bool
	// Deliver hands a signed webhook over, as an HTTP client would; an error is tried
	// again later.
	Deliver func(ctx context.Context, header http.Header, body []byte) error
	Logger  *slog.Logger
	Now     func() time.Time
}

// Provider is the test provider.
type Provider struct {
	Options
	// Wake is called when there is something for Work to do at once, or after the given
	// time.
	Wake func(after time.Duration)
}

var _ provider.Port = (*Provider)(nil)

// New makes a test provider on the module's migrated database.
func New(o Options) *Provider {
	return &Provider{Options: o, Wake: func(time.Duration) {}}
}

// Name implements provider.Port.
func (*Provider) Name() string { return "test" }

// Methods implements provider.Port. A closed provider has none.
func (p *Provider) Methods() []string {
	if p.Closed {
		return nil
	}
	return []string{MethodOK, MethodDeclined, MethodSlow, MethodLostReply, MethodDuplicate}
}

// errReset is what a client sees of an answer that got lost.
var errReset = errors.New("connection reset by peer")

// Charge implements provider.Port.
func (p *Provider) Charge(ctx context.Context, r provider.ChargeRequest) (provider.Charge, error) {
	c := p.decideCharge(r)
	err := p.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := insertCharge(ctx, tx, c); err != nil || r.Method != MethodDuplicate {
			return err
		}
		return p.queueWebhooks(ctx, tx, c, 3)
	})
	switch {
	case database.IsDuplicate(err): // the key was here before
		return p.Lookup(ctx, r.Key)
	case err != nil:
		return provider.Charge{}, err
	}
	switch r.Method {
	case MethodLostReply:
		return provider.Charge{}, errReset
	case MethodSlow:
		p.Wake(p.SlowAfter)
	case MethodDuplicate:
		p.Wake(0)
		return provider.Charge{Key: r.Key, Status: provider.Pending, Currency: r.Currency}, nil
	}
	return c.toProviderCharge(), nil
}

// decideCharge says what becomes of a charge.
func (p *Provider) decideCharge(r provider.ChargeRequest) charge {
	now := p.Now()
	c := charge{key: r.Key, method: r.Method, currency: r.Currency, amount: r.Amount, status: provider.Captured, captured: r.Amount, at: now}
	switch r.Method {
	case MethodDeclined:
		c.status, c.captured = provider.Declined, 0
	case MethodSlow:
		c.status, c.captured, c.captureAt = provider.Pending, 0, now.Add(p.SlowAfter)
	}
	return c
}

// Lookup implements provider.Port.
func (p *Provider) Lookup(ctx context.Context, key string) (provider.Charge, error) {
	out := provider.Charge{Key: key, Status: provider.Unknown}
	err := p.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		c, found, err := readCharge(ctx, q, key)
		if found {
			out = c.toProviderCharge()
		}
		return err
	})
	return out, err
}

// Refund implements provider.Port.
func (p *Provider) Refund(ctx context.Context, r provider.RefundRequest) error {
	err := p.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := insertRefund(ctx, tx, r, p.Now()); err != nil {
			return err
		}
		return takeRefund(ctx, tx, r)
	})
	if database.IsDuplicate(err) { // the key was here before: it is done
		return nil
	}
	return err
}
