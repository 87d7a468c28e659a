package apikey

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/merchants/internal/member"
	"app/modules/merchants/internal/merchant"
	"app/modules/merchants/internal/reason"
	"app/modules/users/usersv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
)

// Users keeps API keys. Who may have them is decided here.
type Users interface {
	// CreateAPIKey makes a key. Its CallError has InvalidArgument with fields, or
	// ResourceExhausted.
	CreateAPIKey(ctx context.Context, req *usersv1.CreateAPIKeyRequest) (*usersv1.CreateAPIKeyResponse, error)
	// ListAPIKeys lists the keys in force.
	ListAPIKeys(ctx context.Context, req *usersv1.ListAPIKeysRequest) (*usersv1.ListAPIKeysResponse, error)
	// RevokeAPIKey ends a key. Its CallError has the code NotFound when the merchant
	// has no such key.
	RevokeAPIKey(ctx context.Context, req *usersv1.RevokeAPIKeyRequest) (*usersv1.RevokeAPIKeyResponse, error)
}

// Options put a service together.
type Options struct {
	DB    *database.DB
	Users Users
	Now   func() time.Time
	Life  time.Duration // how long a key lives for which no end is given
}

// Service makes, lists and revokes API keys, for the owners of their merchant and the
// administrators of the shop. It is safe for concurrent use.
type Service struct{ Options }

// New makes a service on a migrated database.
func New(o Options) *Service { return &Service{o} }

// Create makes an API key that acts for a merchant. The key itself is told this once.
// It runs out: when the draft says, or after Life. Errors: those of
// member.RequireOwner, InvalidArgument with pointers, reason.MerchantPending when the
// merchant is not approved and a scope reaches people outside, usersv1.TooManyAPIKeys.
func (s *Service) Create(ctx context.Context, merchantID string, d Draft) (info Key, key string, err error) {
	status, err := s.requireManager(ctx, merchantID)
	if err != nil {
		return Key{}, "", err
	}
	if status != merchant.Approved && d.reachesPeople() {
		return Key{}, "", reason.MerchantPending.New()
	}
	reply, err := s.Users.CreateAPIKey(ctx, &usersv1.CreateAPIKeyRequest{
		MerchantId: merchantID, Name: d.Name, Scopes: d.Scopes, ExpiresAt: timestamppb.New(d.expiryAfter(s.Now(), s.Life)),
	})
	var call *fault.CallError
	switch {
	case errors.As(err, &call) && call.Code == fault.InvalidArgument:
		return Key{}, "", fault.Invalid(call.Fields...)
	case usersv1.TooManyAPIKeys.Matches(err):
		return Key{}, "", usersv1.TooManyAPIKeys.New()
	case err != nil:
		return Key{}, "", err //nolint:wrapcheck // the boundary translates it
	}
	keys, err := s.withMakers(ctx, merchantID, []*usersv1.APIKeyInfo{reply.GetInfo()})
	if err != nil {
		return Key{}, "", err
	}
	return keys[0], reply.GetKey(), nil
}

// List lists the API keys of a merchant that are in force, the newest first. Errors:
// those of member.RequireOwner.
func (s *Service) List(ctx context.Context, merchantID string) ([]Key, error) {
	if _, err := s.requireManager(ctx, merchantID); err != nil {
		return nil, err
	}
	reply, err := s.Users.ListAPIKeys(ctx, &usersv1.ListAPIKeysRequest{MerchantId: merchantID})
	if err != nil {
		return nil, err //nolint:wrapcheck // the boundary translates it
	}
	return s.withMakers(ctx, merchantID, reply.GetKeys())
}

// Revoke ends an API key of a merchant. Errors: those of member.RequireOwner,
// usersv1.APIKeyNotFound.
func (s *Service) Revoke(ctx context.Context, merchantID, keyID string) error {
	if _, err := s.requireManager(ctx, merchantID); err != nil {
		return err
	}
	_, err := s.Users.RevokeAPIKey(ctx, &usersv1.RevokeAPIKeyRequest{MerchantId: merchantID, KeyId: keyID})
	if fault.CodeOf(err) == fault.NotFound {
		return usersv1.APIKeyNotFound.New().Because(err)
	}
	return err //nolint:wrapcheck // the boundary translates it
}

// withMakers says of each key whether whoever made it is a member.
func (s *Service) withMakers(ctx context.Context, merchantID string, infos []*usersv1.APIKeyInfo) ([]Key, error) {
	makers := make([]string, len(infos))
	for i, k := range infos {
		makers[i] = k.GetCreatedBy()
	}
	members, err := database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (map[string]bool, error) {
		return member.Among(ctx, q, merchantID, makers)
	})
	out := make([]Key, len(infos))
	for i, k := range infos {
		out[i] = toKey(k, members[k.GetCreatedBy()])
	}
	return out, err
}

func toKey(k *usersv1.APIKeyInfo, makerIsMember bool) Key {
	return Key{
		ID: k.GetId(), Name: k.GetName(), Hint: k.GetHint(), Scopes: k.GetScopes(), CreatedBy: k.GetCreatedBy(), MakerIsMember: makerIsMember,
		CreatedAt: k.GetCreatedAt().AsTime(), ExpiresAt: timeOrZero(k.GetExpiresAt()), LastUsedAt: timeOrZero(k.GetLastUsedAt()),
	}
}

func timeOrZero(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// requireManager lets owners of the merchant in, and administrators of the shop, and
// gives the merchant's status.
func (s *Service) requireManager(ctx context.Context, merchantID string) (merchant.Status, error) {
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (merchant.Status, error) {
		find := merchant.Owned
		if identity.FromContext(ctx).Admin {
			find = merchant.Find
		}
		m, err := find(ctx, q, merchantID)
		return m.Status, err
	})
}
