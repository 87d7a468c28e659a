package rest

import (
	"context"
	"net/http"
	"time"

	"app/modules/users/internal/account"
	"app/platform/identity"
	"app/platform/operation"
)

var usersTag = []string{"Users"}

func (h handlers) registerProfileRoutes(api *operation.API) {
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/users/me", ID: "get-me", Tags: usersTag,
		Access: operation.User, Rate: operation.RateDefault, Summary: "Read one's own account",
	}, h.getOwnAccount)
	operation.Register(api, operation.Operation{
		Method: http.MethodPatch, Path: "/v1/users/me", ID: "update-me", Tags: usersTag, MaxBody: smallBody,
		Access: operation.User, Rate: operation.RateDefault, Errors: []int{http.StatusConflict, http.StatusPreconditionFailed},
		Summary: "Change one's own names and the language of one's letters",
	}, h.updateOwnAccount)
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/users/auth", ID: "get-auth", Tags: usersTag,
		Access: operation.User, Rate: operation.RateDefault, Summary: "Tell how this call was authenticated, and as whom",
	}, h.describeAuth)
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/users/{id}/public", ID: "get-public-profile", Tags: usersTag,
		Access: operation.Public, Rate: operation.RateDefault, Errors: []int{http.StatusNotFound},
		Summary: "Read what anybody may know of a user",
	}, h.getPublicProfile)
}

func (h handlers) getOwnAccount(ctx context.Context, _ *struct{}) (*userOutput, error) {
	return taggedUserOutput(h.users().Accounts.Me(ctx))
}

type renameInput struct {
	operation.Conditional
	Body struct {
		FirstName  *string `json:"first_name,omitempty" doc:"1 to 100 characters"`
		MiddleName *string `json:"middle_name,omitempty" doc:"At most 100 characters"`
		LastName   *string `json:"last_name,omitempty" doc:"1 to 100 characters"`
		Locale     *string `json:"locale,omitempty" example:"de-AT" doc:"Language of letters, a BCP 47 tag; empty for the shop's own"`
	}
}

func (h handlers) updateOwnAccount(ctx context.Context, in *renameInput) (*userOutput, error) {
	names := account.Names{FirstName: in.Body.FirstName, MiddleName: in.Body.MiddleName, LastName: in.Body.LastName, Locale: in.Body.Locale}
	return taggedUserOutput(h.users().Accounts.Rename(ctx, names, in.Match))
}

type authOutput struct {
	Body struct {
		AuthMethod string `json:"auth_method" enum:"bearer,session,api_key"`
		User       user   `json:"user"`
	}
}

func (h handlers) describeAuth(ctx context.Context, _ *struct{}) (*authOutput, error) {
	u, err := h.users().Accounts.Me(ctx)
	if err != nil {
		return nil, err
	}
	out := &authOutput{}
	out.Body.AuthMethod, out.Body.User = string(identity.FromContext(ctx).Method), userOf(u)
	return out, nil
}

type publicInput struct {
	ID string `path:"id" example:"usr_01kan4v6e8fx2s1gq0vj5t3x7c"`
}

type publicOutput struct {
	Body publicProfile
}

// publicProfile is what anybody may know of a user.
type publicProfile struct {
	ID          string    `json:"id"`
	DisplayName string    `json:"display_name" example:"Ada L."`
	CreatedAt   time.Time `json:"created_at"`
}

func (h handlers) getPublicProfile(ctx context.Context, in *publicInput) (*publicOutput, error) {
	p, err := h.users().Accounts.PublicProfile(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &publicOutput{Body: publicProfile{p.ID, p.DisplayName, p.CreatedAt}}, nil
}
