package federation

import (
	"context"
	"net/http"
	"time"

	"app/modules/users/internal/page"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/route"
	"app/platform/ids"
	"app/platform/operation"
)

func registerIdentities(api *operation.API, at *Handlers) {
	operation.Register(api, ConfirmLinkOperation(), operation.On(at, Handlers.confirmLink))
	own := operation.Operation{Method: http.MethodGet, Tags: route.Users, Access: operation.User, Rate: operation.RateDefault}
	operation.Register(api, route.At(own, "/v1/users/me/identities", "list-identities", "List one's own identities at providers"),
		operation.On(at, Handlers.listIdentities))
	own.Method, own.Errors = http.MethodDelete, []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict}
	own.Description = "Needs a recent sign-in. The last way to sign in stays."
	operation.Register(api, route.At(own, "/v1/users/me/identities/{id}", "unlink-identity", "Unlink one of one's own identities"),
		operation.On(at, Handlers.unlinkIdentity))
}

// ConfirmLinkOperation is the one that confirms a link by a program.
func ConfirmLinkOperation() operation.Operation {
	return operation.Operation{
		Method: http.MethodPost, Path: "/v1/auth/links/confirm", ID: "confirm-link", Tags: route.SignIn,
		Access: operation.User, Rate: operation.RateAuth, Headers: boundToBrowser, MaxBody: route.SmallBody, Idempotency: operation.KeyNone,
		Errors:  []int{http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity},
		Summary: "Link the identity of a provider to one's own account",
		Description: "After a sign-in at a provider whose address has an account: sign in to that account by any way there was before, " +
			"then confirm. Needs a recent sign-in. The browser has the link in a cookie.",
	}
}

// Identity is an identity at a provider as its owner sees it.
type Identity struct {
	ID        string    `json:"id" example:"idn_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Provider  string    `json:"provider" example:"google"`
	Issuer    string    `json:"issuer" example:"https://accounts.google.com"`
	Email     string    `json:"email" doc:"As the provider said last"`
	CreatedAt time.Time `json:"created_at"`
	UsedAt    time.Time `json:"used_at"`
}

func renderIdentity(i LinkedIdentity) Identity {
	return Identity{i.ID, i.Provider, i.Issuer, i.Email, i.CreatedAt, i.UsedAt}
}

type linkInput struct {
	Cookie string `header:"Cookie" doc:"The browser's; it holds the link"`
	Body   *struct {
		Link string `json:"link,omitempty" doc:"For clients that keep no cookies"`
	}
}

type identityOutput struct {
	SetCookie string `header:"Set-Cookie"`
	Body      Identity
}

func (h Handlers) confirmLink(ctx context.Context, in *linkInput) (*identityOutput, error) {
	link := page.Cookie(&http.Request{Header: http.Header{"Cookie": {in.Cookie}}}, LinkCookie)
	if in.Body != nil && in.Body.Link != "" {
		link = in.Body.Link
	}
	i, _, err := h.Federation.ConfirmLink(ctx, link)
	if err != nil {
		return nil, err
	}
	return &identityOutput{SetCookie: SetCookie(LinkCookie, ""), Body: renderIdentity(i)}, nil
}

type identitiesOutput struct {
	Body operation.Page[Identity]
}

func (h Handlers) listIdentities(ctx context.Context, _ *struct{}) (*identitiesOutput, error) {
	linked, err := h.Federation.List(ctx)
	if err != nil {
		return nil, err
	}
	out := &identitiesOutput{Body: operation.Page[Identity]{Data: make([]Identity, len(linked))}}
	for n, i := range linked {
		out.Body.Data[n] = renderIdentity(i)
	}
	return out, nil
}

type identityInput struct {
	ID string `path:"id" example:"idn_01kan4v6e8fx2s1gq0vj5t3x7c"`
}

func (h Handlers) unlinkIdentity(ctx context.Context, in *identityInput) (*struct{}, error) {
	if !ids.Valid("idn", in.ID) {
		return nil, reason.IdentityNotFound.New()
	}
	return nil, h.Federation.Unlink(ctx, in.ID)
}
