package apikey

import (
	"context"
	"net/http"
	"time"

	"app/platform/operation"
)

// Handlers answer requests about API keys.
type Handlers struct{ keys *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

// Register declares what owners do with API keys, for the handlers that will lie at the
// address when the module is open. Idempotency keys are not for making one: a stored
// reply would keep the key.
func Register(api *operation.API, at **Handlers) {
	op := operation.Operation{
		Path: "/v1/merchants/{id}/api-keys", Access: operation.Member, Rate: operation.RateDefault, Tags: []string{"API keys"},
		Idempotency: operation.KeyNone, Errors: []int{http.StatusForbidden},
	}
	create, list, revoke := op, op, op

	create.Method, create.ID, create.Status = http.MethodPost, "create-api-key", http.StatusCreated
	create.Summary = "Make an API key, as an owner"
	create.Description = "The key acts for the merchant, within its scopes, in the header Authorization: Bearer souk_.... " +
		"It is shown this once. The scope emails:send needs a merchant that is approved."
	operation.Register(api, create, operation.On(at, (*Handlers).createKey))

	list.Method, list.ID, list.Summary = http.MethodGet, "list-api-keys", "List the API keys, as an owner"
	operation.Register(api, list, operation.On(at, (*Handlers).listKeys))

	revoke.Method, revoke.ID, revoke.Path, revoke.Revokes = http.MethodDelete, "revoke-api-key", op.Path+"/{key_id}", true
	revoke.Summary = "Revoke an API key, as an owner"
	revoke.Description = "The key is refused from now on: here at once, at other gateways within five seconds."
	operation.Register(api, revoke, operation.On(at, (*Handlers).revokeKey))
}

// APIKey is what may be known of an API key. The public document names its schema after
// the type.
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

func renderKey(k Key) APIKey {
	return APIKey{
		ID: k.ID, Name: k.Name, Hint: k.Hint, Scopes: k.Scopes, CreatedBy: k.CreatedBy, MakerIsMember: k.MakerIsMember,
		CreatedAt: k.CreatedAt, ExpiresAt: nilWhenZero(k.ExpiresAt), Endless: k.Endless(), LastUsedAt: nilWhenZero(k.LastUsedAt),
	}
}

func nilWhenZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
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
	info, key, err := h.keys.Create(ctx, in.ID, Draft{Name: in.Body.Name, Scopes: in.Body.Scopes, ExpiresAt: in.Body.ExpiresAt})
	if err != nil {
		return nil, err
	}
	out := &createKeyReply{CacheControl: "no-store", Location: "/v1/merchants/" + in.ID + "/api-keys/" + info.ID}
	out.Body.Key, out.Body.APIKey = key, renderKey(info)
	return out, nil
}

type keysRequest struct {
	ID string `path:"id"`
}

type keysReply struct {
	Body struct {
		Data []APIKey `json:"data" doc:"Those in force, the newest first; there are a hundred at most"`
	}
}

func (h *Handlers) listKeys(ctx context.Context, in *keysRequest) (*keysReply, error) {
	found, err := h.keys.List(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &keysReply{}
	out.Body.Data = make([]APIKey, len(found))
	for i, k := range found {
		out.Body.Data[i] = renderKey(k)
	}
	return out, nil
}

type keyRequest struct {
	ID    string `path:"id"`
	KeyID string `path:"key_id" example:"key_01kan4v6e8fx2s1gq0vj5t3x7c"`
}

func (h *Handlers) revokeKey(ctx context.Context, in *keyRequest) (*struct{}, error) {
	return nil, h.keys.Revoke(ctx, in.ID, in.KeyID)
}
