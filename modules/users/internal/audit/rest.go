package audit

import (
	"context"
	"net/http"
	"time"

	"app/modules/users/internal/route"
	"app/platform/operation"
)

// Handlers answer the operations on the audit log.
type Handlers struct{ Audits *Log }

// Register declares the operations. at is where their handlers lie once the module is
// open.
func Register(api *operation.API, at *Handlers) {
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/users/me/audit", ID: "list-audit", Tags: route.Users,
		Access: operation.User, Rate: operation.RateDefault,
		Summary:     "List what happened to one's own account",
		Description: "Sign-ins, refused ones too, and changes of what protects the account, the newest first.",
	}, operation.On(at, Handlers.listAudit))
}

// auditRecord is something that happened to an account, as its owner sees it. It has the
// name of its schema in the public document: clients are generated from it.
type auditRecord struct {
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

func renderRecord(a Record) auditRecord {
	return auditRecord{a.ID, a.Event, a.Outcome, a.Detail, a.SessionID, a.Network, a.UserAgent, a.RequestID, a.CreatedAt}
}

type auditOutput struct {
	Body operation.Page[auditRecord]
}

func (h Handlers) listAudit(ctx context.Context, in *operation.Paging) (*auditOutput, error) {
	after, err := route.After(in)
	if err != nil {
		return nil, err
	}
	found, err := h.Audits.Own(ctx, after, in.Want())
	if err != nil {
		return nil, err
	}
	rows := make([]auditRecord, len(found))
	for i, a := range found {
		rows[i] = renderRecord(a)
	}
	return &auditOutput{operation.NewPage(rows, in.Limit, func(a auditRecord) []string { return []string{a.ID} })}, nil
}
