package service

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"

	"app/platform/callctx"
	"app/platform/identity"
)

// Visitor is who uses a cart or an order: somebody signed in, a guest with a cart
// token, or both.
type Visitor struct {
	Principal identity.Principal
	tokenHash string
}

// NewVisitor is the visitor of a request: its principal, and the token it sent, which
// may be empty.
func NewVisitor(ctx context.Context, cartToken string) Visitor {
	v := Visitor{Principal: identity.FromContext(ctx)}
	if cartToken != "" {
		v.tokenHash = sha256Hex(cartToken)
	}
	return v
}

// isOwner reports whether a cart or an order is the visitor's. Exactly one of buyerID
// and tokenHash is set.
func (v Visitor) isOwner(buyerID, tokenHash string) bool {
	if buyerID != "" {
		return v.Principal.UserID == buyerID
	}
	return v.tokenHash != "" && subtle.ConstantTimeCompare([]byte(v.tokenHash), []byte(tokenHash)) == 1
}

// newToken makes a guest's token: 256 bits in base64url. It follows from the request's
// idempotency key when there is one, so that a repeated request answers the same token
// although only its hash is kept.
func (s *Service) newToken(ctx context.Context) string {
	raw := make([]byte, 32)
	if k, ok := callctx.IdempotencyOf(ctx); ok {
		mac := hmac.New(sha256.New, s.secret)
		mac.Write([]byte("cart token\x00" + k.Key))
		raw = mac.Sum(nil)
	} else {
		_, _ = rand.Read(raw) // crypto/rand.Read never fails since Go 1.24
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func sha256Hex(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
