package keys

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"app/modules/users/internal/revocation"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/identity/token"
)

// keysReread is how often a process looks for keys that another has made: less than
// half of MinLead.
const keysReread = 5 * time.Second

// secretName is the secret that codes are hashed with and refresh tokens follow from.
const secretName = "hmac"

// Options are what a Ring works with. All are required.
type Options struct {
	DB          *database.DB
	Now         func() time.Time
	Logger      *slog.Logger
	Revocations *revocation.Log
}

// Ring is what the module signs and hashes with. The secret is read once, the signing
// keys now and then. Safe for concurrent use.
type Ring struct {
	db          *database.DB
	now         func() time.Time
	logger      *slog.Logger
	revocations *revocation.Log

	secret  secret.Key
	rereads sync.Mutex // held while the signing keys are read again
	signers atomic.Pointer[signers]
}

// Load reads the signing keys and the secret, and makes them when this is the first
// start. Of two processes that do so at once, one makes them and both use them.
func Load(ctx context.Context, o Options) (*Ring, error) {
	r := &Ring{db: o.DB, now: o.Now, logger: o.Logger, revocations: o.Revocations}
	keys, key, err := r.readKeys(ctx)
	if errors.Is(err, store.ErrNotFound) {
		if err = r.makeKeys(ctx); err == nil {
			keys, key, err = r.readKeys(ctx)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("load keys: %w", err)
	}
	signing, err := newSigners(keys, r.now())
	if err != nil {
		return nil, fmt.Errorf("load keys: %w", err)
	}
	r.secret = key
	r.signers.Store(signing)
	return r, nil
}

// Secret is what codes are hashed with and refresh tokens follow from.
func (r *Ring) Secret() secret.Key { return r.secret }

// Reread reads the signing keys again when five seconds have passed, and goes on with
// those it has when that fails. Whoever is about to sign calls it first, outside of any
// transaction.
func (r *Ring) Reread(ctx context.Context) {
	if r.isCurrent() {
		return
	}
	r.rereads.Lock()
	defer r.rereads.Unlock()
	if r.isCurrent() {
		return
	}
	keys, _, err := r.readKeys(ctx)
	var fresh *signers
	if err == nil {
		fresh, err = newSigners(keys, r.now())
	}
	if err != nil {
		r.logger.WarnContext(ctx, "keys cannot be read again", slog.Any("error", err))
		return
	}
	r.signers.Store(fresh)
}

func (r *Ring) isCurrent() bool {
	return r.now().Sub(r.signers.Load().read) < keysReread
}

// Sign makes an access token with the key that signs at the time that it is issued at.
func (r *Ring) Sign(claims token.Claims) (string, error) {
	return r.signers.Load().activeAt(claims.IssuedAt).Sign(claims)
}

// readKeys fails with store.ErrNotFound when anything is missing.
func (r *Ring) readKeys(ctx context.Context) (keys []Key, key secret.Key, err error) {
	err = r.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		if keys, err = verifyingKeys(ctx, q, r.now()); err != nil {
			return err
		}
		if len(keys) == 0 {
			return store.ErrNotFound
		}
		key, err = readSecret(ctx, q, secretName)
		return err
	})
	return keys, key, err
}

// makeKeys makes both in one transaction. That somebody else has made them first is
// success.
func (r *Ring) makeKeys(ctx context.Context) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	now := r.now()
	err = r.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		key := Key{ID: token.KeyID(public), Generation: 1, Private: private, CreatedAt: now, ActiveFrom: now}
		if err := insertKey(ctx, tx, key); err != nil {
			return err
		}
		return insertSecret(ctx, tx, secretName, secret.NewKey(), now)
	})
	if errors.Is(err, store.ErrDuplicate) {
		return nil
	}
	return err
}

// Set is the public keys that verify access tokens, the newest first, as a JSON Web
// Key Set. A key is in it before it signs, and for as long as a token of it may live.
func (r *Ring) Set(ctx context.Context) ([]byte, error) {
	keys, _, err := r.readKeys(ctx)
	if err != nil {
		return nil, err
	}
	public := make([]ed25519.PublicKey, len(keys))
	for i, k := range keys {
		public[i] = token.Public(k.Private)
	}
	return token.EncodeSet(public...)
}
