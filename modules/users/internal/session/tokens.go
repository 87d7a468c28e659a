package session

import (
	"context"
	"time"

	"app/modules/users/internal/secret"
	"app/platform/database"
	"app/platform/identity/token"
	"app/platform/ids"
)

// Tokens are the answer to a sign-in.
type Tokens struct {
	Access, Refresh string
	ExpiresIn       time.Duration // of the access token
}

func (s *Service) addRefresh(ctx context.Context, tx *database.Tx, refresh string, session Session, now time.Time) error {
	expires := now.Add(s.limits.RefreshIdle)
	if session.ExpiresAt.Before(expires) {
		expires = session.ExpiresAt
	}
	return InsertRefresh(ctx, tx, RefreshToken{Hash: secret.HashToken(refresh), SessionID: session.ID, CreatedAt: now, ExpiresAt: expires})
}

// signTokens signs a fresh access token to go with a refresh token.
func (s *Service) signTokens(session Session, admin bool, refresh string, now time.Time) (Tokens, error) {
	p := s.sessionPrincipal(session, admin)
	access, err := s.keys.Sign(token.Claims{
		UserID: p.UserID, SessionID: p.SessionID, TokenID: ids.New("tok", now),
		Admin: p.Admin, FactorNeeded: p.FactorNeeded, AdminWithheld: p.AdminWithheld,
		IssuedAt: now, Expires: now.Add(s.limits.AccessLife),
	})
	return Tokens{Access: access, Refresh: refresh, ExpiresIn: s.limits.AccessLife}, err
}

// refreshPrefix lets scanners of leaked secrets recognise one.
const refreshPrefix = "srt_"

func newRefreshToken() string { return secret.NewToken(refreshPrefix) }
