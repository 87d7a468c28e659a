package service

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/merchants/internal/store"
	"app/modules/users/usersv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
)

// KeyDraft is an API key to be made.
type KeyDraft struct {
	Name      string
	Scopes    []string
	ExpiresAt time.Time // zero: never
}

// CreateKey makes an API key that acts for a merchant, for its owners and the shop's administrators. The key itself is told this
// once. Errors: NotFound and PermissionDenied as Update, InvalidArgument with pointers, ResourceExhausted (too_many_api_keys).
func (s *Service) CreateKey(ctx context.Context, merchant string, d KeyDraft) (info *usersv1.APIKeyInfo, key string, err error) {
	if err := s.mayManageKeys(ctx, merchant); err != nil {
		return nil, "", err
	}
	req := &usersv1.CreateAPIKeyRequest{MerchantId: merchant, Name: d.Name, Scopes: d.Scopes}
	if !d.ExpiresAt.IsZero() {
		req.ExpiresAt = timestamppb.New(d.ExpiresAt)
	}
	reply, err := s.Users.CreateAPIKey(ctx, req)
	var call *fault.CallError
	switch {
	case errors.As(err, &call) && call.Code == fault.InvalidArgument:
		return nil, "", fault.Invalid(call.Fields...)
	case errors.As(err, &call) && call.Reason == "too_many_api_keys":
		return nil, "", fault.New(fault.ResourceExhausted, "too_many_api_keys", "The merchant has a hundred API keys: revoke some first.")
	case err != nil:
		return nil, "", err //nolint:wrapcheck // the boundary translates it
	}
	return reply.GetInfo(), reply.GetKey(), nil
}

// Keys lists the API keys of a merchant that are in force, the newest first, for those who may make them. Errors: NotFound and
// PermissionDenied as Update.
func (s *Service) Keys(ctx context.Context, merchant string) ([]*usersv1.APIKeyInfo, error) {
	if err := s.mayManageKeys(ctx, merchant); err != nil {
		return nil, err
	}
	reply, err := s.Users.ListAPIKeys(ctx, &usersv1.ListAPIKeysRequest{MerchantId: merchant})
	return reply.GetKeys(), err //nolint:wrapcheck // the boundary translates it
}

// RevokeKey ends an API key of a merchant, for those who may make them. Errors: NotFound (merchant, api_key), PermissionDenied as Update.
func (s *Service) RevokeKey(ctx context.Context, merchant, key string) error {
	if err := s.mayManageKeys(ctx, merchant); err != nil {
		return err
	}
	_, err := s.Users.RevokeAPIKey(ctx, &usersv1.RevokeAPIKeyRequest{MerchantId: merchant, KeyId: key})
	if fault.CodeOf(err) == fault.NotFound {
		return fault.Missing("api_key").Because(err)
	}
	return err //nolint:wrapcheck // the boundary translates it
}

// mayManageKeys lets owners in, and administrators of the shop.
func (s *Service) mayManageKeys(ctx context.Context, merchant string) error {
	return s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		if identity.FromContext(ctx).Admin {
			_, err := store.ByID(ctx, q, merchant)
			if errors.Is(err, store.ErrNotFound) {
				return fault.Missing("merchant")
			}
			return err
		}
		_, err := owned(ctx, q, merchant)
		return err
	})
}
