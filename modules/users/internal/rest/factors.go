package rest

import (
	"context"
	"net/http"
	"time"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/platform/operation"
)

func (h handlers) registerFactorRoutes(api *operation.API) {
	show := operation.Operation{
		Method: http.MethodPost, Tags: authTag, Access: operation.Public, Rate: operation.RateAuth, MaxBody: smallBody, Idempotency: operation.KeyNone, Revokes: true,
		Errors:      []int{http.StatusUnauthorized, http.StatusUnprocessableEntity, http.StatusTooManyRequests},
		Description: "Completes a sign-in that was answered with second_factor_required. A ticket is good for five minutes and five tries.",
	}
	operation.Register(api, operationAt(show, "/v1/auth/second-factor", "complete-sign-in", "Show the second factor of a sign-in"), h.completeSignIn)
	show.Access, show.Errors = operation.User, append(show.Errors, http.StatusForbidden)
	show.Description = "Makes the session fresh for ten minutes, which changes of the address, the password and the factors need. An account with a second factor has to show that one."
	operation.Register(api, operationAt(show, "/v1/auth/step-up", "step-up", "Show again who one is"), h.stepUp)

	own := operation.Operation{
		Method: http.MethodGet, Tags: factorTag, Access: operation.User, Rate: operation.RateDefault, MaxBody: smallBody,
	}
	operation.Register(api, operationAt(own, "/v1/users/me/factors", "list-factors", "List one's own second factors"), h.listFactors)
	own.Revokes = true                                                                             // the cookie from before
	own.Method, own.Idempotency, own.Rate = http.MethodPost, operation.KeyNone, operation.RateAuth // what is shown once is not kept to be replayed
	own.Errors = []int{http.StatusForbidden, http.StatusConflict}
	own.Description = "Needs a fresh session. The secret is shown this once; the generator is no factor until its first code is confirmed."
	operation.Register(api, operationAt(own, "/v1/users/me/totp", "enrol-totp", "Begin to set up a generator of codes"), h.enrolTOTP)
	own.Errors = []int{http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusTooManyRequests}
	own.Description = "Needs a fresh session. The first factor comes with ten recovery codes, shown this once. Sessions elsewhere go on: see DELETE /v1/auth/sessions."
	operation.Register(api, operationAt(own, "/v1/users/me/totp/confirm", "confirm-totp", "Confirm the generator with its first code"), h.confirmTOTP)
	own.Errors, own.Description = []int{http.StatusForbidden, http.StatusConflict}, "Needs a fresh session. The codes are shown this once; those made before are void."
	operation.Register(api, operationAt(own, "/v1/users/me/recovery-codes", "make-recovery-codes", "Make new recovery codes"), h.recoveryCodes)
	own.Method, own.Rate, own.Errors = http.MethodDelete, operation.RateDefault, []int{http.StatusForbidden, http.StatusNotFound}
	own.Description = "Needs a fresh session. With the last factor the recovery codes go."
	operation.Register(api, operationAt(own, "/v1/users/me/totp", "remove-totp", "Remove the generator"), h.removeTOTP)
}

var factorTag = []string{"Second factors"}

type factorInput struct {
	Body struct {
		Ticket string `json:"ticket" doc:"What the first step of the sign-in answered"`
		Method string `json:"method" enum:"totp,recovery" doc:"One of the factors that were offered; for a passkey see /v1/auth/passkeys"`
		Code   string `json:"code" example:"123456" doc:"The generator's six digits, or a recovery code"`
	}
}

func (h handlers) completeSignIn(ctx context.Context, in *factorInput) (*SignedInOutput, error) {
	return signedIn(h.users().SignIns.CompleteSignIn(ctx, in.Body.Ticket, factor.Proof{Method: authn.Method(in.Body.Method), Code: in.Body.Code}))
}

type stepUpInput struct {
	Body struct {
		Method   string `json:"method" enum:"password,code,totp,recovery" doc:"What is shown; for a passkey see /v1/auth/passkeys"`
		Password string `json:"password,omitempty" doc:"For password"`
		Request  string `json:"request,omitempty" doc:"For code: what POST /v1/auth/code answered"`
		Code     string `json:"code,omitempty" doc:"For code, totp and recovery"`
	}
}

// FreshOutput is the answer when somebody who is signed in has shown it again. A
// browser's cookie is renewed with it.
type FreshOutput struct {
	CacheControl string `header:"Cache-Control"`
	SetCookie    string `header:"Set-Cookie"`
	Body         struct {
		Status    string `json:"status" enum:"fresh"`
		ExpiresIn int    `json:"expires_in" example:"600" doc:"For how many seconds the session counts as fresh"`
	}
}

