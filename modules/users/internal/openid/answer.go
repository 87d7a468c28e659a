package openid

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Answer is what a browser brings back from the provider, and what it was sent there
// with.
type Answer struct {
	Code   string
	Issuer string // the parameter iss, empty when there is none

	Nonce, Verifier string
}

// Identity is somebody at a provider. Issuer and Subject name them for ever; everything
// else may change.
type Identity struct {
	Issuer, Subject string
	Email           string
	// Verified: the provider says that the address is theirs.
	Verified            bool
	FirstName, LastName string
	// SignedInAt is when the person last signed in at the provider (claim auth_time);
	// zero where it does not say.
	SignedInAt time.Time
	// TwoFactors: the provider says that they have shown two, in words that are
	// configured.
	TwoFactors bool
}

// maxSubject is what OpenID Connect Core section 2 allows, in ASCII.
const maxSubject = 255

// Redeem exchanges the code of an answer and checks everything about the token that
// comes for it: signature, issuer, audience, time and nonce, and that it is the answer
// of this provider and no other (mix-up, RFC 9207). Errors: ErrRefused, ErrUnavailable.
func (c *Client) Redeem(ctx context.Context, in Answer) (Identity, error) {
	m, err := c.loadMetadata(ctx)
	if err != nil {
		return Identity{}, err
	}
	if in.Issuer != c.Issuer && (in.Issuer != "" || m.namesItself) {
		return Identity{}, c.wrapRefused(errors.New("the answer is another provider's"))
	}
	ctx = oidc.ClientContext(ctx, c.http)
	tokens, err := c.oauthConfig(m).Exchange(ctx, in.Code, oauth2.VerifierOption(in.Verifier))
	if err != nil {
		return Identity{}, c.exchangeFailed(err)
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok || raw == "" {
		return Identity{}, c.wrapRefused(errors.New("there is no ID token"))
	}
	token, err := m.verifier.Verify(ctx, raw)
	if err != nil {
		return Identity{}, c.notVerified(err)
	}
	claims, err := c.verifyClaims(token, tokens, in.Nonce)
	if err != nil {
		return Identity{}, c.wrapRefused(err)
	}
	signedInAt, twoFactors := claims.signedInAt(), c.twoFactors(claims)
	if claims.Email == "" && m.provider.UserInfoEndpoint() != "" {
		if err := c.fetchUserInfo(ctx, m, tokens, token.Subject, &claims); err != nil {
			return Identity{}, err
		}
	}
	first, last := claims.personNames()
	return Identity{
		Issuer: c.Issuer, Subject: token.Subject, Email: claims.Email, Verified: claims.Email != "" && bool(claims.Verified), FirstName: first, LastName: last,
		SignedInAt: signedInAt, TwoFactors: twoFactors,
	}, nil
}

// exchangeFailed tells a provider that refuses the code from one that is out of order.
func (c *Client) exchangeFailed(err error) error {
	var reply *oauth2.RetrieveError
	if errors.As(err, &reply) && reply.Response != nil && reply.Response.StatusCode < http.StatusInternalServerError && reply.ErrorCode != "" {
		return c.wrapRefused(errors.New("code: " + reply.ErrorCode))
	}
	return fmt.Errorf("exchange code at %s: %w: %w", c.Name, ErrUnavailable, err)
}

// notVerified tells a token that is wrong from keys that cannot be had.
func (c *Client) notVerified(err error) error {
	if strings.Contains(err.Error(), "fetching keys") {
		return fmt.Errorf("verify token of %s: %w: %w", c.Name, ErrUnavailable, err)
	}
	return c.wrapRefused(err)
}

func (c *Client) wrapRefused(err error) error {
	return fmt.Errorf("sign in at %s: %w: %w", c.Name, ErrRefused, err)
}

// claims are the claims that we read.
type claims struct {
	Email     string `json:"email"`
	Verified  truth  `json:"email_verified"`
	Name      string `json:"name"`
	Given     string `json:"given_name"`
	Family    string `json:"family_name"`
	Authority string `json:"azp"`
	Subject   string `json:"sub"`

	// How and when somebody signed in, of whatever type: a provider that spells them
	// its own way is no reason to refuse everybody.
	AuthTime any `json:"auth_time"`
	ACR      any `json:"acr"`
	AMR      any `json:"amr"`
}

// signedInAt is auth_time, seconds since 1970; zero where it is none.
func (c claims) signedInAt() time.Time {
	const latest = 1 << 40 // as far as it can be told from rubbish
	seconds, ok := c.AuthTime.(float64)
	if !ok || seconds <= 0 || seconds > latest {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// twoFactors reports whether the claims say so in words that are configured.
func (c *Client) twoFactors(of claims) bool {
	if acr, ok := of.ACR.(string); ok && slices.Contains(c.TwoFactorACR, acr) {
		return true
	}
	methods, _ := of.AMR.([]any)
	return slices.ContainsFunc(methods, func(m any) bool {
		amr, ok := m.(string)
		return ok && slices.Contains(c.TwoFactorAMR, amr)
	})
}

// verifyClaims is what the library leaves to its caller.
func (c *Client) verifyClaims(token *oidc.IDToken, tokens *oauth2.Token, nonce string) (claims, error) {
	var got claims
	if err := token.Claims(&got); err != nil {
		return claims{}, errors.New("claims cannot be read")
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(nonce)) != 1 || nonce == "":
		return claims{}, errors.New("nonce is another")
	case !isValidSubject(token.Subject):
		return claims{}, errors.New("subject is none")
	case len(token.Audience) > 1 && got.Authority == "", got.Authority != "" && got.Authority != c.ClientID:
		return claims{}, errors.New("issued for another party")
	case token.IssuedAt.IsZero() || token.IssuedAt.After(c.now().Add(Skew)):
		return claims{}, errors.New("issued in the future")
	case token.AccessTokenHash != "" && token.VerifyAccessToken(tokens.AccessToken) != nil:
		return claims{}, errors.New("access token is another's")
	}
	return got, nil
}

// isValidSubject reports whether a subject is one: the database compares it byte by
// byte, but for spaces at its end.
func isValidSubject(subject string) bool {
	if subject == "" || len(subject) > maxSubject {
		return false
	}
	return !strings.ContainsFunc(subject, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// fetchUserInfo reads the address from the user-info endpoint of providers that keep it
// out of the token.
func (c *Client) fetchUserInfo(ctx context.Context, m *metadata, tokens *oauth2.Token, subject string, into *claims) error {
	info, err := m.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return fmt.Errorf("ask %s who it is: %w: %w", c.Name, ErrUnavailable, err)
	}
	var got claims
	if err := info.Claims(&got); err != nil || info.Subject != subject { // OpenID Connect Core section 5.3.2
		return c.wrapRefused(errors.New("user info is another's"))
	}
	*into = got
	return nil
}

// personNames are the person's, as far as they are given.
func (c claims) personNames() (first, last string) {
	if c.Given != "" || c.Family != "" {
		return c.Given, c.Family
	}
	first, last, _ = strings.Cut(strings.TrimSpace(c.Name), " ")
	return first, last
}

// truth reads true and "true": some providers send the one, some the other.
type truth bool

// UnmarshalJSON implements json.Unmarshaler.
func (t *truth) UnmarshalJSON(data []byte) error {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return fmt.Errorf("read truth: %w", err)
	}
	*t = value == true || value == "true"
	return nil
}
