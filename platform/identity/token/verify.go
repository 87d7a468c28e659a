package token

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"app/platform/fault"
	"app/platform/ids"
)

// KeySource knows the keys that verify; Keys is one.
type KeySource interface {
	// Key gives the key of a kid. A fault Unavailable means that it cannot be told now;
	// any other error, that there is none.
	Key(ctx context.Context, kid string) (ed25519.PublicKey, error)
}

// Verifier checks tokens. Safe for concurrent use.
type Verifier struct {
	keys   KeySource
	now    func() time.Time
	parser *jwt.Parser
}

// NewVerifier takes where the keys come from and the clock.
func NewVerifier(keys KeySource, now func() time.Time) *Verifier {
	return &Verifier{keys: keys, now: now, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{algorithm.Alg()}), jwt.WithStrictDecoding(),
		jwt.WithIssuer(Issuer), jwt.WithAudience(Audience),
		jwt.WithExpirationRequired(), jwt.WithNotBeforeRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(Leeway), jwt.WithTimeFunc(now),
	)}
}

// Verify checks a token and reads its claims. Errors: a fault Unavailable when the keys
// cannot be had; every other refuses the token and is an ErrInvalid.
func (v *Verifier) Verify(ctx context.Context, raw string) (Claims, error) {
	if !isCompactToken(raw) {
		return Claims{}, fmt.Errorf("%w: not three parts of base64url", ErrInvalid)
	}
	var w wire
	_, err := v.parser.ParseWithClaims(raw, &w, func(t *jwt.Token) (any, error) {
		kid, err := keyID(t.Header)
		if err != nil {
			return nil, err
		}
		return v.keys.Key(ctx, kid)
	})
	if err != nil {
		return Claims{}, invalidTokenError(err)
	}
	return w.validatedClaims()
}

// invalidTokenError keeps the one error that does not speak of the token.
func invalidTokenError(err error) error {
	var failure *fault.Error
	if errors.As(err, &failure) && failure.Code == fault.Unavailable {
		return failure
	}
	return fmt.Errorf("%w: %w", ErrInvalid, err)
}

// isCompactToken reports whether raw has the letters of a compact token and no others:
// the decoder would skip line breaks, and one token should have one spelling.
func isCompactToken(raw string) bool {
	if len(raw) > MaxLength {
		return false
	}
	dots := 0
	for i := range len(raw) {
		c := raw[i]
		switch {
		case c == '.':
			dots++
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c == '-', c == '_':
		default:
			return false
		}
	}
	return dots == 2
}

// keyID reads the header, which must consist of alg, typ and kid. Whatever else it
// holds would be an instruction to the verifier: where a key is to be fetched from, or
// which rules to skip.
func keyID(header map[string]any) (string, error) {
	kid, ok := header["kid"].(string)
	switch {
	case header["alg"] != algorithm.Alg():
		return "", errors.New("wrong alg")
	case header["typ"] != Type:
		return "", errors.New("wrong typ")
	case !ok || kid == "":
		return "", errors.New("no kid")
	case len(header) != 3:
		return "", errors.New("the header says more than alg, typ and kid")
	}
	return kid, nil
}

// validatedClaims checks what is ours alone; signature, times, issuer and audience have
// been.
func (w *wire) validatedClaims() (Claims, error) {
	switch {
	case w.IssuedAt == nil:
		return Claims{}, fmt.Errorf("%w: no iat", ErrInvalid)
	case !w.ExpiresAt.After(w.IssuedAt.Time) || w.ExpiresAt.Sub(w.IssuedAt.Time) > MaxLife:
		return Claims{}, fmt.Errorf("%w: a life that no token of ours has", ErrInvalid)
	case !ids.Valid("usr", w.Subject):
		return Claims{}, fmt.Errorf("%w: sub is not a user", ErrInvalid)
	case !ids.Valid("ses", w.SessionID):
		return Claims{}, fmt.Errorf("%w: sid is not a session", ErrInvalid)
	}
	return Claims{
		UserID: w.Subject, SessionID: w.SessionID, TokenID: w.ID, Admin: w.Admin,
		FactorNeeded: w.FactorNeeded, AdminWithheld: w.AdminWithheld,
		IssuedAt: w.IssuedAt.UTC(), Expires: w.ExpiresAt.UTC(),
	}, nil
}
