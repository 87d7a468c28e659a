// Package registration turns people who register into accounts: a registration waits
// with its code until whoever has registered shows that the address is theirs.
package registration

import (
	"time"

	"app/modules/users/internal/code"
)

// Form is what somebody who wants an account sends.
type Form struct {
	Email, Password, Confirm        string
	FirstName, MiddleName, LastName string
}

// Code is one e-mail caused by one registration, and what was registered.
type Code struct {
	ID           string // cod_...
	EmailKey     string
	Purpose      code.Purpose
	Hash         string // empty for KnownAddress
	ExpiresAt    time.Time
	Email        string
	PasswordHash string // blanked when the code is spent
	FirstName    string
	MiddleName   string
	LastName     string
	CreatedAt    time.Time
	Locale       string
	Network      string // which the registration came from; empty: not known
	Share        code.Share
}
