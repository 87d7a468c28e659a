package credential

import (
	"context"
	"net/http"

	"app/modules/users/internal/account"
	"app/modules/users/internal/code"
	"app/modules/users/internal/reply"
	"app/modules/users/internal/route"
	"app/platform/operation"
)

// Handlers answer the operations on addresses and passwords.
type Handlers struct{ Credentials *Service }

// Register declares the operations. at is where their handlers lie once the module is
// open.
func Register(api *operation.API, at *Handlers) {
	registerReset(api, at)
	op := operation.Operation{
		Method: http.MethodPost, Tags: route.Users, Access: operation.User, Rate: operation.RateAuth, MaxBody: route.SmallBody,
		Status: http.StatusAccepted, Errors: []int{http.StatusForbidden},
		Description: "Needs a recent sign-in. The code goes to the new address; the reply is the same when that has an account.",
	}
	operation.Register(api, route.At(op, "/v1/users/me/email", "change-address", "Ask for a code to change one's own address"),
		operation.On(at, Handlers.requestAddress))
	op.Status, op.Errors, op.Idempotency = http.StatusOK, []int{http.StatusUnprocessableEntity}, operation.KeyNone
	op.Description = "The old address gets an e-mail that says so."
	operation.Register(api, route.At(op, "/v1/users/me/email/verify", "verify-new-address", "Change one's own address with the code from the e-mail"),
		operation.On(at, Handlers.changeAddress))
	op.Errors, op.Revokes = []int{http.StatusForbidden, http.StatusUnprocessableEntity}, true
	op.Description = "Needs a recent sign-in, and signs the account out everywhere else."
	operation.Register(api, route.At(op, "/v1/users/me/password", "change-password", "Change one's own password"),
		operation.On(at, Handlers.changePassword))
}

func registerReset(api *operation.API, at *Handlers) {
	ask := operation.Operation{
		Method: http.MethodPost, Status: http.StatusAccepted, Tags: route.SignIn, Access: operation.Public, Rate: operation.RateAuth,
		MaxBody:     route.SmallBody,
		Description: "The reply is the same for every address. The code is good for ten minutes, five tries and one use, and for this request only.",
	}
	operation.Register(api, route.At(ask, "/v1/auth/password/forgot", "forgot-password", "Ask for a code to set a new password with"),
		operation.On(at, Handlers.requestPasswordReset))
	use := operation.Operation{
		Method: http.MethodPost, Tags: route.SignIn, Access: operation.Public, Rate: operation.RateAuth, MaxBody: route.SmallBody,
		Idempotency: operation.KeyNone, // a stored reply would keep tokens alive, and a code is used once anyway
		Revokes:     true,
		Errors:      []int{http.StatusUnprocessableEntity},
		Description: "Sets the password and signs the account out everywhere. It signs nobody in: a second factor is asked for at the next sign-in as before.",
	}
	operation.Register(api, route.At(use, "/v1/auth/password/reset", "reset-password", "Set a new password with the code from the e-mail"),
		operation.On(at, Handlers.resetPassword))
}

func (h Handlers) requestAddress(ctx context.Context, in *code.AskInput) (*code.AskedOutput, error) {
	return code.Asked(h.Credentials.RequestAddress(ctx, in.Body.Email))
}

type addressInput struct {
	Body struct {
		Request string `json:"request" example:"cod_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"What asking for the code answered"`
		Code    string `json:"code" example:"123456" doc:"Six digits"`
	}
}

func (h Handlers) changeAddress(ctx context.Context, in *addressInput) (*account.UserOutput, error) {
	return account.Tagged(h.Credentials.ChangeAddress(ctx, code.Proof{Request: in.Body.Request, Code: in.Body.Code}))
}

type passwordInput struct {
	Body struct {
		Current  string `json:"current_password,omitempty" doc:"Needed when the account has one"`
		Password string `json:"password" doc:"8 characters to 256 bytes, with upper and lower case, a digit and a special character; in some shops 12 characters of any kind instead; never a common one"`
		Confirm  string `json:"confirm_password" doc:"The same again"`
	}
}

func (h Handlers) changePassword(ctx context.Context, in *passwordInput) (*reply.FreshOutput, error) {
	return reply.Fresh(h.Credentials.ChangePassword(ctx, PasswordChange{
		Current: in.Body.Current, Password: in.Body.Password, Confirm: in.Body.Confirm,
	}))
}

func (h Handlers) requestPasswordReset(ctx context.Context, in *code.AskInput) (*code.AskedOutput, error) {
	return code.Asked(h.Credentials.RequestReset(ctx, in.Body.Email))
}

type resetInput struct {
	Body struct {
		Request  string `json:"request" example:"cod_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"What asking for the code answered"`
		Code     string `json:"code" example:"123456" doc:"Six digits"`
		Password string `json:"password" doc:"8 characters to 256 bytes, with upper and lower case, a digit and a special character; in some shops 12 characters of any kind instead; never a common one"`
		Confirm  string `json:"confirm_password" doc:"The same again"`
	}
}

func (h Handlers) resetPassword(ctx context.Context, in *resetInput) (*struct{}, error) {
	b := in.Body
	return nil, h.Credentials.ResetPassword(ctx, NewPassword{
		Proof: code.Proof{Request: b.Request, Code: b.Code}, Password: b.Password, Confirm: b.Confirm,
	})
}
