package service

import (
	"context"
	"errors"
	"time"

	"app/modules/users/internal/secret"
	"app/modules/users/internal/store"
	"app/platform/callctx"
	"app/platform/database"
)

// codeOf finds the account that a code is for, so that its owner can be told from
// strangers; empty when it is nobody's.
type codeOf func(ctx context.Context, tx *database.Tx) (accountID string, err error)

// noAccount is for codes that make an address somebody's: nobody is known to them yet.
func noAccount(context.Context, *database.Tx) (string, error) { return "", nil }

// knownAccount is for codes of an account that is known already.
func knownAccount(accountID string) codeOf {
	return func(context.Context, *database.Tx) (string, error) { return accountID, nil }
}

// accountOfRequest finds the account that the code of a request was sent to.
func accountOfRequest(in CodeProof) codeOf {
	return func(ctx context.Context, tx *database.Tx) (string, error) {
		row, err := store.CodeRequestByID(ctx, tx, in.Request)
		if errors.Is(err, store.ErrNotFound) {
			return "", nil
		}
		return row.AccountID, err
	}
}

// accountOfPendingSignIn finds the account whose sign-in waits for its second factor.
func accountOfPendingSignIn(ticket string) codeOf {
	return func(ctx context.Context, tx *database.Tx) (string, error) {
		p, err := store.PendingByHash(ctx, tx, secret.HashToken(ticket))
		if errors.Is(err, store.ErrNotFound) {
			return "", nil
		}
		return p.AccountID, err
	}
}

// allowCode counts a one-time code, of an e-mail, a generator or a set, that is about
// to be tried, and returns what was counted, for forgive. Each code has few tries of
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
func (s *Service) allowCode(ctx context.Context, of codeOf) (counted []store.Allowance, err error) {
	if s.limits.Tries == (Tries{}) {
		return nil, nil
	}
	client := callctx.ClientOf(ctx)
	network, agent := store.Fit(client.Network, 64), store.Fit(client.Agent, 200)
	a := s.newAllowance(s.limits.Tries.Network, tryNetwork, "network", network)
	var wait time.Duration
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		counted, wait = nil, 0
		accountID, err := of(ctx, tx)
		if err != nil {
			return err
		}
		familiar, err := store.FamiliarDevice(ctx, tx, accountID, network, agent)
		if err != nil || familiar && network != "" {
			return err
		}
		if wait, err = store.TakeTry(ctx, tx, a, s.now()); err == nil && wait > 0 {
			return errTries(wait)
		}
		counted = []store.Allowance{a}
		return err
	})
	if wait > 0 {
		s.limited.Add(1)
	}
	return counted, err
}

// Limited counts the passwords and codes that were not looked at because too many had
// been tried.
func (s *Service) Limited() int64 { return s.limited.Load() }
