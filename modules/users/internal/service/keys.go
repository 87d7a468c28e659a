package service

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/identity/token"
)

// keysReread is how often a process looks for keys that another has made: less than
// half of MinLead.
const keysReread = 5 * time.Second

// keyring is what the module signs and hashes with. The secret is read once, the
// signing keys now and then.
type keyring struct {
	mu      sync.Mutex // held while they are read
	loaded  bool
	secret  []byte
	signers atomic.Pointer[signers]
}

// signers are the keys that sign, now or soon.
type signers struct {
	read time.Time
	keys []signingKey // the newest first
}

type signingKey struct {
	from   time.Time
	signer *token.Signer
}

// activeAt is the signer of a time: the newest that is active. The oldest there is
// signs before its time rather than nobody.
func (s *signers) activeAt(now time.Time) *token.Signer {
	for _, k := range s.keys {
		if !now.Before(k.from) {
			return k.signer
		}
	}
	return s.keys[len(s.keys)-1].signer
}

// secretName is the secret that codes are hashed with and refresh tokens follow from.
const secretName = "hmac"

// deriveMAC derives bytes for one use of the secret.
func deriveMAC(secret []byte, use string, parts ...string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(use))
	for _, part := range parts {
		h.Write([]byte{0})
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

// LoadKeys reads the signing keys and the secret, and makes them when this is the first
// start. Of two processes that do so at once, one makes them and both use them. Other
// methods call it when they need to; it reads the signing keys again when five seconds
// have passed, and goes on with those it has when that fails.
func (s *Service) LoadKeys(ctx context.Context) error {
	if read := s.ring.signers.Load(); read != nil && s.now().Sub(read.read) < keysReread {
		return nil
	}
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	if read := s.ring.signers.Load(); read != nil && s.now().Sub(read.read) < keysReread {
		return nil
	}
	keys, secret, err := s.readKeys(ctx)
	if errors.Is(err, store.ErrNotFound) && !s.ring.loaded {
		if err = s.makeKeys(ctx); err == nil {
			keys, secret, err = s.readKeys(ctx)
		}
	}
	var fresh *signers
	if err == nil {
		fresh, err = newSigners(keys, s.now())
	}
	switch {
	case err == nil:
	case s.ring.loaded:
		s.logger.WarnContext(ctx, "keys cannot be read again", slog.Any("error", err))
		return nil
	default:
		return fmt.Errorf("load keys: %w", err)
	}
	if !s.ring.loaded {
		s.ring.secret, s.ring.loaded = secret, true
	}
	s.ring.signers.Store(fresh) // last: whoever sees them goes on without the lock, and reads the secret
	return nil
}

func newSigners(keys []store.Key, now time.Time) (*signers, error) {
	out := &signers{read: now}
	for _, k := range keys {
		signer, err := token.NewSigner(k.Private)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", k.ID, err)
		}
		out.keys = append(out.keys, signingKey{k.ActiveFrom, signer})
	}
	return out, nil
}

// readKeys fails with store.ErrNotFound when anything is missing.
func (s *Service) readKeys(ctx context.Context) (keys []store.Key, secret []byte, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		if keys, err = store.Keys(ctx, q, s.now()); err != nil {
			return err
		}
		if len(keys) == 0 {
			return store.ErrNotFound
		}
		secret, err = store.Secret(ctx, q, secretName)
		return err
	})
	return keys, secret, err
}

// makeKeys makes both in one transaction. That somebody else has made them first is
// success.
func (s *Service) makeKeys(ctx context.Context) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	secret := make([]byte, sha256.Size)
	_, _ = rand.Read(secret) // never fails since Go 1.24
	now := s.now()
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		key := store.Key{ID: token.KeyID(public), Generation: 1, Private: private, CreatedAt: now, ActiveFrom: now}
		if err := store.InsertKey(ctx, tx, key); err != nil {
			return err
		}
		return store.InsertSecret(ctx, tx, secretName, secret, now)
	})
	if errors.Is(err, store.ErrDuplicate) {
		return nil
	}
	return err
}

// KeySet is the public keys that verify access tokens, the newest first, as a JSON Web
// Key Set. A key is in it before it signs, and for as long as a token of it may live.
func (s *Service) KeySet(ctx context.Context) ([]byte, error) {
	if err := s.LoadKeys(ctx); err != nil {
		return nil, err
	}
	keys, _, err := s.readKeys(ctx)
	if err != nil {
		return nil, err
	}
	public := make([]ed25519.PublicKey, len(keys))
	for i, k := range keys {
		public[i] = token.Public(k.Private)
	}
	return token.EncodeSet(public...)
}
