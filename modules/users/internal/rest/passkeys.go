package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"app/modules/users/internal/factor"
	"app/modules/users/internal/signin"
	"app/platform/fault"
	"app/platform/ids"
	"app/platform/operation"
)

// passkeyBody bounds answers of browsers: an attestation may bring certificates along.
const passkeyBody = 64 << 10

func (h handlers) registerPasskeyRoutes(api *operation.API) {
	begin := operation.Operation{
		Method: http.MethodPost, Tags: factorTag, Access: operation.Optional, Lenient: true, Rate: operation.RateAuth, MaxBody: smallBody, Idempotency: operation.KeyNone,
		Errors:      []int{http.StatusUnauthorized, http.StatusConflict},
		Description: "Answers what navigator.credentials.get wants. For step_up one has to be signed in, for second_factor the ticket is needed.",
	}
	operation.Register(api, operationAt(begin, "/v1/auth/passkeys/begin", "begin-passkey", "Begin to show a passkey"), h.challengePasskey)
	finish := begin
	finish.MaxBody, finish.Revokes = passkeyBody, true
	finish.Description = "Ends what begin began for sign_in or second_factor. A passkey that signs in has checked its user and counts as two factors."
	operation.Register(api, operationAt(finish, "/v1/auth/passkeys/finish", "sign-in-with-passkey", "Sign in with a passkey"), h.finishPasskey)
	finish.Access, finish.Lenient, finish.Description = operation.User, false, "Ends what begin began for step_up: the session is fresh for ten minutes."
	operation.Register(api, operationAt(finish, "/v1/auth/step-up/passkey", "step-up-with-passkey", "Show again who one is with a passkey"), h.stepUpPasskey)

	own := finish
	own.MaxBody, own.Revokes, own.Errors = smallBody, false, []int{http.StatusForbidden, http.StatusConflict}
	own.Description = "Needs a fresh session. Answers what navigator.credentials.create wants."
	operation.Register(api, operationAt(own, "/v1/users/me/passkeys", "begin-new-passkey", "Begin to add a passkey"), h.beginPasskey)
	own.MaxBody, own.Revokes, own.Errors = passkeyBody, true, []int{http.StatusForbidden, http.StatusUnprocessableEntity}
	own.Description = "Needs a fresh session. The first factor comes with ten recovery codes, shown this once."
	operation.Register(api, operationAt(own, "/v1/users/me/passkeys/confirm", "add-passkey", "Add the passkey that the browser has made"), h.addPasskey)
	own.Method, own.Rate, own.Revokes, own.Errors = http.MethodDelete, operation.RateDefault, false, []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict}
	own.Description = "Needs a fresh session. The last way to sign in stays."
	operation.Register(api, operationAt(own, "/v1/users/me/passkeys/{id}", "remove-passkey", "Remove one of one's own passkeys"), h.removePasskey)
}

type challengeInput struct {
	Body struct {
		Purpose string `json:"purpose" enum:"sign_in,second_factor,step_up"`
		Ticket  string `json:"ticket,omitempty" doc:"For second_factor: what the first step of the sign-in answered"`
	}
}

// ChallengeOutput is a challenge for a browser.
type ChallengeOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Ceremony string         `json:"ceremony" example:"cer_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"Send it along with the answer; good once, for five minutes"`
		Options  map[string]any `json:"options" doc:"For navigator.credentials (WebAuthn, PublicKeyCredential.parseRequestOptionsFromJSON)"`
	}
}

func challengeOutputOf(c factor.Challenge, err error) (*ChallengeOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &ChallengeOutput{CacheControl: "no-store"}
	out.Body.Ceremony = c.Ceremony
	raw, err := json.Marshal(c.Options)
	if err == nil {
		err = json.Unmarshal(raw, &out.Body.Options)
	}
	if err != nil {
		return nil, fmt.Errorf("show challenge: %w", err)
	}
	return out, nil
}

func (h handlers) challengePasskey(ctx context.Context, in *challengeInput) (*ChallengeOutput, error) {
	return challengeOutputOf(h.users().SignIns.BeginPasskey(ctx, in.Body.Purpose, in.Body.Ticket))
}

type finishInput struct {
	Body struct {
		Ceremony   string         `json:"ceremony" doc:"What begin answered"`
		Ticket     string         `json:"ticket,omitempty" doc:"For second_factor"`
		Credential map[string]any `json:"credential" doc:"The browser's answer, PublicKeyCredential.toJSON()"`
		Session    bool           `json:"session,omitempty" doc:"Whether a cookie is to carry the session instead of tokens; a ticket has decided that already"`
	}
}

func (in *finishInput) shownPasskey() (signin.PasskeyAnswer, error) {
	raw, err := json.Marshal(in.Body.Credential)
	if err != nil {
		return signin.PasskeyAnswer{}, fmt.Errorf("read answer: %w", err)
	}
	return signin.PasskeyAnswer{Ceremony: in.Body.Ceremony, Ticket: in.Body.Ticket, Credential: raw, Transport: transportOf(in.Body.Session)}, nil
}

func (h handlers) finishPasskey(ctx context.Context, in *finishInput) (*SignedInOutput, error) {
	shown, err := in.shownPasskey()
	if err != nil {
		return nil, err
	}
	return signedIn(h.users().SignIns.FinishPasskey(ctx, shown))
}

func (h handlers) stepUpPasskey(ctx context.Context, in *finishInput) (*FreshOutput, error) {
	shown, err := in.shownPasskey()
	if err != nil {
		return nil, err
	}
	shown.StepUp = true
	return stepUpOutput(h.users().SignIns.FinishPasskey(ctx, shown))
}

func (h handlers) beginPasskey(ctx context.Context, _ *struct{}) (*ChallengeOutput, error) {
	return challengeOutputOf(h.users().Factors.BeginPasskey(ctx))
}

type addPasskeyInput struct {
	Body struct {
		Ceremony   string         `json:"ceremony" doc:"What beginning answered"`
		Name       string         `json:"name" example:"Ada's phone" doc:"1 to 100 characters"`
		Credential map[string]any `json:"credential" doc:"The browser's answer, PublicKeyCredential.toJSON()"`
	}
}

func (h handlers) addPasskey(ctx context.Context, in *addPasskeyInput) (*FactorAddedOutput, error) {
	raw, err := json.Marshal(in.Body.Credential)
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	return factorAddedOutputOf(h.users().Factors.AddPasskey(ctx, factor.NewPasskey{Ceremony: in.Body.Ceremony, Name: in.Body.Name, Credential: raw}))
}

type passkeyInput struct {
	ID string `path:"id" example:"psk_01kan4v6e8fx2s1gq0vj5t3x7c"`
}

func (h handlers) removePasskey(ctx context.Context, in *passkeyInput) (*struct{}, error) {
	if !ids.Valid("psk", in.ID) {
		return nil, fault.Missing("passkey")
	}
	return nil, h.users().Factors.RemovePasskey(ctx, in.ID)
}
