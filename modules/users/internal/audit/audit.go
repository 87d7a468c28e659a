// Package audit keeps the audit log: what matters to the safety of an account, refused
// attempts too, and never a secret.
package audit

import "time"

// Event names what happened, for whoever reads the audit log.
type Event string

// The events.
const (
	SignIn         Event = "sign_in"
	SecondFactor   Event = "second_factor" // of a sign-in
	SignOut        Event = "sign_out"
	StepUp         Event = "step_up"
	SessionEnded   Event = "session_ended" // otherwise than by signing out
	PasswordChange Event = "password_change"
	FactorChange   Event = "factor_change"
	Linking        Event = "linking" // of an identity at another provider
	Recovery       Event = "recovery"
	KeyCreated     Event = "api_key_created"
	KeyRevoked     Event = "api_key_revoked"
	AddressChange  Event = "address_change"
	AccountChange  Event = "account_change" // by an administrator: disabled, enabled, promoted
)

// Outcomes. A refusal has a reason's class for its outcome, never what was presented.
const (
	OutcomeOK      = "ok"
	OutcomePending = "second_factor_required"
	OutcomeRefused = "refused"
)

// Entry is a record to be written.
type Entry struct {
	AccountID string // empty where an attempt was made on an address without an account
	Event     Event
	Outcome   string // OutcomeOK, or why not in snake_case, at most 32 characters
	Detail    string // a word or two for the reader: a method, a provider, the name of a key. Never a secret.
	SessionID string // the caller's own when it is empty
}

// Record is one record of something that matters to an account's safety.
type Record struct {
	ID        string // aud_...
	AccountID string // empty where an attempt was made on an address without an account
	Event     string
	Outcome   string
	Detail    string // at most 100 characters
	SessionID string
	Network   string
	UserAgent string // at most 200 characters
	RequestID string
	CreatedAt time.Time
}
