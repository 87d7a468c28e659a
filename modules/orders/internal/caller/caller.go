// Package caller knows who uses a cart or an order: somebody signed in, a guest with
// the token of a cart, or both.
package caller

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"

	"app/platform/identity"
)

// Caller is who sent a request.
type Caller struct {
	Principal identity.Principal
	// TokenHash is HashToken of the token that was sent, empty without one.
	TokenHash string
}

// New is the caller of a request: its principal, and the token it sent, which may be
// empty.
func New(ctx context.Context, cartToken string) Caller {
	c := Caller{Principal: identity.FromContext(ctx)}
	if cartToken != "" {
		c.TokenHash = HashToken(cartToken)
	}
	return c
}

// Owns reports whether a cart or an order is the caller's. Exactly one of buyerID and
// tokenHash is set.
func (c Caller) Owns(buyerID, tokenHash string) bool {
	if buyerID != "" {
		return c.Principal.UserID == buyerID
	}
	return c.TokenHash != "" && subtle.ConstantTimeCompare([]byte(c.TokenHash), []byte(tokenHash)) == 1
}

// HashToken is what is kept of a guest's token: its SHA-256 in hex. The token has 256
// random bits, so that its hash needs no salt.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Input is embedded in the input of every operation on a cart or an order: a guest
// shows the cart's token. It is exported, or Huma would not look into it.
type Input struct {
	CartToken string `header:"Cart-Token" maxLength:"200" doc:"A guest's secret, as it was answered when the cart was made"`
}

// Caller is who sent the input.
func (in Input) Caller(ctx context.Context) Caller { return New(ctx, in.CartToken) }
