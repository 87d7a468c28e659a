package session

import (
	"context"
	"strings"
	"time"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/route"
	"app/platform/operation"
)

// session is a sign-in as its user sees it, under the name of its schema.
type session struct {
	ID         string    `json:"id" example:"ses_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Kind       string    `json:"kind" enum:"browser,token"`
	Current    bool      `json:"current" doc:"Whether this call was made with it"`
	Device     string    `json:"device" doc:"What the browser or program called itself at sign-in"`
	Network    string    `json:"network" example:"203.0.113.0/24" doc:"The first part of the address that it was started from"`
	Methods    []string  `json:"methods" doc:"How the user showed who they are"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at" doc:"To the minute for a browser, to the last refresh for tokens"`
	ExpiresAt  time.Time `json:"expires_at" doc:"At the latest"`
}

func renderSession(s View) session {
	out := session{
		ID: s.ID, Kind: s.Transport, Current: s.Current, Device: s.UserAgent, Network: s.Network, Methods: strings.Fields(s.Methods),
		CreatedAt: s.CreatedAt, LastUsedAt: s.LastUsedAt, ExpiresAt: s.ExpiresAt,
	}
	if s.Transport == string(authn.Cookie) {
		out.Kind = "browser"
	}
	return out
}

type sessionsOutput struct {
	Body operation.Page[session]
}

func (h Handlers) listSessions(ctx context.Context, in *operation.Paging) (*sessionsOutput, error) {
	after, err := route.After(in)
	if err != nil {
		return nil, err
	}
	found, err := h.Sessions.List(ctx, after, in.Want())
	if err != nil {
		return nil, err
	}
	rows := make([]session, len(found))
	for i, s := range found {
		rows[i] = renderSession(s)
	}
	return &sessionsOutput{operation.NewPage(rows, in.Limit, func(s session) []string { return []string{s.ID} })}, nil
}

type sessionInput struct {
	ID string `path:"id" example:"ses_01kan4v6e8fx2s1gq0vj5t3x7c"`
}

func (h Handlers) endSession(ctx context.Context, in *sessionInput) (*struct{}, error) {
	return nil, h.Sessions.End(ctx, in.ID)
}

type endedOutput struct {
	Body struct {
		Ended int `json:"ended" doc:"How many sessions were ended"`
	}
}

func (h Handlers) endOtherSessions(ctx context.Context, _ *struct{}) (*endedOutput, error) {
	ended, err := h.Sessions.EndOthers(ctx)
	if err != nil {
		return nil, err
	}
	out := &endedOutput{}
	out.Body.Ended = ended
	return out, nil
}
