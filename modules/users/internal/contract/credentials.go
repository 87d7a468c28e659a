package contract

import (
	"context"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/users/internal/apikey"
	"app/modules/users/usersv1"
)

// Session implements usersv1.UsersHandler.
func (h *Handler) Session(ctx context.Context, req *usersv1.SessionRequest) (*usersv1.SessionResponse, error) {
	b, err := h.needs.Sessions.Browser(ctx, req.GetToken())
	if err != nil {
		return nil, err
	}
	return &usersv1.SessionResponse{
		UserId: b.UserID, SessionId: b.SessionID, Admin: b.Admin, ExpiresAt: timestamppb.New(b.Expires),
		FactorNeeded: b.FactorNeeded, AdminWithheld: b.AdminWithheld,
	}, nil
}

// Revocations implements usersv1.UsersHandler.
func (h *Handler) Revocations(ctx context.Context, req *usersv1.RevocationsRequest) (*usersv1.RevocationsResponse, error) {
	revoked, err := h.needs.Revocations.Since(ctx, req.GetAfter())
	if err != nil {
		return nil, err
	}
	out := &usersv1.RevocationsResponse{Epoch: revoked.Epoch, More: revoked.More}
	for _, r := range revoked.List {
		out.Revocations = append(out.Revocations, &usersv1.Revocation{
			Kind: usersv1.RevocationKind(r.Kind), Subject: r.Subject, ExpiresAt: timestamppb.New(r.ExpiresAt),
		})
	}
	return out, nil
}

// APIKey implements usersv1.UsersHandler.
func (h *Handler) APIKey(ctx context.Context, req *usersv1.APIKeyRequest) (*usersv1.APIKeyResponse, error) {
	k, err := h.needs.APIKeys.Find(ctx, req.GetKey())
	if err != nil {
		return nil, err
	}
	return &usersv1.APIKeyResponse{KeyId: k.ID, MerchantId: k.MerchantID, Scopes: strings.Fields(k.Scopes), ExpiresAt: optionalTimestamp(k.ExpiresAt)}, nil
}

// CreateAPIKey implements usersv1.UsersHandler.
func (h *Handler) CreateAPIKey(ctx context.Context, req *usersv1.CreateAPIKeyRequest) (*usersv1.CreateAPIKeyResponse, error) {
	draft := apikey.Draft{MerchantID: req.GetMerchantId(), Name: req.GetName(), Scopes: req.GetScopes()}
	if end := req.GetExpiresAt(); end != nil {
		at := time.Time{} // refused, as what is no timestamp is to be
		if end.CheckValid() == nil {
			at = end.AsTime().Truncate(time.Microsecond)
		}
		draft.ExpiresAt = &at
	}
	row, key, err := h.needs.APIKeys.Create(ctx, draft)
	if err != nil {
		return nil, err
	}
	return &usersv1.CreateAPIKeyResponse{Info: keyInfo(row), Key: key}, nil
}

// ListAPIKeys implements usersv1.UsersHandler.
func (h *Handler) ListAPIKeys(ctx context.Context, req *usersv1.ListAPIKeysRequest) (*usersv1.ListAPIKeysResponse, error) {
	rows, err := h.needs.APIKeys.List(ctx, req.GetMerchantId())
	if err != nil {
		return nil, err
	}
	out := &usersv1.ListAPIKeysResponse{}
	for _, row := range rows {
		out.Keys = append(out.Keys, keyInfo(row))
	}
	return out, nil
}

// RevokeAPIKey implements usersv1.UsersHandler.
func (h *Handler) RevokeAPIKey(ctx context.Context, req *usersv1.RevokeAPIKeyRequest) (*usersv1.RevokeAPIKeyResponse, error) {
	if err := h.needs.APIKeys.Revoke(ctx, req.GetMerchantId(), req.GetKeyId()); err != nil {
		return nil, err
	}
	return &usersv1.RevokeAPIKeyResponse{}, nil
}

func keyInfo(k apikey.Key) *usersv1.APIKeyInfo {
	return &usersv1.APIKeyInfo{
		Id: k.ID, Name: k.Name, Hint: k.Hint, Scopes: strings.Fields(k.Scopes), CreatedBy: k.CreatedBy,
		CreatedAt: optionalTimestamp(k.CreatedAt), ExpiresAt: optionalTimestamp(k.ExpiresAt), LastUsedAt: optionalTimestamp(k.LastUsedAt),
	}
}

// optionalTimestamp is a time that may be absent.
func optionalTimestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
