package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"app/modules/gateway/internal/authn"
	"app/modules/users/usersv1"
	"app/platform/fault"
	"app/platform/host"
	"app/platform/identity"
	"app/platform/identity/token"
)

// settleTimeout bounds how long a reply waits for the gateway to learn what its
// operation has revoked.
const settleTimeout = 2 * time.Second

// newAuthenticator puts together who is believed: users, of whose answers the gateway
// remembers what it may.
func (m *Module) newAuthenticator(env host.Env) *authn.Authenticator {
	keys := token.NewKeys(m.fetchSigningKeys, env.Now)
	verifier := token.NewVerifier(keys, env.Now)
	var a *authn.Authenticator
	m.revoked = authn.NewRevoked(m.users.Revocations, env.Now, func(kid string) {
		keys.Drop(kid)
		a.ForgetTokens()
	})
	a = authn.New(authn.Options{
		Token: func(ctx context.Context, raw string) (identity.Principal, time.Time, error) {
			claims, err := verifier.Verify(ctx, raw)
			if errors.Is(err, token.ErrInvalid) {
				err = authn.ErrInvalid
			}
			return claims.Principal(), claims.Expires, err
		},
		Session: m.resolveSession, APIKey: m.apiKey, Revoked: m.revoked, Now: env.Now, Entries: m.cfg.Tokens,
	})
	return a
}

func (m *Module) fetchSigningKeys(ctx context.Context) ([]byte, error) {
	reply, err := m.users.Keys(ctx, &usersv1.KeysRequest{})
	return reply.GetJwks(), err
}

func (m *Module) resolveSession(ctx context.Context, value string) (identity.Principal, time.Time, error) {
	reply, err := m.users.Session(ctx, &usersv1.SessionRequest{Token: value})
	if err != nil {
		return identity.Principal{}, time.Time{}, credentialLookupError(err)
	}
	return identity.Principal{
		UserID: reply.GetUserId(), Method: identity.Session, Admin: reply.GetAdmin(), SessionID: reply.GetSessionId(),
		FactorNeeded: reply.GetFactorNeeded(), AdminWithheld: reply.GetAdminWithheld(),
	}, reply.GetExpiresAt().AsTime(), nil
}

func (m *Module) apiKey(ctx context.Context, key string) (identity.Principal, time.Time, error) {
	reply, err := m.users.APIKey(ctx, &usersv1.APIKeyRequest{Key: key})
	if err != nil {
		return identity.Principal{}, time.Time{}, credentialLookupError(err)
	}
	p := identity.Principal{Method: identity.APIKey, KeyID: reply.GetKeyId(), Merchant: reply.GetMerchantId()}
	for _, scope := range reply.GetScopes() {
		p.Scopes = append(p.Scopes, identity.Scope(scope))
	}
	if reply.GetExpiresAt() == nil {
		return p, time.Unix(1<<40, 0), nil
	}
	return p, reply.GetExpiresAt().AsTime(), nil
}

// credentialLookupError tells a credential that users does not know from a question
// that could not be answered.
func credentialLookupError(err error) error {
	if fault.CodeOf(err) == fault.NotFound {
		return authn.ErrInvalid
	}
	return fmt.Errorf("ask users: %w", err)
}

// followRevocations brings home what has been revoked. That users does not answer is
// said once: the gateway goes on with what it knows, and while users is down nobody can
// revoke anything there either.
func (m *Module) followRevocations(ctx context.Context) (more bool, err error) {
	err = m.revoked.Follow(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil && !m.silent.Swap(true):
		m.logger.WarnContext(ctx, "users does not tell what has been revoked", slog.Any("error", err))
	case err == nil && m.silent.Swap(false):
		m.logger.InfoContext(ctx, "users tells again what has been revoked")
	}
	return false, nil //nolint:nilerr // it has been said, once, and the next interval tries again
}

// awaitRevocations waits until the gateway knows what has just been revoked. Should
// users not answer in time, nobody is believed until it does.
func (m *Module) awaitRevocations(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	if err := m.revoked.Settle(ctx); err != nil {
		m.logger.WarnContext(ctx, "users does not tell what has just been revoked: nobody is believed before it does", slog.Any("error", err))
	}
}

// trustPublicOrigin trusts the pages of the shop's own address, whatever a proxy in
// front makes of the header Host.
func trustPublicOrigin(publicURL string) (*http.CrossOriginProtection, error) {
	protection := http.NewCrossOriginProtection()
	u, err := url.Parse(publicURL)
	if err != nil {
		return nil, fmt.Errorf("PUBLIC_URL: %w", err)
	}
	if err := protection.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
		return nil, fmt.Errorf("PUBLIC_URL: %w", err)
	}
	return protection, nil
}

// plainPublic reports whether people reach the shop in the clear and not on their own
// machine: browsers throw the session's cookie away there.
func plainPublic(publicURL string) bool {
	u, err := url.Parse(publicURL)
	if err != nil || u.Scheme != "http" {
		return false
	}
	if u.Hostname() == "localhost" {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return err != nil || !addr.IsLoopback()
}
