// Package code sends one-time codes to addresses, bounds how many e-mails one address
// gets, and judges the codes that come back.
package code

import "time"

// Purpose says what a row of codes is for.
type Purpose string

// The purposes.
const (
	// VerifyAddress is a code with the registration that it makes true.
	VerifyAddress Purpose = "verify_address"
	// KnownAddress records that the owner of an account was told of a registration; it
	// has no code.
	KnownAddress Purpose = "known_address"
	// SignIn and ResetPassword are codes that are asked for with an address alone.
	SignIn        Purpose = "sign_in"
	ResetPassword Purpose = "reset_password"
	// ChangeAddress is a code sent to the new address of an account.
	ChangeAddress Purpose = "change_address"
)

// Request is one request for a one-time code.
type Request struct {
	ID        string // cod_...
	EmailKey  string // what was asked for, in lower case
	Purpose   Purpose
	Network   string // which it was made from; empty: not known
	Share     Share
	AccountID string // empty: nobody gets this code
	Email     string // where the e-mail goes
	Hash      string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Proof is a code that was asked for and the request that it was sent for.
type Proof struct{ Request, Code string }

// Share is the part of an address's e-mails that one of them was taken from. What uses
// one up leaves the others.
type Share string

// The shares.
const (
	ShareOwn   Share = "own"   // of a network that the account has signed in from
	ShareKnown Share = "known" // the first of a place in a day, from a network that somebody has signed in from
	ShareFirst Share = "first" // the first of a place in a day, from any other network
	ShareMore  Share = "more"  // all others; rows of before there were shares have an empty one and count here
)

// Letter is one e-mail that was sent because somebody asked for it.
type Letter struct {
	Network   string // which it was asked for from; empty: not known
	Share     Share
	CreatedAt time.Time
}

// Limits are the life of a code, and the bounds of the e-mails that one address gets
// because somebody asks for them: see shareOf.
type Limits struct {
	CodeLife                          time.Duration
	LettersPerHour, LettersPerNetwork int
}
