// Package federation knows the providers of OpenID Connect where people may sign in
// besides here, and the identities there that are linked to accounts.
package federation

import "time"

// stateLife is how long a browser may take at a provider.
const stateLife = 10 * time.Minute

// What a browser goes to a provider for.
const (
	ToSignIn = "sign_in"
	ToLink   = "link"    // the identity to the account that is signed in
	ToProve  = "step_up" // again who the signed-in user is
)

// LinkedIdentity is somebody at a provider who signs in to an account.
type LinkedIdentity struct {
	ID              string // idn_...
	AccountID       string
	Provider        string // its name in the configuration, when it was linked
	Issuer, Subject string // who it is; unique
	Email           string // as the provider said last
	CreatedAt       time.Time
	UsedAt          time.Time
}

// State is a browser on its way to a provider and back.
type State struct {
	Hash      string // of the state
	Provider  string
	Purpose   string // "sign_in", "link", "step_up"
	Browser   string // hash of the cookie that it must bring along
	SessionID string
	ReturnTo  string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Link is an identity that waits for the owner of its address's account.
type Link struct {
	Hash            string // of the token
	AccountID       string
	Provider        string
	Issuer, Subject string
	Email           string
	ReturnTo        string
	CreatedAt       time.Time
	ExpiresAt       time.Time
}
