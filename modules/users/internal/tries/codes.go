package tries

import (
	"context"
	"time"

	"app/modules/users/internal/device"
	"app/modules/users/internal/store"
	"app/platform/callctx"
	"app/platform/database"
)

// AccountOf finds the account that a code is for, so that its owner can be told from
// strangers; empty when it is nobody's.
type AccountOf func(ctx context.Context, tx *database.Tx) (accountID string, err error)

// NoAccount is for codes that make an address somebody's: nobody is known to them yet.
func NoAccount(context.Context, *database.Tx) (string, error) { return "", nil }

// KnownAccount is for codes of an account that is known already.
func KnownAccount(accountID string) AccountOf {
	return func(context.Context, *database.Tx) (string, error) { return accountID, nil }
}

// CountCode counts a one-time code, of an e-mail, an authenticator app or a set, that is about
// to be tried, and returns what was counted, for GiveBack. Each code has few tries of
// its own; this bounds what one network guesses at many of them (ASVS 6.6.3):
//
//  1. It counts in the allowance that one network has for passwords at accounts which
//     do not know it: two kinds of guesses have no more room than one. A network is a
//     /24 of IPv4 or a /48 of IPv6, which is what one customer may have (RFC 6177).
//  2. A device that the account has signed in from is not counted: strangers in its
//     network cannot lock the owner out, and the tries that each code has bound it as
//     before.
//  3. A code that is right costs nothing; the count is in the database, so replicas do
//     not multiply it.
//
// Errors: sign_in_limited with the time to wait.
func (l *Limiter) CountCode(ctx context.Context, of AccountOf) (counted []Allowance, err error) {
	if l.bounds == (Bounds{}) {
		return nil, nil
	}
	client := callctx.ClientOf(ctx)
	network, agent := store.Fit(client.Network, 64), store.Fit(client.Agent, 200)
	a := l.newAllowance(l.bounds.Network, tryNetwork, "network", network)
	var wait time.Duration
	err = l.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		counted, wait = nil, 0
		accountID, err := of(ctx, tx)
		if err != nil {
			return err
		}
		familiar, err := device.IsFamiliar(ctx, tx, accountID, network, agent)
		if err != nil || familiar && network != "" {
			return err
		}
		if wait, err = Take(ctx, tx, a, l.now()); err == nil && wait > 0 {
			return errTries(wait)
		}
		counted = []Allowance{a}
		return err
	})
	if wait > 0 {
		l.limited.Add(1)
	}
	return counted, err
}

// Limited counts the passwords and codes that were not looked at because too many had
// been tried.
func (l *Limiter) Limited() int64 { return l.limited.Load() }
