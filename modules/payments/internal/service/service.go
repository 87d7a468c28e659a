// Package service takes money for orders and gives it back. Each public method is one
// use case and decides who may call it; the listener runs in the transaction that marks
// its event as heard.
//
// Three rules keep the money right:
//   - a provider is never called while a transaction is open: what is about to be asked
//     is a row first, what came of it is a row after, and a crash in between is settled
//     by asking the provider, under the same key;
//   - captured, refunding and refunded only change under the payment's lock, and the
//     schema bounds them;
//   - news from the provider, from its webhooks and from looking it up all end in one
//     function, settle, which takes each step once.
package service

import (
	"log/slog"
	"time"

	"app/modules/merchants/merchantsv1"
	"app/modules/payments/internal/provider"
	"app/platform/database"
)

// Merchants is what payments asks of merchants; errors are those of its contract.
type Merchants = merchantsv1.Authorizer

// Options are the bounds the service works with.
type Options struct {
	// Timeout is how long a provider may take to answer.
	Timeout time.Duration
	// Retry is how long to wait before what failed is tried again; it doubles at each
	// try.
	Retry time.Duration
	// Poll is how long to wait for the news of a pending charge before asking for it;
	// it doubles at each try.
	Poll time.Duration
	// KeepWebhooks is how long processed webhooks are kept.
	KeepWebhooks time.Duration
}

// Needs is what a Service works with.
type Needs struct {
	DB        *database.DB
	Merchants Merchants
	Providers []provider.Port
	Logger    *slog.Logger
	Now       func() time.Time
	Options   Options
}

// Service serves payments.
type Service struct {
	Needs
	// WakeRefunds and WakeWebhooks are called after there is new work for SendRefunds
	// and ProcessWebhooks.
	WakeRefunds, WakeWebhooks func()

	byName   map[string]provider.Port
	byMethod map[string]provider.Port
}

// New makes a service on a migrated database.
func New(n Needs) *Service {
	s := &Service{
		Needs: n, WakeRefunds: func() {}, WakeWebhooks: func() {},
		byName: map[string]provider.Port{}, byMethod: map[string]provider.Port{},
	}
	for _, p := range n.Providers {
		s.byName[p.Name()] = p
		for _, m := range p.Methods() {
			s.byMethod[m] = p
		}
	}
	return s
}

// longest is how long what failed waits for its next try at most.
const longest = 10 * time.Minute

// longestWait is how far ahead anything is put off at most: see claimPayment.
func (s *Service) longestWait() time.Duration { return longest + 2*s.Options.Timeout }

// backoffDelay doubles a wait with each try, up to ten minutes.
func backoffDelay(first time.Duration, tries int64) time.Duration {
	for ; tries > 0 && first < longest; tries-- {
		first *= 2
	}
	return min(first, longest)
}
