// Package pending keeps sign-ins that wait for a second factor.
package pending

import "time"

// Life is how long a sign-in waits for its second factor.
const Life = 5 * time.Minute

// SignIn is a sign-in that waits for its second factor.
type SignIn struct {
	TicketHash string
	AccountID  string
	Methods    string // what has been shown already, with spaces between
	Transport  string // "token" or "cookie"
	CreatedAt  time.Time
	ExpiresAt  time.Time
}
