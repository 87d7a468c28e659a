package service

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/identity/token"
)

// keyring is what the module signs and hashes with, read once.
type keyring struct {
	mu     sync.Mutex
	loaded bool
	signer *token.Signer
	secret []byte
}

// secretName is the secret that codes are hashed with and refresh tokens follow from.
const secretName = "hmac"

// mac derives bytes for one use of the secret.
func mac(secret []byte, use string, parts ...string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(use))
	for _, part := range parts {
		h.Write([]byte{0})
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

// LoadKeys reads the signing key and the secret, and makes them when this is the first start. Of two processes that do so at
// once, one makes them and both use them. Other methods call it when they need to.
func (s *Service) LoadKeys(ctx context.Context) error {
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	if s.ring.loaded {
		return nil
	}
	keys, secret, err := s.readKeys(ctx)
	if errors.Is(err, store.ErrNotFound) {
		if err = s.makeKeys(ctx); err == nil {
			keys, secret, err = s.readKeys(ctx)
		}
	}
	if err != nil {
		return fmt.Errorf("load keys: %w", err)
	}
	signer, err := token.NewSigner(keys[0].Private)
	if err != nil {
		return fmt.Errorf("load keys: %w", err)
	}
	s.ring.signer, s.ring.secret, s.ring.loaded = signer, secret, true
	return nil
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

// makeKeys makes both in one transaction. That somebody else has made them first is success.
func (s *Service) makeKeys(ctx context.Context) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	secret := make([]byte, sha256.Size)
	_, _ = rand.Read(secret) // never fails since Go 1.24
	now := s.now()
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		key := store.Key{ID: token.KeyID(public), Generation: 1, Private: private, CreatedAt: now}
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

// KeySet is the public keys that verify access tokens, the signing one first, as a JSON Web Key Set.
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