func stepUpOutput(in session.SignedIn, err error) (*FreshOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &FreshOutput{CacheControl: "no-store", SetCookie: renewedCookie(in.Browser)}
	out.Body.Status, out.Body.ExpiresIn = "fresh", int(session.FreshFor.Seconds())
	return out, nil
}

// renewedCookie is the header for the cookie of a session whose privilege has changed,
// empty for a session of tokens.
func renewedCookie(c authn.BrowserCookie) string {
	if c.Token == "" {
		return ""
	}
	return sessionSetCookie(c.Token, c.Expires)
}

func (h handlers) stepUp(ctx context.Context, in *stepUpInput) (*FreshOutput, error) {
	b := in.Body
	return stepUpOutput(h.users().SignIns.StepUp(ctx, signin.StepUpProof{
		Method: authn.Method(b.Method), Password: b.Password, Proof: code.Proof{Request: b.Request, Code: b.Code},
	}))
}

// Passkey is a passkey as its owner sees it.
type Passkey struct {
	ID        string     `json:"id" example:"psk_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Name      string     `json:"name"`
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    *time.Time `json:"used_at,omitempty"`
}

type factorsOutput struct {
	Body struct {
		TOTP          *time.Time `json:"totp,omitempty" doc:"Since when there is a generator of codes"`
		Passkeys      []Passkey  `json:"passkeys"`
		RecoveryCodes int        `json:"recovery_codes" doc:"How many are left"`
	}
}

func (h handlers) listFactors(ctx context.Context, _ *struct{}) (*factorsOutput, error) {
	f, err := h.users().Factors.List(ctx)
	if err != nil {
		return nil, err
	}
	out := &factorsOutput{}
	out.Body.Passkeys, out.Body.RecoveryCodes = make([]Passkey, len(f.Passkeys)), f.Recovery
	if !f.TOTP.IsZero() {
		out.Body.TOTP = &f.TOTP
	}
	for i, p := range f.Passkeys {
		out.Body.Passkeys[i] = Passkey{ID: p.ID, Name: p.Name, CreatedAt: p.CreatedAt}
		if !p.UsedAt.IsZero() {
			out.Body.Passkeys[i].UsedAt = &p.UsedAt
		}
	}
	return out, nil
}

type enrolOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Secret string `json:"secret" doc:"Base 32, to be typed into an app"`
		URL    string `json:"otpauth_url" doc:"To be shown as a QR code"`
	}
}

func (h handlers) enrolTOTP(ctx context.Context, _ *struct{}) (*enrolOutput, error) {
	e, err := h.users().Factors.EnrolTOTP(ctx)
	if err != nil {
		return nil, err
	}
	out := &enrolOutput{CacheControl: "no-store"}
	out.Body.Secret, out.Body.URL = e.Secret, e.URL
	return out, nil
}

type confirmInput struct {
	Body struct {
		Code string `json:"code" example:"123456" doc:"Six digits"`
	}
}

// FactorAddedOutput is the answer when a factor has been added.
type FactorAddedOutput struct {
	CacheControl string `header:"Cache-Control"`
	SetCookie    string `header:"Set-Cookie"`
	Body         struct {
		Status        string   `json:"status" enum:"added"`
		RecoveryCodes []string `json:"recovery_codes" doc:"Ten codes with the first factor, none with others. Each stands in for a lost factor once."`
	}
}

func factorAddedOutputOf(in factor.Added, err error) (*FactorAddedOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &FactorAddedOutput{CacheControl: "no-store", SetCookie: renewedCookie(in.Browser)}
	out.Body.Status, out.Body.RecoveryCodes = "added", append([]string{}, in.Recovery...)
	return out, nil
}

func (h handlers) confirmTOTP(ctx context.Context, in *confirmInput) (*FactorAddedOutput, error) {
	return factorAddedOutputOf(h.users().Factors.ConfirmTOTP(ctx, in.Body.Code))
}

func (h handlers) removeTOTP(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, h.users().Factors.RemoveTOTP(ctx)
}

type recoveryOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		RecoveryCodes []string `json:"recovery_codes"`
	}
}

func (h handlers) recoveryCodes(ctx context.Context, _ *struct{}) (*recoveryOutput, error) {
	codes, err := h.users().Factors.NewRecoveryCodes(ctx)
	if err != nil {
		return nil, err
	}
	out := &recoveryOutput{CacheControl: "no-store"}
	out.Body.RecoveryCodes = codes
	return out, nil
}
