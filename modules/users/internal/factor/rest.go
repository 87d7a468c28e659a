package factor

import (
	"context"
	"net/http"
	"time"

	"app/modules/users/internal/route"
	"app/platform/operation"
)

// Handlers answer the operations on one's own second factors.
type Handlers struct{ Factors *Service }

// Register declares the operations. at is where their handlers lie once the module is
// open.
func Register(api *operation.API, at *Handlers) {
	registerPasskeys(api, at)
	own := operation.Operation{
		Method: http.MethodGet, Tags: route.Factors, Access: operation.User, Rate: operation.RateDefault, MaxBody: route.SmallBody,
	}
	operation.Register(api, route.At(own, "/v1/users/me/factors", "list-factors", "List one's own second factors"),
		operation.On(at, Handlers.listFactors))
	own.Revokes = true                                                                             // the cookie from before
	own.Method, own.Idempotency, own.Rate = http.MethodPost, operation.KeyNone, operation.RateAuth // what is shown once is not kept to be replayed
	own.Errors = []int{http.StatusForbidden, http.StatusConflict}
	own.Description = "Needs a recent sign-in. The secret is shown this once; the authenticator app is no factor until its first code is confirmed."
	operation.Register(api, route.At(own, "/v1/users/me/totp", "enrol-totp", "Begin to set up an authenticator app"),
		operation.On(at, Handlers.enrolTOTP))
	own.Errors = []int{http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusTooManyRequests}
	own.Description = "Needs a recent sign-in. The first factor comes with ten recovery codes, shown this once. Sessions elsewhere go on: see DELETE /v1/auth/sessions."
	operation.Register(api, route.At(own, "/v1/users/me/totp/confirm", "confirm-totp", "Confirm the authenticator app with its first code"),
		operation.On(at, Handlers.confirmTOTP))
	own.Errors, own.Description = []int{http.StatusForbidden, http.StatusConflict}, "Needs a recent sign-in. The codes are shown this once; those made before are void."
	operation.Register(api, route.At(own, "/v1/users/me/recovery-codes", "make-recovery-codes", "Make new recovery codes"),
		operation.On(at, Handlers.recoveryCodes))
	own.Method, own.Rate, own.Errors = http.MethodDelete, operation.RateDefault, []int{http.StatusForbidden, http.StatusNotFound}
	own.Description = "Needs a recent sign-in. With the last factor the recovery codes go."
	operation.Register(api, route.At(own, "/v1/users/me/totp", "remove-totp", "Remove the authenticator app"),
		operation.On(at, Handlers.removeTOTP))
}

type factorsOutput struct {
	Body struct {
		TOTP          *time.Time `json:"totp,omitempty" doc:"Since when there is an authenticator app"`
		Passkeys      []passkey  `json:"passkeys"`
		RecoveryCodes int        `json:"recovery_codes" doc:"How many are left"`
	}
}

func (h Handlers) listFactors(ctx context.Context, _ *struct{}) (*factorsOutput, error) {
	f, err := h.Factors.List(ctx)
	if err != nil {
		return nil, err
	}
	out := &factorsOutput{}
	out.Body.Passkeys, out.Body.RecoveryCodes = make([]passkey, len(f.Passkeys)), f.Recovery
	if !f.TOTP.IsZero() {
		out.Body.TOTP = &f.TOTP
	}
	for i, p := range f.Passkeys {
		out.Body.Passkeys[i] = passkey{ID: p.ID, Name: p.Name, CreatedAt: p.CreatedAt}
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

func (h Handlers) enrolTOTP(ctx context.Context, _ *struct{}) (*enrolOutput, error) {
	e, err := h.Factors.EnrolTOTP(ctx)
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

// factorAddedOutput is the answer when a factor has been added.
type factorAddedOutput struct {
	CacheControl string `header:"Cache-Control"`
	SetCookie    string `header:"Set-Cookie"`
	Body         struct {
		Status        string   `json:"status" enum:"added"`
		RecoveryCodes []string `json:"recovery_codes" doc:"Ten codes with the first factor, none with others. Each stands in for a lost factor once."`
	}
}

func renderAdded(in Added, err error) (*factorAddedOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &factorAddedOutput{CacheControl: "no-store", SetCookie: in.Browser.Header()}
	out.Body.Status, out.Body.RecoveryCodes = "added", append([]string{}, in.Recovery...)
	return out, nil
}

func (h Handlers) confirmTOTP(ctx context.Context, in *confirmInput) (*factorAddedOutput, error) {
	return renderAdded(h.Factors.ConfirmTOTP(ctx, in.Body.Code))
}

func (h Handlers) removeTOTP(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, h.Factors.RemoveTOTP(ctx)
}

type recoveryOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		RecoveryCodes []string `json:"recovery_codes"`
	}
}

func (h Handlers) recoveryCodes(ctx context.Context, _ *struct{}) (*recoveryOutput, error) {
	codes, err := h.Factors.NewRecoveryCodes(ctx)
	if err != nil {
		return nil, err
	}
	out := &recoveryOutput{CacheControl: "no-store"}
	out.Body.RecoveryCodes = codes
	return out, nil
}
