// Package token makes and checks access tokens: JSON Web Tokens (RFC 7519) in the
// profile of RFC 9068, signed with Ed25519 (RFC 8037) and nothing else. Users signs
// them, the gateway checks them; both do it here, so that there is one answer to what a
// valid token is:
//
//   - the header has alg "EdDSA", typ "at+jwt" and the kid of a known key, and no other
//     member: keys and instructions that a token brings along (jwk, jku, x5u, crit) are
//     refused, not ignored;
//   - iss and aud are Issuer and Audience, sub is a user;
//   - exp, iat and nbf are there and hold now, give or take Leeway, and the whole life
//     is at most MaxLife.
package token

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"app/platform/identity"
)

const (
	// Type is the header's typ (RFC 9068 section 2.1): no other kind of token of ours
	// passes for an access token.
	Type = "at+jwt"
	// Issuer is the same in every process of a shop, whatever its address; shops differ
	// by their keys.
	Issuer = "souk"
	// Audience is the public API of the shop.
	Audience = "souk"
	// Leeway is how far the clocks of two machines may differ.
	Leeway = 30 * time.Second
	// MaxLife bounds the life of a token, whoever signed it.
	MaxLife = time.Hour
	// MaxLength bounds a token, in bytes. Ours have about 400.
	MaxLength = 2048
)

// algorithm is the only one there is. "none" and the HMAC family are known to the
// library and must never be accepted.
var algorithm = jwt.SigningMethodEdDSA

// ErrInvalid is behind every error that refuses a token. The text says why, for the log
// and never for the bearer.
var ErrInvalid = errors.New("access token refused")

// Claims are what an access token says of its bearer.
type Claims struct {
	UserID    string // usr_...
	SessionID string // ses_..., the session that can be ended before the token expires
	TokenID   string // unique
	Admin     bool
	// FactorNeeded and AdminWithheld are as in identity.Principal; Admin is false with
	// AdminWithheld.
	FactorNeeded, AdminWithheld bool

	IssuedAt time.Time
	Expires  time.Time
}

// Principal is who the bearer is.
func (c Claims) Principal() identity.Principal {
	return identity.Principal{
		UserID: c.UserID, Method: identity.Bearer, Admin: c.Admin, SessionID: c.SessionID,
		FactorNeeded: c.FactorNeeded, AdminWithheld: c.AdminWithheld,
	}
}

// wire is the form of the claims in the token.
type wire struct {
	jwt.RegisteredClaims
	SessionID string `json:"sid"`
	Admin     bool   `json:"adm,omitempty"`

	FactorNeeded  bool `json:"fac,omitempty"`
	AdminWithheld bool `json:"adw,omitempty"`
}

// Signer makes tokens with one key. Safe for concurrent use.
type Signer struct {
	kid string
	key ed25519.PrivateKey
}

// NewSigner takes the key to sign with; the kid follows from it (see KeyID).
func NewSigner(key ed25519.PrivateKey) (*Signer, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("signing key: %d bytes, %d are needed", len(key), ed25519.PrivateKeySize)
	}
	return &Signer{kid: KeyID(Public(key)), key: key}, nil
}

// Sign makes the token of the claims. Times are cut to whole seconds.
func (s *Signer) Sign(c Claims) (string, error) {
	t := jwt.NewWithClaims(algorithm, wire{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: Issuer, Audience: jwt.ClaimStrings{Audience}, Subject: c.UserID, ID: c.TokenID,
			IssuedAt: jwt.NewNumericDate(c.IssuedAt), NotBefore: jwt.NewNumericDate(c.IssuedAt), ExpiresAt: jwt.NewNumericDate(c.Expires),
		},
		SessionID: c.SessionID,
		Admin:     c.Admin,

		FactorNeeded: c.FactorNeeded, AdminWithheld: c.AdminWithheld,
	})
	t.Header["typ"], t.Header["kid"] = Type, s.kid
	signed, err := t.SignedString(s.key)
	if err != nil {
		return "", fmt.Errorf("sign access token: %w", err)
	}
	return signed, nil
}
