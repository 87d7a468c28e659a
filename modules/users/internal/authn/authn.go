// Package authn holds the words that the subjects of users share: the ways of showing
// who one is, how much each proves, what carries a session, and the refusals that are
// the same wherever they come from. It knows no database.
package authn

// Caller is who makes a request, and the session that it is made with.
type Caller struct{ AccountID, SessionID string }

// Method is a way of showing who one is.
type Method string

// The methods. The first group begins a sign-in, the second completes one that needs a
// second factor; a passkey may do either.
const (
	ByPassword Method = "password"
	ByCode     Method = "code"     // one-time, sent to the address
	ByProvider Method = "provider" // OpenID Connect

	ByTOTP     Method = "totp"
	ByRecovery Method = "recovery" // a recovery code, in place of a lost factor
	ByPasskey  Method = "passkey"
)

// Level is an authenticator assurance level of NIST SP 800-63B.
type Level int

// The levels.
const (
	AAL1 Level = 1 // one factor
	AAL2 Level = 2 // two different ones, or one that is two, such as a passkey that asks for a fingerprint
)

// Transport is how a session is carried.
type Transport string

// The transports.
const (
	Bearer Transport = "token"  // an access token, renewed with a refresh token
	Cookie Transport = "cookie" // a browser's session
)

// TransportOf is how a session is to be carried, for a browser or for anybody else.
func TransportOf(browser bool) Transport {
	if browser {
		return Cookie
	}
	return Bearer
}
