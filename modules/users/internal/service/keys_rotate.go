package service

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"time"

	"app/modules/users/internal/store"
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

// KeyInfo is a signing key as an administrator sees it.
type KeyInfo struct {
	ID         string
	Generation int64
	CreatedAt  time.Time
	ActiveFrom time.Time
	NotAfter   time.Time // zero: no end
	Signs      bool      // now
}

// SigningKeys lists the keys that verify, the newest first.
func (s *Service) SigningKeys(ctx context.Context) ([]KeyInfo, error) {
	if err := s.LoadKeys(ctx); err != nil {
		return nil, err
	}
	keys, _, err := s.readKeys(ctx)
	if err != nil {
		return nil, err
	}
	return keyInfos(keys, s.now()), nil
}

func keyInfos(keys []store.Key, now time.Time) []KeyInfo {
	out := make([]KeyInfo, len(keys))
	found := false
	for i, k := range keys {
		signs := !found && !now.Before(k.ActiveFrom)
		found = found || signs
		out[i] = KeyInfo{ID: k.ID, Generation: k.Generation, CreatedAt: k.CreatedAt, ActiveFrom: k.ActiveFrom, NotAfter: k.NotAfter, Signs: signs}
	}
	return out
}

// RotateKeys makes a new signing key, while requests go on.
//
//  1. The key is published at once and signs after lead: by then every verifier has it.
//     (A gateway that meets an unknown kid asks for the set, too.)
//  2. The keys before it verify until the last token that they may have signed has run
//     out.
//  3. While a key waits for its turn there is no other rotation: FailedPrecondition,
//     rotation_pending.
//
// Errors: InvalidArgument for a lead below MinLead or above seven days.
func (s *Service) RotateKeys(ctx context.Context, lead time.Duration) ([]KeyInfo, error) {
	if lead < MinLead || lead > maxLead {
		return nil, fault.Invalid(fault.Field{Pointer: "/lead", Detail: fmt.Sprintf("must be between %s and %s", MinLead, maxLead)})
	}
	return s.rotateKeys(ctx, func(ctx context.Context, tx *database.Tx, old []store.Key, now time.Time) (time.Time, error) {
		from := now.Add(lead)
		for _, k := range old {
			if now.Before(k.ActiveFrom) {
				return from, fault.New(fault.FailedPrecondition, "rotation_pending", "A new key waits for its turn already.")
			}
			// Processes sign with the old key until they have read that its time is
			// over.
			if err := store.RetireKey(ctx, tx, k.ID, from.Add(token.MaxLife+token.Leeway+keysReread)); err != nil {
				return from, err
			}
		}
		return from, nil
	})
}

// RevokeKeys makes a new signing key that signs at once, and takes the trust from all
// others: for a key that somebody else may have. Access tokens of the old ones are
// refused as soon as the gateways know, within seconds; whoever has a refresh token or
// a browser's session stays signed in. A process of users that has not read the new key
// yet makes tokens for nothing, for five seconds at most.
func (s *Service) RevokeKeys(ctx context.Context) ([]KeyInfo, error) {
	return s.rotateKeys(ctx, func(ctx context.Context, tx *database.Tx, old []store.Key, now time.Time) (time.Time, error) {
		for _, k := range old {
			if err := store.RetireKey(ctx, tx, k.ID, now); err != nil {
				return now, err
			}
			if err := s.publishRevocation(ctx, tx, usersv1.RevocationKind_REVOCATION_KIND_SIGNING_KEY, k.ID); err != nil {
				return now, err
			}
		}
		return now, nil
	})
}

// rotateKeys adds a key after retire has seen to the others and told from when the new
// one signs. One rotation at a time.
func (s *Service) rotateKeys(ctx context.Context, retire func(ctx context.Context, tx *database.Tx, old []store.Key, now time.Time) (time.Time, error)) (out []KeyInfo, err error) {
	if err := s.LoadKeys(ctx); err != nil {
		return nil, err
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	now := s.now()
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := store.LockKeys(ctx, tx); err != nil {
			return err
		}
		old, err := store.Keys(ctx, tx, now)
		if err != nil {
			return err
		}
		from, err := retire(ctx, tx, old, now)
		if err != nil {
			return err
		}
		newest, err := store.Generation(ctx, tx)
		if err != nil {
			return err
		}
		fresh := store.Key{ID: token.KeyID(public), Generation: newest + 1, Private: private, CreatedAt: now, ActiveFrom: from}
		if err := store.InsertKey(ctx, tx, fresh); err != nil {
			return err
		}
		keys, err := store.Keys(ctx, tx, now)
		out = keyInfos(keys, now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("rotate keys: %w", err)
	}
	return out, nil
}
