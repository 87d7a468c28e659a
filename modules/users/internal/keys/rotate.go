package keys

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"time"

	"app/modules/users/internal/reason"
	"app/modules/users/usersv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity/token"
)

const (
	// MinLead is the least time between the publication of a key and its first
	// signature: every process of users has read it by then.
	MinLead = 15 * time.Second
	// DefaultLead leaves time for verifiers that keep the key set for as long as its
	// Cache-Control says, and as token.Keys does.
	DefaultLead = 10 * time.Minute
	maxLead     = 7 * 24 * time.Hour
)

// List lists the keys that verify, the newest first.
func (r *Ring) List(ctx context.Context) ([]Info, error) {
	keys, _, err := r.readKeys(ctx)
	if err != nil {
		return nil, err
	}
	return infosOf(keys, r.now()), nil
}

// Rotate makes a new signing key, while requests go on.
//
//  1. The key is published at once and signs after lead: by then every verifier has it.
//     (A gateway that meets an unknown kid asks for the set, too.)
//  2. The keys before it verify until the last token that they may have signed has run
//     out.
//  3. While a key waits for its turn there is no other rotation: FailedPrecondition,
//     rotation_pending.
//
// Errors: InvalidArgument for a lead below MinLead or above seven days.
func (r *Ring) Rotate(ctx context.Context, lead time.Duration) ([]Info, error) {
	if lead < MinLead || lead > maxLead {
		return nil, fault.Invalid(fault.Field{Pointer: "/lead", Detail: fmt.Sprintf("must be between %s and %s", MinLead, maxLead)})
	}
	return r.rotateKeys(ctx, func(ctx context.Context, tx *database.Tx, old []Key, now time.Time) (time.Time, error) {
		from := now.Add(lead)
		for _, k := range old {
			if now.Before(k.ActiveFrom) {
				return from, reason.RotationPending.New()
			}
			// Processes sign with the old key until they have read that its time is
			// over.
			if err := retireKey(ctx, tx, k.ID, from.Add(token.MaxLife+token.Leeway+keysReread)); err != nil {
				return from, err
			}
		}
		return from, nil
	})
}

// Revoke makes a new signing key that signs at once, and takes the trust from all
// others: for a key that somebody else may have. Access tokens of the old ones are
// refused as soon as the gateways know, within seconds; whoever has a refresh token or
// a browser's session stays signed in. A process of users that has not read the new key
// yet makes tokens for nothing, for five seconds at most.
func (r *Ring) Revoke(ctx context.Context) ([]Info, error) {
	return r.rotateKeys(ctx, func(ctx context.Context, tx *database.Tx, old []Key, now time.Time) (time.Time, error) {
		for _, k := range old {
			if err := retireKey(ctx, tx, k.ID, now); err != nil {
				return now, err
			}
			if err := r.revocations.Publish(ctx, tx, usersv1.RevocationKind_REVOCATION_KIND_SIGNING_KEY, k.ID); err != nil {
				return now, err
			}
		}
		return now, nil
	})
}

// rotateKeys adds a key after retire has seen to the others and told from when the new
// one signs. One rotation at a time.
func (r *Ring) rotateKeys(ctx context.Context, retire func(ctx context.Context, tx *database.Tx, old []Key, now time.Time) (time.Time, error)) (out []Info, err error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	now := r.now()
	err = r.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := lockKeys(ctx, tx); err != nil {
			return err
		}
		old, err := verifyingKeys(ctx, tx, now)
		if err != nil {
			return err
		}
		from, err := retire(ctx, tx, old, now)
		if err != nil {
			return err
		}
		newest, err := newestGeneration(ctx, tx)
		if err != nil {
			return err
		}
		fresh := Key{ID: token.KeyID(public), Generation: newest + 1, Private: private, CreatedAt: now, ActiveFrom: from}
		if err := insertKey(ctx, tx, fresh); err != nil {
			return err
		}
		keys, err := verifyingKeys(ctx, tx, now)
		out = infosOf(keys, now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("rotate keys: %w", err)
	}
	return out, nil
}
