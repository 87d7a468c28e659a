// Package ceremony keeps the challenges of WebAuthn until they are answered: what each is
// for, whose it is, and what its answer is checked against.
package ceremony

import "time"

// What a passkey is asked for. A passkey that signs in has checked its user, by
// fingerprint or PIN, and so is two factors.
const (
	Register     = "register"
	SignIn       = "sign_in"
	SecondFactor = "second_factor"
	StepUp       = "step_up"
)

// Life is how long somebody may take over a passkey.
const Life = 5 * time.Minute

// Ceremony is one WebAuthn challenge.
type Ceremony struct {
	ID         string // cer_...
	Purpose    string // "register", "sign_in", "second_factor", "step_up"
	AccountID  string // empty where the passkey says whose it is
	TicketHash string
	SessionID  string
	Data       string // JSON, as the library keeps it
	CreatedAt  time.Time
	ExpiresAt  time.Time
}
