package rest

import (
	"context"
	"net/http"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/merchants/internal/service"
	"app/platform/operation"
)

// registerAPIKeys declares what owners do with API keys. Idempotency keys are not for
// making one: a stored reply would keep the key.
func registerAPIKeys(api *operation.API, h **Handlers) {
	op := operation.Operation{
		Path: "/v1/merchants/{id}/api-keys", Access: operation.Member, Rate: operation.RateDefault, Tags: []string{"API keys"},
		Idempotency: operation.KeyNone, Errors: []int{http.StatusForbidden},
	}
	create, list, revoke := op, op, op
	create.Method, create.ID, create.Status, create.Summary = http.MethodPost, "create-api-key", http.StatusCreated, "Make an API key, as an owner"
	create.Description = "The key acts for the merchant, within its scopes, in the header Authorization: Bearer souk_.... It is shown this once. " +
		"The scope emails:send needs a merchant that is approved."
	list.Method, list.ID, list.Summary = http.MethodGet, "list-api-keys", "List the API keys, as an owner"
	revoke.Path += "/{key_id}"
	revoke.Method, revoke.ID, revoke.Summary, revoke.Revokes = http.MethodDelete, "revoke-api-key", "Revoke an API key, as an owner", true
	revoke.Description = "The key is refused from now on: here at once, at other gateways within five seconds."
	operation.Register(api, create, operation.On(h, (*Handlers).createKey))
	operation.Register(api, list, operation.On(h, (*Handlers).listKeys))
	operation.Register(api, revoke, operation.On(h, (*Handlers).revokeKey))
}

// APIKey is what may be known of an API key.
type APIKey struct {
	ID            string     `json:"id" example:"key_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Name          string     `json:"name" example:"till"`
	Hint          string     `json:"hint" example:"souk_1f0c" doc:"How the key begins"`
	Scopes        []string   `json:"scopes"`
	CreatedBy     string     `json:"created_by" example:"usr_01kan4v6e8fx2s1gq0vj5t3x7c"`
	MakerIsMember bool       `json:"maker_is_member" doc:"Whether whoever made the key is a member of the merchant, as of now. The key is good either way"`
	CreatedAt     time.Time  `json:"created_at"`
	ExpiresAt     *time.Time `json:"expires_at,omitempty" doc:"Left out when the key does not run out"`
	Endless       bool       `json:"endless" doc:"Whether the key does not run out, as those may that were made before every key had an end. Better make another and revoke it"`
	LastUsedAt    *time.Time `json:"last_used_at,omitempty" doc:"To the minute; left out when it was never used"`
}

func apiKey(k service.Key) APIKey {
	return APIKey{
		ID: k.GetId(), Name: k.GetName(), Hint: k.GetHint(), Scopes: k.GetScopes(), CreatedBy: k.GetCreatedBy(),
		MakerIsMember: k.MakerIsMember, Endless: k.GetExpiresAt() == nil,
		CreatedAt: k.GetCreatedAt().AsTime(), ExpiresAt: optionalTime(k.GetExpiresAt()), LastUsedAt: optionalTime(k.GetLastUsedAt()),
	}
}

func optionalTime(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	at := t.AsTime()
	return &at
}

type createKeyRequest struct {
	ID   string `path:"id"`
	Body struct {
		Name      string     `json:"name" minLength:"1" maxLength:"100" example:"till" doc:"What the key is for"`
		Scopes    []string   `json:"scopes" minItems:"1" maxItems:"20" enum:"catalog:read,catalog:write,orders:read,orders:write,payments:read,payments:refund,emails:send" doc:"What the key may be used for"`
		ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"When the key runs out, two years ahead at most; after a year, or what the shop has set, when left out"`
	}
}

type createKeyReply struct {
	CacheControl string `header:"Cache-Control"`
	Location     string `header:"Location"`
	Body         struct {
		Key string `json:"key" example:"souk_1f0c…" doc:"The key itself, shown this once"`
		APIKey
	}
}

func (h *Handlers) createKey(ctx context.Context, in *createKeyRequest) (*createKeyReply, error) {
	draft := service.KeyDraft{Name: in.Body.Name, Scopes: in.Body.Scopes, ExpiresAt: in.Body.ExpiresAt}
	info, key, err := h.service.CreateKey(ctx, in.ID, draft)
	if err != nil {
		return nil, err
	}
	out := &createKeyReply{CacheControl: "no-store", Location: "/v1/merchants/" + in.ID + "/api-keys/" + info.GetId()}
	out.Body.Key, out.Body.APIKey = key, apiKey(info)
	return out, nil
}

type keysReply struct {
	Body struct {
		Data []APIKey `json:"data" doc:"Those in force, the newest first; there are a hundred at most"`
	}
}

func (h *Handlers) listKeys(ctx context.Context, in *idRequest) (*keysReply, error) {
	found, err := h.service.Keys(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &keysReply{}
	out.Body.Data = make([]APIKey, len(found))
	for i, k := range found {
		out.Body.Data[i] = apiKey(k)
	}
	return out, nil
}

type keyRequest struct {
	ID    string `path:"id"`
	KeyID string `path:"key_id" example:"key_01kan4v6e8fx2s1gq0vj5t3x7c"`
}

func (h *Handlers) revokeKey(ctx context.Context, in *keyRequest) (*struct{}, error) {
	return nil, h.service.RevokeKey(ctx, in.ID, in.KeyID)
}
