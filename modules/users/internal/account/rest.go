package account

import (
	"context"
	"net/http"
	"time"

	"app/modules/users/internal/route"
	"app/platform/identity"
	"app/platform/operation"
)

// Handlers answer the operations on one's own account.
type Handlers struct{ Accounts *Service }

// Register declares the operations. at is where their handlers lie once the module is
// open.
func Register(api *operation.API, at *Handlers) {
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/users/me", ID: "get-me", Tags: route.Users,
		Access: operation.User, Rate: operation.RateDefault, Summary: "Read one's own account",
	}, operation.On(at, Handlers.getOwnAccount))
	operation.Register(api, operation.Operation{
		Method: http.MethodPatch, Path: "/v1/users/me", ID: "update-me", Tags: route.Users, MaxBody: route.SmallBody,
		Access: operation.User, Rate: operation.RateDefault, Errors: []int{http.StatusConflict, http.StatusPreconditionFailed},
		Summary: "Change one's own names and the language of one's e-mails",
	}, operation.On(at, Handlers.updateOwnAccount))
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/users/auth", ID: "get-auth", Tags: route.Users,
		Access: operation.User, Rate: operation.RateDefault, Summary: "Tell how this call was authenticated, and as whom",
	}, operation.On(at, Handlers.describeAuth))
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/users/{id}/public", ID: "get-public-profile", Tags: route.Users,
		Access: operation.Public, Rate: operation.RateDefault, Errors: []int{http.StatusNotFound},
		Summary: "Read what anybody may know of a user",
	}, operation.On(at, Handlers.getPublicProfile))
}

// user is an account as its owner sees it. It has the name of its schema in the public
// document: clients are generated from it.
type user struct {
	ID         string    `json:"id" example:"usr_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Email      string    `json:"email" example:"ada@example.com"`
	FirstName  string    `json:"first_name"`
	MiddleName string    `json:"middle_name"`
	LastName   string    `json:"last_name"`
	Admin      bool      `json:"admin" doc:"Whether the user is an administrator of the shop"`
	CreatedAt  time.Time `json:"created_at"`
	Locale     string    `json:"locale" example:"de-AT" doc:"Language of e-mails, a BCP 47 tag; empty for the shop's own"`
}

func renderUser(u User) user {
	return user{u.ID, u.Email, u.FirstName, u.MiddleName, u.LastName, u.Admin, u.CreatedAt, u.Locale}
}

// UserOutput is an account with its version.
type UserOutput struct {
	operation.Tagged
	Body user
}

// Tagged renders an account, or the error.
func Tagged(u User, err error) (*UserOutput, error) {
	if err != nil {
		return nil, err
	}
	return &UserOutput{Tagged: operation.Tagged{ETag: operation.ETag(u.Version)}, Body: renderUser(u)}, nil
}

func (h Handlers) getOwnAccount(ctx context.Context, _ *struct{}) (*UserOutput, error) {
	return Tagged(h.Accounts.Me(ctx))
}

type renameInput struct {
	operation.Conditional
	Body struct {
		FirstName  *string `json:"first_name,omitempty" doc:"1 to 100 characters"`
		MiddleName *string `json:"middle_name,omitempty" doc:"At most 100 characters"`
		LastName   *string `json:"last_name,omitempty" doc:"1 to 100 characters"`
		Locale     *string `json:"locale,omitempty" example:"de-AT" doc:"Language of e-mails, a BCP 47 tag; empty for the shop's own"`
	}
}

func (h Handlers) updateOwnAccount(ctx context.Context, in *renameInput) (*UserOutput, error) {
	names := Names{FirstName: in.Body.FirstName, MiddleName: in.Body.MiddleName, LastName: in.Body.LastName, Locale: in.Body.Locale}
	return Tagged(h.Accounts.Rename(ctx, names, in.Match))
}

type authOutput struct {
	Body struct {
		AuthMethod string `json:"auth_method" enum:"bearer,session,api_key"`
		User       user   `json:"user"`
	}
}

func (h Handlers) describeAuth(ctx context.Context, _ *struct{}) (*authOutput, error) {
	u, err := h.Accounts.Me(ctx)
	if err != nil {
		return nil, err
	}
	out := &authOutput{}
	out.Body.AuthMethod, out.Body.User = string(identity.FromContext(ctx).Method), renderUser(u)
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

func (h Handlers) getPublicProfile(ctx context.Context, in *publicInput) (*publicOutput, error) {
	p, err := h.Accounts.PublicProfile(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &publicOutput{Body: publicProfile(p)}, nil
}
