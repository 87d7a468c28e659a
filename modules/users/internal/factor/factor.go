package factor

import (
	"time"

	"app/modules/users/internal/authn"
)

// Overview are the second factors of an account, as its owner sees them.
type Overview struct {
	TOTP     time.Time // since when; zero: none
	Passkeys []Passkey
	Recovery int // codes left
}

// Proof is a second factor that is shown: a code of the authenticator app or a recovery code.
type Proof struct {
	Method authn.Method // ByTOTP or ByRecovery
	Code   string
}

// Added is what adding a factor comes to: the session counts as recent, and there
// are recovery codes when it was the first factor.
type Added struct {
	Browser  authn.BrowserCookie // new, for a session that a browser carries
	Recovery []string
}

// TOTP is an account's authenticator app: a source of time-based codes.
type TOTP struct {
	AccountID   string
	Secret      string // sealed
	CreatedAt   time.Time
	ConfirmedAt time.Time // zero: not a factor yet
	LastStep    int64     // the newest time step whose code was accepted
	Tries       int       // refused in a row
	TriedAt     time.Time // the last of them
}

// Passkey is one WebAuthn credential of an account.
type Passkey struct {
	ID         string // psk_...
	AccountID  string
	KeyHash    string // of the credential's id
	Name       string
	Credential string // JSON, as the library keeps it
	SignCount  int64
	CreatedAt  time.Time
	UsedAt     time.Time // zero: never
}
