// Package authn turns the credentials of a request into a principal, once, at the
// gateway.
package authn

import (
	"context"
	"errors"
	"strings"
	"time"

	"app/modules/gateway/internal/reason"
	"app/platform/identity"
)

// Lives of what is remembered. A credential that was found good is believed for so long
// at most, unless it is revoked: that is known within seconds (Revoked). One that was
// refused is refused without another look, so that a flood of rubbish costs a hash
// each.
const (
	tokenFor  = time.Minute
	lookedFor = 30 * time.Second // cookies and keys: their use is noted, their user's rights may change
	badFor    = 10 * time.Second
)

const (
	// maxToken bounds an access token; ours are well below 1 KiB.
	maxToken = 4096
	// cookieLength is that of every cookie of ours: 256 bits in base64url.
	cookieLength = 43
)

// ErrInvalid refuses a credential.
var ErrInvalid = errors.New("credential not valid")

// Resolve tells whose a credential is and when it ends. ErrInvalid refuses it; any
// other error means that it cannot be told now.
type Resolve func(ctx context.Context, credential string) (identity.Principal, time.Time, error)

// Options of an Authenticator. All are required.
type Options struct {
	Token   Resolve // an access token
	Session Resolve // a browser's cookie
	APIKey  Resolve // a merchant's API key
	Revoked *Revoked
	Now     func() time.Time
	Entries int // how many credentials of each kind are remembered
}

// Authenticator remembers what it has verified. Safe for concurrent use.
type Authenticator struct {
	o                   Options
	tokens, looked, bad *cache
}

// New makes an authenticator.
func New(o Options) *Authenticator {
	return &Authenticator{o: o, tokens: newCache(o.Entries, tokenFor), looked: newCache(o.Entries, lookedFor), bad: newCache(o.Entries, badFor)}
}

// ForgetTokens drops the access tokens that were found good, as when a key is not
// trusted any more.
func (a *Authenticator) ForgetTokens() { a.tokens.clear() }

var errRefused = reason.TokenInvalid.New()

var errKeyRefused = reason.APIKeyInvalid.New()

// Bearer reads the Authorization header's value, which must not be empty: an access
// token or an API key behind the scheme and one space or more (RFC 6750 section 2.1,
// RFC 9110 section 11.4). Errors: Unauthenticated when it is neither or not valid; any
// other when that cannot be told now.
func (a *Authenticator) Bearer(ctx context.Context, header string) (identity.Principal, error) {
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.TrimLeft(token, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxToken {
		return identity.Principal{}, errRefused
	}
	if strings.HasPrefix(token, identity.APIKeyPrefix) {
		if !identity.ValidAPIKey(token) {
			return identity.Principal{}, errKeyRefused
		}
		return a.resolveBearer(ctx, token, a.o.APIKey, a.looked, lookedFor, errKeyRefused)
	}
	return a.resolveBearer(ctx, token, a.o.Token, a.tokens, tokenFor, errRefused)
}

func (a *Authenticator) resolveBearer(ctx context.Context, token string, ask Resolve, good *cache, life time.Duration, refused error) (identity.Principal, error) {
	p, err := a.resolveCredential(ctx, token, ask, good, life)
	if errors.Is(err, ErrInvalid) {
		return identity.Principal{}, refused
	}
	return p, err
}

// Cookie reads the value of the session's cookie: anonymous when it opens nothing, or
// no longer. A browser sends its cookie whether it is still good or not, and has to be
// able to sign in again. An error means that it cannot be told now.
func (a *Authenticator) Cookie(ctx context.Context, value string) (identity.Principal, error) {
	if !cookieForm(value) {
		return identity.Principal{}, nil
	}
	p, err := a.resolveCredential(ctx, value, a.o.Session, a.looked, lookedFor)
	if errors.Is(err, ErrInvalid) {
		return identity.Principal{}, nil
	}
	return p, err
}

// cookieForm reports whether a value may be a cookie of ours: others cost users no
// question.
func cookieForm(value string) bool {
	return len(value) == cookieLength && !strings.ContainsFunc(value, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '_'
	})
}

// resolveCredential answers from memory or asks. ErrInvalid refuses the credential.
func (a *Authenticator) resolveCredential(ctx context.Context, credential string, ask Resolve, good *cache, life time.Duration) (identity.Principal, error) {
	if err := a.o.Revoked.ensureCurrent(ctx); err != nil {
		return identity.Principal{}, err
	}
	key, now := hashCredential(credential), a.o.Now()
	p, remembered := good.get(key, now)
	if !remembered {
		if _, known := a.bad.get(key, now); known {
			return identity.Principal{}, ErrInvalid
		}
		generation := good.generation.Load()
		fresh, expires, err := ask(ctx, credential)
		switch {
		case errors.Is(err, ErrInvalid):
			a.bad.put(key, entry{expires: now.Add(badFor)})
			return identity.Principal{}, ErrInvalid
		case err != nil:
			return identity.Principal{}, err
		}
		good.put(key, entry{fresh, earlierOf(expires, now.Add(life)), generation})
		p = fresh
	}
	if a.o.Revoked.isRevoked(p, key) {
		return identity.Principal{}, ErrInvalid
	}
	return p, nil
}

func earlierOf(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
