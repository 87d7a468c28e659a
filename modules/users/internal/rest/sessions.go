package rest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/session"
	"app/platform/operation"
)

func (h handlers) registerSessionRoutes(api *operation.API) {
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/auth/sessions", ID: "list-sessions", Tags: authTag,
		Access: operation.User, Rate: operation.RateDefault,
		Summary: "List one's own sessions", Description: "Those that have not ended, the newest first.",
	}, h.listSessions)
	operation.Register(api, operation.Operation{
		Method: http.MethodDelete, Path: "/v1/auth/sessions/{id}", ID: "end-session", Tags: authTag,
		Access: operation.User, Rate: operation.RateDefault, Revokes: true, Errors: []int{http.StatusForbidden, http.StatusNotFound},
		Summary: "End one of one's own sessions", Description: "Any but the one that the call is made with needs a fresh session. Its tokens and its cookie are refused from now on: here at once, at other gateways within five seconds.",
	}, h.endSession)
	operation.Register(api, operation.Operation{
		Method: http.MethodDelete, Path: "/v1/auth/sessions", ID: "end-other-sessions", Tags: authTag,
		Access: operation.User, Rate: operation.RateDefault, Revokes: true, Errors: []int{http.StatusForbidden},
		Summary: "End all of one's own sessions but this", Description: "Needs a fresh session. Everywhere else is signed out; the session that the call is made with goes on. To end that one, too, sign out afterwards.",
	}, h.endOtherSessions)
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/users/me/audit", ID: "list-audit", Tags: usersTag,
		Access: operation.User, Rate: operation.RateDefault,
		Summary: "List what happened to one's own account", Description: "Sign-ins, refused ones too, and changes of what protects the account, the newest first.",
	}, h.listAudit)
}

// Session is a sign-in as its user sees it.
type Session struct {
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

func sessionOf(s session.View) Session {
	out := Session{
		ID: s.ID, Kind: s.Transport, Current: s.Current, Device: s.UserAgent, Network: s.Network, Methods: strings.Fields(s.Methods),
		CreatedAt: s.CreatedAt, LastUsedAt: s.LastUsedAt, ExpiresAt: s.ExpiresAt,
	}
	if s.Transport == string(authn.Cookie) {
		out.Kind = "browser"
	}
	return out
}

type sessionsOutput struct {
	Body operation.Page[Session]
}

func (h handlers) listSessions(ctx context.Context, in *operation.Paging) (*sessionsOutput, error) {
	after, err := cursorAfter(in)
	if err != nil {
		return nil, err
	}
	found, err := h.users().Sessions.List(ctx, after, in.Want())
	if err != nil {
		return nil, err
	}
	rows := make([]Session, len(found))
	for i, s := range found {
		rows[i] = sessionOf(s)
	}
	return &sessionsOutput{operation.NewPage(rows, in.Limit, func(s Session) []string { return []string{s.ID} })}, nil
}

// cursorAfter is the id that a list goes on from, empty for its beginning.
func cursorAfter(in *operation.Paging) (string, error) {
	cursor, err := operation.DecodeCursor(in.After, 1)
	if err != nil || len(cursor) == 0 {
		return "", err
	}
	return cursor[0], nil
}

type sessionInput struct {
	ID string `path:"id" example:"ses_01kan4v6e8fx2s1gq0vj5t3x7c"`
}

func (h handlers) endSession(ctx context.Context, in *sessionInput) (*struct{}, error) {
	return nil, h.users().Sessions.End(ctx, in.ID)
}

type endedOutput struct {
	Body struct {
		Ended int `json:"ended" doc:"How many sessions were ended"`
	}
}

func (h handlers) endOtherSessions(ctx context.Context, _ *struct{}) (*endedOutput, error) {
	ended, err := h.users().Sessions.EndOthers(ctx)
	if err != nil {
		return nil, err
	}
	out := &endedOutput{}
	out.Body.Ended = ended
	return out, nil
}

// AuditRecord is something that happened to an account.
type AuditRecord struct {
	ID        string    `json:"id" example:"aud_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Event     string    `json:"event" example:"sign_in"`
	Outcome   string    `json:"outcome" example:"ok" doc:"ok, or why not"`
	Detail    string    `json:"detail" example:"password"`
	SessionID string    `json:"session_id,omitempty"`
	Network   string    `json:"network" example:"203.0.113.0/24"`
	Device    string    `json:"device"`
	RequestID string    `json:"request_id"`
	CreatedAt time.Time `json:"created_at"`
}

func auditOf(a audit.Record) AuditRecord {
	return AuditRecord{a.ID, a.Event, a.Outcome, a.Detail, a.SessionID, a.Network, a.UserAgent, a.RequestID, a.CreatedAt}
}

type auditOutput struct {
	Body operation.Page[AuditRecord]
}

func (h handlers) listAudit(ctx context.Context, in *operation.Paging) (*auditOutput, error) {
	after, err := cursorAfter(in)
	if err != nil {
		return nil, err
	}
	found, err := h.users().Audits.Own(ctx, after, in.Want())
	if err != nil {
		return nil, err
	}
	rows := make([]AuditRecord, len(found))
	for i, a := range found {
		rows[i] = auditOf(a)
	}
	return &auditOutput{operation.NewPage(rows, in.Limit, func(a AuditRecord) []string { return []string{a.ID} })}, nil
}
