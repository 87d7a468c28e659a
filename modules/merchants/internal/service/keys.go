package service

import (
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/merchants/internal/reason"
	"app/modules/merchants/internal/store"
	"app/modules/merchants/merchantsv1"
	"app/modules/users/usersv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
)

// KeyDraft is an API key to be made.
type KeyDraft struct {
	Name      string
	Scopes    []string
	ExpiresAt *time.Time // nil: after KeyLife
}

// reaching are the scopes of keys that reach people outside. They need a merchant that
// is approved.
var reaching = []string{string(identity.EmailsSend)}

// Key is an API key as the merchant's owners see it.
type Key struct {
	*usersv1.APIKeyInfo
	// MakerIsMember reports whether whoever made it is still a member: a key goes on
	// without its maker.
	MakerIsMember bool
}

// CreateKey makes an API key that acts for a merchant, for its owners and the shop's
// administrators. The key itself is told this once. It runs out: when the draft says,
// or after KeyLife. Errors: NotFound and PermissionDenied as Update, InvalidArgument
// with pointers, FailedPrecondition (merchant_pending) when the merchant is not
// approved and a scope reaches people outside, ResourceExhausted (too_many_api_keys).
func (s *Service) CreateKey(ctx context.Context, merchant string, d KeyDraft) (info Key, key string, err error) {
	status, err := s.mayManageKeys(ctx, merchant)
	if err != nil {
		return Key{}, "", err
	}
	if status != store.Approved && slices.ContainsFunc(d.Scopes, func(scope string) bool { return slices.Contains(reaching, scope) }) {
		return Key{}, "", reason.MerchantPending.New()
	}
	until := s.Now().Add(s.Limits.KeyLife)
	if d.ExpiresAt != nil {
		until = *d.ExpiresAt
	}
	reply, err := s.Users.CreateAPIKey(ctx, &usersv1.CreateAPIKeyRequest{MerchantId: merchant, Name: d.Name, Scopes: d.Scopes, ExpiresAt: timestamppb.New(until)})
	var call *fault.CallError
	switch {
	case errors.As(err, &call) && call.Code == fault.InvalidArgument:
		return Key{}, "", fault.Invalid(call.Fields...)
	case reason.TooManyAPIKeys.Matches(err):
		return Key{}, "", reason.TooManyAPIKeys.New()
	case err != nil:
		return Key{}, "", err //nolint:wrapcheck // the boundary translates it
	}
	keys, err := s.withMakers(ctx, merchant, []*usersv1.APIKeyInfo{reply.GetInfo()})
	if err != nil {
		return Key{}, "", err
	}
	return keys[0], reply.GetKey(), nil
}

// Keys lists the API keys of a merchant that are in force, the newest first, for those
// who may make them. Errors: NotFound and PermissionDenied as Update.
func (s *Service) Keys(ctx context.Context, merchant string) ([]Key, error) {
	if _, err := s.mayManageKeys(ctx, merchant); err != nil {
		return nil, err
	}
	reply, err := s.Users.ListAPIKeys(ctx, &usersv1.ListAPIKeysRequest{MerchantId: merchant})
	if err != nil {
		return nil, err //nolint:wrapcheck // the boundary translates it
	}
	return s.withMakers(ctx, merchant, reply.GetKeys())
}

// withMakers says of each key whether whoever made it is a member.
func (s *Service) withMakers(ctx context.Context, merchant string, infos []*usersv1.APIKeyInfo) ([]Key, error) {
	makers := make([]string, len(infos))
	for i, k := range infos {
		makers[i] = k.GetCreatedBy()
	}
	members, err := database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (map[string]bool, error) {
		return store.AreMembers(ctx, q, merchant, makers)
	})
	out := make([]Key, len(infos))
	for i, k := range infos {
		out[i] = Key{k, members[k.GetCreatedBy()]}
	}
	return out, err
}

// RevokeKey ends an API key of a merchant, for those who may make them. Errors:
// NotFound (merchant, api_key), PermissionDenied as Update.
func (s *Service) RevokeKey(ctx context.Context, merchant, key string) error {
	if _, err := s.mayManageKeys(ctx, merchant); err != nil {
		return err
	}
	_, err := s.Users.RevokeAPIKey(ctx, &usersv1.RevokeAPIKeyRequest{MerchantId: merchant, KeyId: key})
	if fault.CodeOf(err) == fault.NotFound {
		return reason.APIKeyNotFound.New().Because(err)
	}
	return err //nolint:wrapcheck // the boundary translates it
}

// mayManageKeys lets owners in, and administrators of the shop, and reports whether the
// merchant may sell.
func (s *Service) mayManageKeys(ctx context.Context, merchant string) (store.Status, error) {
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (store.Status, error) {
		if !identity.FromContext(ctx).Admin {
			v, err := requireOwner(ctx, q, merchant)
			return v.Status, err
		}
		m, err := store.ByID(ctx, q, merchant)
		if errors.Is(err, store.ErrNotFound) {
			return "", merchantsv1.MerchantNotFound.New()
		}
		return m.Status, err
	})
}
