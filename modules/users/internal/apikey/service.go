package apikey

import (
	"context"
	"errors"
	"strings"
	"time"

	"app/modules/users/internal/audit"
	"app/modules/users/internal/revocation"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/store"
	"app/modules/users/usersv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// Options are what a Service works with. All are required.
type Options struct {
	DB          *database.DB
	Now         func() time.Time
	Audits      *audit.Log
	Revocations *revocation.Log
}

// Service is the use cases of API keys. Safe for concurrent use.
type Service struct {
	db          *database.DB
	now         func() time.Time
	audits      *audit.Log
	revocations *revocation.Log
}

// New makes the service. It reads nothing yet.
func New(o Options) *Service {
	return &Service{db: o.DB, now: o.Now, audits: o.Audits, revocations: o.Revocations}
}

// Create makes a key for a merchant and returns it, which nobody can ever again.
// Errors: InvalidArgument with pointers, usersv1.TooManyAPIKeys.
func (s *Service) Create(ctx context.Context, d Draft) (Key, string, error) {
	now := s.now()
	if wrong := d.normalizeAndValidate(now); len(wrong) > 0 {
		return Key{}, "", fault.Invalid(wrong...)
	}
	key := generateKey()
	row := Key{
		ID: ids.New("key", now), MerchantID: d.MerchantID, Name: d.Name, Hash: secret.HashToken(key), Hint: key[:hintLength],
		Scopes: strings.Join(d.Scopes, " "), CreatedBy: identity.FromContext(ctx).UserID,
		CreatedAt: database.Time(database.Micros(now)), ExpiresAt: *d.ExpiresAt,
	}
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := lockMerchant(ctx, tx, d.MerchantID); err != nil { // others that make a key would not be counted
			return err
		}
		there, err := keysOf(ctx, tx, d.MerchantID, now)
		if err != nil {
			return err
		}
		if len(there) >= maxAPIKeys {
			return usersv1.TooManyAPIKeys.New()
		}
		if err := insertKey(ctx, tx, row); err != nil {
			return err
		}
		return s.audits.Record(ctx, tx, audit.Entry{AccountID: row.CreatedBy, Event: audit.KeyCreated, Outcome: audit.OutcomeOK, Detail: row.ID + " " + row.MerchantID})
	})
	return row, key, err
}

// List lists the keys of a merchant that are in force, the newest first.
func (s *Service) List(ctx context.Context, merchantID string) (out []Key, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		out, err = keysOf(ctx, q, merchantID, s.now())
		return err
	})
	return out, err
}

// Revoke ends a key of a merchant, for every gateway; a repetition changes
// nothing. Error: usersv1.APIKeyNotFound when the merchant has no such key.
func (s *Service) Revoke(ctx context.Context, merchantID, id string) error {
	return s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := revokeKey(ctx, tx, merchantID, id, s.now()); errors.Is(err, store.ErrChanged) {
			_, err = keyByID(ctx, tx, merchantID, id)
			return store.Missing(usersv1.APIKeyNotFound, err)
		} else if err != nil {
			return err
		}
		if err := s.revocations.Publish(ctx, tx, usersv1.RevocationKind_REVOCATION_KIND_API_KEY, id); err != nil {
			return err
		}
		caller := identity.FromContext(ctx).UserID
		return s.audits.Record(ctx, tx, audit.Entry{AccountID: caller, Event: audit.KeyRevoked, Outcome: audit.OutcomeOK, Detail: id + " " + merchantID})
	})
}

// keyTouched is how long the time of a key's last use may lag behind.
const keyTouched = time.Minute

// Find finds a key that is in force, and notes at most once a minute that it is in
// use. Error: usersv1.APIKeyNotFound when it is unknown, revoked or has run out.
func (s *Service) Find(ctx context.Context, presented string) (key Key, err error) {
	now := s.now()
	err = s.db.ReadOne(ctx, func(ctx context.Context, q *database.Tx) error {
		key, err = keyByHash(ctx, q, secret.HashToken(presented))
		if err == nil && !key.isInForce(now) {
			err = store.ErrNotFound
		}
		return store.Missing(usersv1.APIKeyNotFound, err)
	})
	if err != nil {
		return Key{}, err
	}
	if now.Sub(key.LastUsedAt) < keyTouched {
		return key, nil
	}
	return key, s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return touchKey(ctx, tx, key.ID, now, now.Add(-keyTouched))
	})
}
