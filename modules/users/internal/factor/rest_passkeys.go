package factor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"app/modules/users/internal/reason"
	"app/modules/users/internal/route"
	"app/platform/ids"
	"app/platform/operation"
)

// PasskeyBody bounds answers of browsers: an attestation may bring certificates along.
const PasskeyBody = 64 << 10

func registerPasskeys(api *operation.API, at *Handlers) {
	own := operation.Operation{
		Method: http.MethodPost, Tags: route.Factors, Access: operation.User, Rate: operation.RateAuth,
		MaxBody: route.SmallBody, Idempotency: operation.KeyNone,
		Errors:      []int{http.StatusForbidden, http.StatusConflict},
		Description: "Needs a recent sign-in. Answers what navigator.credentials.create wants.",
	}
	operation.Register(api, route.At(own, "/v1/users/me/passkeys", "begin-new-passkey", "Begin to add a passkey"),
		operation.On(at, Handlers.beginPasskey))
	own.MaxBody, own.Revokes, own.Errors = PasskeyBody, true, []int{http.StatusForbidden, http.StatusUnprocessableEntity}
	own.Description = "Needs a recent sign-in. The first factor comes with ten recovery codes, shown this once."
	operation.Register(api, route.At(own, "/v1/users/me/passkeys/confirm", "add-passkey", "Add the passkey that the browser has made"),
		operation.On(at, Handlers.addPasskey))
	own.Method, own.Rate, own.Revokes, own.Errors = http.MethodDelete, operation.RateDefault, false, []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict}
	own.Description = "Needs a recent sign-in. The last way to sign in stays."
	operation.Register(api, route.At(own, "/v1/users/me/passkeys/{id}", "remove-passkey", "Remove one of one's own passkeys"),
		operation.On(at, Handlers.removePasskey))
}

// passkey is a passkey as its owner sees it. It has the name of its schema in the public
// document: clients are generated from it.
type passkey struct {
	ID        string     `json:"id" example:"psk_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Name      string     `json:"name"`
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    *time.Time `json:"used_at,omitempty"`
}

// ChallengeOutput is a challenge for a browser.
type ChallengeOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Ceremony string         `json:"ceremony" example:"cer_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"Send it along with the answer; good once, for five minutes"`
		Options  map[string]any `json:"options" doc:"For navigator.credentials (WebAuthn, PublicKeyCredential.parseRequestOptionsFromJSON)"`
	}
}

// RenderChallenge renders the beginning of any use of a passkey.
func RenderChallenge(c Challenge, err error) (*ChallengeOutput, error) {
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

func (h Handlers) beginPasskey(ctx context.Context, _ *struct{}) (*ChallengeOutput, error) {
	return RenderChallenge(h.Factors.BeginPasskey(ctx))
}

type addPasskeyInput struct {
	Body struct {
		Ceremony   string         `json:"ceremony" doc:"What beginning answered"`
		Name       string         `json:"name" example:"Ada's phone" doc:"1 to 100 characters"`
		Credential map[string]any `json:"credential" doc:"The browser's answer, PublicKeyCredential.toJSON()"`
	}
}

func (h Handlers) addPasskey(ctx context.Context, in *addPasskeyInput) (*factorAddedOutput, error) {
	raw, err := json.Marshal(in.Body.Credential)
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	return renderAdded(h.Factors.AddPasskey(ctx, NewPasskey{Ceremony: in.Body.Ceremony, Name: in.Body.Name, Credential: raw}))
}

type passkeyInput struct {
	ID string `path:"id" example:"psk_01kan4v6e8fx2s1gq0vj5t3x7c"`
}

func (h Handlers) removePasskey(ctx context.Context, in *passkeyInput) (*struct{}, error) {
	if !ids.Valid("psk", in.ID) {
		return nil, reason.PasskeyNotFound.New()
	}
	return nil, h.Factors.RemovePasskey(ctx, in.ID)
}
