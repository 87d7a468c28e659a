package payment

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"

	"app/modules/merchants/merchantsv1"
	"app/platform/identity"
)

// Caller is who asks about a payment: somebody signed in, a guest with a cart token, or
// both.
type Caller struct {
	Principal identity.Principal
	tokenHash string
}

// NewCaller is the caller of a request: its principal, and the token it sent, which may
// be empty.
func NewCaller(ctx context.Context, cartToken string) Caller {
	c := Caller{Principal: identity.FromContext(ctx)}
	if cartToken != "" {
		sum := sha256.Sum256([]byte(cartToken))
		c.tokenHash = hex.EncodeToString(sum[:])
	}
	return c
}

// Bought reports whether the caller is the buyer.
func (c Caller) Bought(p Payment) bool {
	if p.BuyerID != "" {
		return c.Principal.UserID == p.BuyerID
	}
	return p.TokenHash != "" && c.tokenHash != "" && subtle.ConstantTimeCompare([]byte(c.tokenHash), []byte(p.TokenHash)) == 1
}

// scopes are what an API key needs for what a viewer and a manager may do with
// payments.
var scopes = merchantsv1.Scopes{Read: "payments:read", Write: "payments:refund"}

// AccessTo asks merchants, in one call, what the caller may do for those with a share
// in the payment. Errors are those of the contract.
func (c Caller) AccessTo(ctx context.Context, p Payment, merchants merchantsv1.Authorizer) (merchantsv1.Access, error) {
	asked := make([]string, len(p.Shares))
	for i, share := range p.Shares {
		asked[i] = share.MerchantID
	}
	return merchantsv1.AccessOf(ctx, merchants, c.Principal, scopes, asked...) //nolint:wrapcheck // the boundary translates it
}
