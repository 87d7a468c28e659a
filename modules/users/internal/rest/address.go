package rest

import (
	"context"
	"net/http"

	"app/modules/users/internal/code"
	"app/modules/users/internal/credential"
	"app/platform/operation"
)

func (h handlers) registerAddressRoutes(api *operation.API) {
	op := operation.Operation{
		Method: http.MethodPost, Tags: usersTag, Access: operation.User, Rate: operation.RateAuth, MaxBody: smallBody,
		Status: http.StatusAccepted, Errors: []int{http.StatusForbidden},
		Description: "Needs a fresh session. The code goes to the new address; the reply is the same when that has an account.",
	}
	operation.Register(api, operationAt(op, "/v1/users/me/email", "change-address", "Ask for a code to change one's own address"), h.requestAddress)
	op.Status, op.Errors, op.Idempotency = http.StatusOK, []int{http.StatusUnprocessableEntity}, operation.KeyNone
	op.Description = "The old address gets a letter that says so."
	operation.Register(api, operationAt(op, "/v1/users/me/email/verify", "verify-new-address", "Change one's own address with the code from the letter"), h.changeAddress)
	op.Errors, op.Revokes = []int{http.StatusForbidden, http.StatusUnprocessableEntity}, true
	op.Description = "Needs a fresh session, and signs the account out everywhere else."
	operation.Register(api, operationAt(op, "/v1/users/me/password", "change-password", "Change one's own password"), h.changePassword)
}

func (h handlers) requestAddress(ctx context.Context, in *askInput) (*askedOutput, error) {
	return codeRequestOutput(h.users().Credentials.RequestAddress(ctx, in.Body.Email))
}

type addressInput struct {
	Body struct {
		Request string `json:"request" example:"cod_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"What asking for the code answered"`
		Code    string `json:"code" example:"123456" doc:"Six digits"`
	}
}

func (h handlers) changeAddress(ctx context.Context, in *addressInput) (*userOutput, error) {
	return taggedUserOutput(h.users().Credentials.ChangeAddress(ctx, code.Proof{Request: in.Body.Request, Code: in.Body.Code}))
}

type passwordInput struct {
	Body struct {
		Current  string `json:"current_password,omitempty" doc:"Needed when the account has one"`
		Password string `json:"password" doc:"8 characters to 256 bytes, with upper and lower case, a digit and a special character; in some shops 12 characters of any kind instead; never a common one"`
		Confirm  string `json:"confirm_password" doc:"The same again"`
	}
}

func (h handlers) changePassword(ctx context.Context, in *passwordInput) (*FreshOutput, error) {
	return stepUpOutput(h.users().Credentials.ChangePassword(ctx, credential.PasswordChange{Current: in.Body.Current, Password: in.Body.Password, Confirm: in.Body.Confirm}))
}
