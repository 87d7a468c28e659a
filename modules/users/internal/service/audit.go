package service

import (
	"context"

	"app/modules/users/internal/store"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/identity"
	"app/platform/ids"
)

// AuditEvent names what happened, for whoever reads the audit log.
type AuditEvent string

// The events.
const (
	AuditSignIn         AuditEvent = "sign_in"
	AuditSecondFactor   AuditEvent = "second_factor" // of a sign-in
	AuditSignOut        AuditEvent = "sign_out"
	AuditStepUp         AuditEvent = "step_up"
	AuditSessionEnded   AuditEvent = "session_ended" // otherwise than by signing out
	AuditPasswordChange AuditEvent = "password_change"
	AuditFactorChange   AuditEvent = "factor_change"
	AuditLinking        AuditEvent = "linking" // of an identity at another provider
	AuditRecovery       AuditEvent = "recovery"
	AuditKeyCreated     AuditEvent = "api_key_created"
	AuditKeyRevoked     AuditEvent = "api_key_revoked"
	AuditAccountChange  AuditEvent = "account_change" // by an administrator: disabled, enabled, promoted
)

// Outcomes. A refusal has a reason's class for its outcome, never what was presented.
const (
	OutcomeOK      = "ok"
	OutcomePending = "second_factor_required"
	OutcomeRefused = "refused"
)

// AuditEntry is a record to be written.
type AuditEntry struct {
	AccountID string // empty where an attempt was made on an address without an account
	Event     AuditEvent
	Outcome   string // OutcomeOK, or why not in snake_case, at most 32 characters
	Detail    string // a word or two for the reader: a method, a provider, the name of a key. Never a secret.
	SessionID string // the caller's own when it is empty
}

// recordAudit writes an entry of the audit log, with the time, the client and the
// request that ctx knows, in the transaction of what it tells of. What is refused is
// recorded in a transaction that commits: it must not fail for the refusal.
func (s *Service) recordAudit(ctx context.Context, tx *database.Tx, e AuditEntry) error {
	now, client := s.now(), callctx.ClientOf(ctx)
	if e.SessionID == "" {
		e.SessionID = identity.FromContext(ctx).SessionID
	}
	return store.InsertAudit(ctx, tx, store.Audit{
		ID: ids.New("aud", now), AccountID: e.AccountID, Event: string(e.Event), Outcome: store.Fit(e.Outcome, 32), Detail: store.Fit(e.Detail, 100),
		SessionID: e.SessionID, Network: store.Fit(client.Network, 64), UserAgent: store.Fit(client.Agent, 200), RequestID: store.Fit(callctx.RequestID(ctx), 64),
		CreatedAt: now,
	})
}

// Audit reads the caller's own audit log, the newest record first, after the one with
// the id when it is not empty. Error: Unauthenticated.
func (s *Service) Audit(ctx context.Context, after string, limit int) ([]store.Audit, error) {
	caller := identity.FromContext(ctx)
	if caller.UserID == "" {
		return nil, errSignedOut()
	}
	return s.AuditOf(ctx, caller.UserID, after, limit)
}

// AuditOf reads the audit log of an account, for administrators; of the empty id, the
// attempts on addresses without an account.
func (s *Service) AuditOf(ctx context.Context, accountID, after string, limit int) (out []store.Audit, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		out, err = store.AuditOf(ctx, q, accountID, after, limit)
		return err
	})
	return out, err
}
