package signin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/reply"
	"app/modules/users/internal/route"
	"app/platform/operation"
)

func registerPasskeys(api *operation.API, at *Handlers) {
	begin := operation.Operation{
		Method: http.MethodPost, Tags: route.Factors, Access: operation.Optional, Lenient: true, Rate: operation.RateAuth,
		MaxBody: route.SmallBody, Idempotency: operation.KeyNone,
		Errors:      []int{http.StatusUnauthorized, http.StatusConflict},
		Description: "Answers what navigator.credentials.get wants. For step_up one has to be signed in, for second_factor the ticket is needed.",
	}
	operation.Register(api, route.At(begin, "/v1/auth/passkeys/begin", "begin-passkey", "Begin to show a passkey"),
		operation.On(at, Handlers.beginPasskey))
	finish := begin
	finish.MaxBody, finish.Revokes = factor.PasskeyBody, true
	finish.Description = "Ends what begin began for sign_in or second_factor. A passkey that signs in has checked its user and counts as two factors."
	operation.Register(api, route.At(finish, "/v1/auth/passkeys/finish", "sign-in-with-passkey", "Sign in with a passkey"),
		operation.On(at, Handlers.finishPasskey))
	finish.Access, finish.Lenient, finish.Description = operation.User, false, "Ends what begin began for step_up, which counts as a recent sign-in for ten minutes."
	operation.Register(api, route.At(finish, "/v1/auth/step-up/passkey", "step-up-with-passkey", "Show again who one is with a passkey"),
		operation.On(at, Handlers.stepUpPasskey))
}

type challengeInput struct {
	Body struct {
		Purpose string `json:"purpose" enum:"sign_in,second_factor,step_up"`
		Ticket  string `json:"ticket,omitempty" doc:"For second_factor: what the first step of the sign-in answered"`
	}
}

func (h Handlers) beginPasskey(ctx context.Context, in *challengeInput) (*factor.ChallengeOutput, error) {
	return factor.RenderChallenge(h.SignIns.BeginPasskey(ctx, in.Body.Purpose, in.Body.Ticket))
}

type finishInput struct {
	Body struct {
		Ceremony   string         `json:"ceremony" doc:"What begin answered"`
		Ticket     string         `json:"ticket,omitempty" doc:"For second_factor"`
		Credential map[string]any `json:"credential" doc:"The browser's answer, PublicKeyCredential.toJSON()"`
		Session    bool           `json:"session,omitempty" doc:"Whether a cookie is to carry the session instead of tokens; a ticket has decided that already"`
	}
}

func (in *finishInput) answer() (PasskeyAnswer, error) {
	raw, err := json.Marshal(in.Body.Credential)
	if err != nil {
		return PasskeyAnswer{}, fmt.Errorf("read answer: %w", err)
	}
	return PasskeyAnswer{
		Ceremony: in.Body.Ceremony, Ticket: in.Body.Ticket, Credential: raw, Transport: authn.TransportOf(in.Body.Session),
	}, nil
}

func (h Handlers) finishPasskey(ctx context.Context, in *finishInput) (*reply.SignedInOutput, error) {
	shown, err := in.answer()
	if err != nil {
		return nil, err
	}
	return reply.SignedIn(h.SignIns.FinishPasskey(ctx, shown))
}

func (h Handlers) stepUpPasskey(ctx context.Context, in *finishInput) (*reply.FreshOutput, error) {
	shown, err := in.answer()
	if err != nil {
		return nil, err
	}
	shown.StepUp = true
	return reply.Fresh(h.SignIns.FinishPasskey(ctx, shown))
}
