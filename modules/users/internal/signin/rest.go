package signin

import (
	"context"
	"net/http"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/reply"
	"app/modules/users/internal/route"
	"app/platform/operation"
)

// Handlers answer the operations that sign somebody in.
type Handlers struct {
	SignIns *Service
	// Origin is the shop's, as page.OriginOf has it: forms come from there.
	Origin string
}

// Register declares the operations. at is where their handlers lie once the module is
// open.
func Register(api *operation.API, at *Handlers) {
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/auth/login", ID: "login", Tags: route.SignIn, Idempotency: operation.KeyNone,
		Revokes: true,
		Access:  operation.Public, Rate: operation.RateAuth, MaxBody: route.SmallBody, Also: []int{http.StatusAccepted}, Errors: []int{http.StatusUnauthorized},
		Summary: "Sign in with a password",
		Description: "Starts a session: an access token for the header Authorization, and a refresh token to get the next one with; with session: true a cookie " +
			"instead, which is new whatever the browser had before. 202 with a ticket when a second factor has to be shown first.",
	}, operation.On(at, Handlers.login))
	registerCodes(api, at)
	registerFactors(api, at)
	registerPasskeys(api, at)
	registerProviders(api, at)
	registerPages(api, at)
}

type loginInput struct {
	Body struct {
		Email    string `json:"email" example:"ada@example.com"`
		Password string `json:"password"`
		Session  bool   `json:"session,omitempty" doc:"Start a browser's session: the reply sets a cookie instead of telling tokens"`
	}
}

func (h Handlers) login(ctx context.Context, in *loginInput) (*reply.SignedInOutput, error) {
	return reply.SignedIn(h.SignIns.SignInWithPassword(ctx, Credentials{
		Email: in.Body.Email, Password: in.Body.Password, Transport: authn.TransportOf(in.Body.Session),
	}))
}

func registerCodes(api *operation.API, at *Handlers) {
	ask := operation.Operation{
		Method: http.MethodPost, Status: http.StatusAccepted, Tags: route.SignIn, Access: operation.Public, Rate: operation.RateAuth,
		MaxBody:     route.SmallBody,
		Description: "The reply is the same for every address. The code is good for ten minutes, five tries and one use, and for this request only.",
	}
	operation.Register(api, route.At(ask, "/v1/auth/code", "request-code", "Ask for a code to sign in without a password"),
		operation.On(at, Handlers.requestCode))
	use := operation.Operation{
		Method: http.MethodPost, Tags: route.SignIn, Access: operation.Public, Rate: operation.RateAuth, MaxBody: route.SmallBody,
		Idempotency: operation.KeyNone, // a stored reply would keep tokens alive, and a code is used once anyway
		Revokes:     true,
		Errors:      []int{http.StatusUnprocessableEntity},
		Description: "Starts a session, or asks for the second factor of an account that has one.",
	}
	operation.Register(api, route.At(use, "/v1/auth/code/verify", "sign-in-with-code", "Sign in with the code from the e-mail"),
		operation.On(at, Handlers.signInWithCode))
}

func (h Handlers) requestCode(ctx context.Context, in *code.AskInput) (*code.AskedOutput, error) {
	return code.Asked(h.SignIns.RequestCode(ctx, in.Body.Email))
}

type codeInput struct {
	Body struct {
		Request string `json:"request" example:"cod_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"What asking for the code answered"`
		Code    string `json:"code" example:"123456" doc:"Six digits"`
		Session bool   `json:"session,omitempty" doc:"Whether a cookie is to carry the session instead of tokens, as browsers need it"`
	}
}

func (h Handlers) signInWithCode(ctx context.Context, in *codeInput) (*reply.SignedInOutput, error) {
	sent := code.Proof{Request: in.Body.Request, Code: in.Body.Code}
	return reply.SignedIn(h.SignIns.SignInWithCode(ctx, sent, authn.TransportOf(in.Body.Session)))
}

func registerFactors(api *operation.API, at *Handlers) {
	show := operation.Operation{
		Method: http.MethodPost, Tags: route.SignIn, Access: operation.Public, Rate: operation.RateAuth, MaxBody: route.SmallBody, Idempotency: operation.KeyNone,
		Revokes:     true,
		Errors:      []int{http.StatusUnauthorized, http.StatusUnprocessableEntity, http.StatusTooManyRequests},
		Description: "Completes a sign-in that was answered with second_factor_required. A ticket is good for five minutes and five tries.",
	}
	operation.Register(api, route.At(show, "/v1/auth/second-factor", "complete-sign-in", "Show the second factor of a sign-in"),
		operation.On(at, Handlers.completeSignIn))
	show.Access, show.Errors = operation.User, append(show.Errors, http.StatusForbidden)
	show.Description = "Counts as a recent sign-in for ten minutes, which changes of the address, the password and the factors need. An account with a second factor has to show that one."
	operation.Register(api, route.At(show, "/v1/auth/step-up", "step-up", "Show again who one is"),
		operation.On(at, Handlers.stepUp))
}

type factorInput struct {
	Body struct {
		Ticket string `json:"ticket" doc:"What the first step of the sign-in answered"`
		Method string `json:"method" enum:"totp,recovery" doc:"One of the factors that were offered; for a passkey see /v1/auth/passkeys"`
		Code   string `json:"code" example:"123456" doc:"The authenticator app's six digits, or a recovery code"`
	}
}

func (h Handlers) completeSignIn(ctx context.Context, in *factorInput) (*reply.SignedInOutput, error) {
	shown := factor.Proof{Method: authn.Method(in.Body.Method), Code: in.Body.Code}
	return reply.SignedIn(h.SignIns.CompleteSignIn(ctx, in.Body.Ticket, shown))
}

type stepUpInput struct {
	Body struct {
		Method   string `json:"method" enum:"password,code,totp,recovery" doc:"What is shown; for a passkey see /v1/auth/passkeys"`
		Password string `json:"password,omitempty" doc:"For password"`
		Request  string `json:"request,omitempty" doc:"For code: what POST /v1/auth/code answered"`
		Code     string `json:"code,omitempty" doc:"For code, totp and recovery"`
	}
}

func (h Handlers) stepUp(ctx context.Context, in *stepUpInput) (*reply.FreshOutput, error) {
	b := in.Body
	return reply.Fresh(h.SignIns.StepUp(ctx, StepUpProof{
		Method: authn.Method(b.Method), Password: b.Password, Proof: code.Proof{Request: b.Request, Code: b.Code},
	}))
}
