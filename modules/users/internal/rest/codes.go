package rest

import (
	"context"
	"net/http"

	"app/modules/users/internal/code"
	"app/modules/users/internal/credential"
	"app/platform/operation"
)

func (h handlers) registerCodeRoutes(api *operation.API) {
	ask := operation.Operation{
		Method: http.MethodPost, Status: http.StatusAccepted, Tags: authTag, Access: operation.Public, Rate: operation.RateAuth, MaxBody: smallBody,
		Description: "The reply is the same for every address. The code is good for ten minutes, five tries and one use, and for this request only.",
	}
	operation.Register(api, operationAt(ask, "/v1/auth/code", "request-code", "Ask for a code to sign in without a password"), h.requestCode)
	operation.Register(api, operationAt(ask, "/v1/auth/password/forgot", "forgot-password", "Ask for a code to set a new password with"), h.requestPasswordReset)
	use := operation.Operation{
		Method: http.MethodPost, Tags: authTag, Access: operation.Public, Rate: operation.RateAuth, MaxBody: smallBody,
		Idempotency: operation.KeyNone, // a stored reply would keep tokens alive, and a code is used once anyway
		Revokes:     true,
		Errors:      []int{http.StatusUnprocessableEntity},
		Description: "Starts a session, or asks for the second factor of an account that has one.",
	}
	operation.Register(api, operationAt(use, "/v1/auth/code/verify", "sign-in-with-code", "Sign in with the code from the letter"), h.signInWithCode)
	use.Description = "Sets the password and signs the account out everywhere. It signs nobody in: a second factor is asked for at the next sign-in as before."
	operation.Register(api, operationAt(use, "/v1/auth/password/reset", "reset-password", "Set a new password with the code from the letter"), h.resetPassword)
}

// operationAt is the operation at a path of its own.
func operationAt(op operation.Operation, path, id, summary string) operation.Operation {
	op.Path, op.ID, op.Summary = path, id, summary
	return op
}

type askInput struct {
	Body struct {
		Email string `json:"email" example:"ada@example.com"`
	}
}

type askedOutput struct {
	Body struct {
		Status  string `json:"status" enum:"accepted"`
		Request string `json:"request" example:"cod_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"Send it along with the code: the code is good for this request only"`
	}
}

func codeRequestOutput(request string, err error) (*askedOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &askedOutput{}
	out.Body.Status, out.Body.Request = "accepted", request
	return out, nil
}

func (h handlers) requestCode(ctx context.Context, in *askInput) (*askedOutput, error) {
	return codeRequestOutput(h.users().SignIns.RequestCode(ctx, in.Body.Email))
}

func (h handlers) requestPasswordReset(ctx context.Context, in *askInput) (*askedOutput, error) {
	return codeRequestOutput(h.users().Credentials.RequestReset(ctx, in.Body.Email))
}

type codeInput struct {
	Body struct {
		Request string `json:"request" example:"cod_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"What asking for the code answered"`
		Code    string `json:"code" example:"123456" doc:"Six digits"`
		Session bool   `json:"session,omitempty" doc:"Whether a cookie is to carry the session instead of tokens, as browsers need it"`
	}
}

func (h handlers) signInWithCode(ctx context.Context, in *codeInput) (*SignedInOutput, error) {
	proof := code.Proof{Request: in.Body.Request, Code: in.Body.Code}
	return signedIn(h.users().SignIns.SignInWithCode(ctx, proof, transportOf(in.Body.Session)))
}

type resetInput struct {
	Body struct {
		Request  string `json:"request" example:"cod_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"What asking for the code answered"`
		Code     string `json:"code" example:"123456" doc:"Six digits"`
		Password string `json:"password" doc:"8 characters to 256 bytes, with upper and lower case, a digit and a special character; in some shops 12 characters of any kind instead; never a common one"`
		Confirm  string `json:"confirm_password" doc:"The same again"`
	}
}

func (h handlers) resetPassword(ctx context.Context, in *resetInput) (*struct{}, error) {
	b := in.Body
	return nil, h.users().Credentials.ResetPassword(ctx, credential.NewPassword{
		Proof: code.Proof{Request: b.Request, Code: b.Code}, Password: b.Password, Confirm: b.Confirm,
	})
}
