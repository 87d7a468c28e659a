package tries

import (
	"context"
	"sync/atomic"
	"time"

	"app/modules/users/internal/device"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/store"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/emailaddr"
	"app/platform/identity"
)

// Options are what a Limiter works with. The zero Bounds limit nothing.
type Options struct {
	DB     *database.DB
	Now    func() time.Time
	Secret secret.Key
	Bounds Bounds
}

// Limiter counts tries. Safe for concurrent use.
type Limiter struct {
	db      *database.DB
	now     func() time.Time
	secret  secret.Key
	bounds  Bounds
	limited atomic.Int64
}

// New makes a limiter. It reads nothing yet.
func New(o Options) *Limiter {
	return &Limiter{db: o.DB, now: o.Now, secret: o.Secret, bounds: o.Bounds}
}

func errTries(wait time.Duration) error {
	refusal := reason.SignInLimited.New()
	refusal.RetryAfter = wait
	return refusal
}

// CountPassword counts a password that is about to be tried for an address, and
// returns what was counted, for GiveBack. Passwords are guessed slowly, and nobody is
// locked out by somebody else's guesses (ASVS 6.1.1, 6.3.1):
//
//  1. It counts before the hash, for addresses with and without an account alike, and a
//     refused try is not looked at: neither the time nor the answer reports whether the
//     password was right or the account is there.
//  2. A device that the account has signed in from, which is its network and its
//     program, has tries of its own. Strangers cannot use them up, from wherever they
//     come.
//  3. From elsewhere there are few tries for a network, a few more for all networks
//     together, and a bound on what one network tries at many accounts. When strangers
//     have used those up the owner still signs in from a device that is known, with a
//     code by e-mail, with a provider or a passkey; sessions that are open are not
//     touched.
//  4. A password that is right costs nothing: see GiveBack.
//  5. The count is in the database, so replicas do not multiply the tries.
//
// Errors: sign_in_limited with the time to wait.
func (l *Limiter) CountPassword(ctx context.Context, accountID, email string) (counted []Allowance, err error) {
	if l.bounds == (Bounds{}) {
		return nil, nil
	}
	var wait time.Duration
	err = l.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if counted, err = l.tryAllowances(ctx, tx, accountID, emailaddr.Key(email)); err != nil {
			return err
		}
		for _, a := range counted {
			if wait, err = Take(ctx, tx, a, l.now()); err != nil {
				return err
			}
			if wait > 0 {
				return errTries(wait) // what was counted before it is rolled back
			}
		}
		return nil
	})
	if wait > 0 {
		l.limited.Add(1)
	}
	return counted, err
}

// tryAllowances are what a try counts against, always in the same order: rows are
// locked in it.
func (l *Limiter) tryAllowances(ctx context.Context, tx *database.Tx, accountID, email string) ([]Allowance, error) {
	client, most := callctx.ClientOf(ctx), l.bounds
	network, agent := store.Fit(client.Network, 64), store.Fit(client.Agent, 200)
	familiar, err := device.IsFamiliar(ctx, tx, accountID, network, agent)
	if err != nil {
		return nil, err
	}
	if familiar && network != "" {
		return []Allowance{l.newAllowance(most.Device, tryDevice, "device", email, network, agent)}, nil
	}
	return []Allowance{
		l.newAllowance(most.Place, tryPlace, "place", email, network),
		l.newAllowance(most.Account, tryAccount, "account", email),
		l.newAllowance(most.Network, tryNetwork, "network", network),
	}, nil
}

func (l *Limiter) newAllowance(burst int, step time.Duration, parts ...string) Allowance {
	return Allowance{ID: l.secret.Hash("tries", parts...), Burst: burst, Step: step}
}

// GiveBack takes back what was counted, in the transaction of the sign-in that
// the password was right for.
func (l *Limiter) GiveBack(ctx context.Context, tx *database.Tx, counted []Allowance) error {
	for _, a := range counted {
		if err := giveBackTry(ctx, tx, a); err != nil {
			return err
		}
	}
	return nil
}

// CountOwnPassword counts a password that somebody who is signed in shows again: as many tries
// as a device has, at one account. Whoever has stolen a session does not get to guess
// the password with it. Errors: sign_in_limited.
func (l *Limiter) CountOwnPassword(ctx context.Context) error {
	if l.bounds == (Bounds{}) {
		return nil
	}
	a := l.newAllowance(l.bounds.Device, tryDevice, "own", identity.FromContext(ctx).UserID)
	var wait time.Duration
	err := l.db.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		if wait, err = Take(ctx, tx, a, l.now()); err == nil && wait > 0 {
			err = errTries(wait)
		}
		return err
	})
	if wait > 0 {
		l.limited.Add(1)
	}
	return err
}
