package service

import (
	"context"

	"app/modules/users/internal/authn"
	"app/platform/database"
)

// recentCaller is requireRecentAuth for those who need not know what a session is.
func (s *Service) recentCaller(ctx context.Context, tx *database.Tx) (authn.Caller, error) {
	session, err := s.requireRecentAuth(ctx, tx)
	return authn.Caller{AccountID: session.AccountID, SessionID: session.ID}, err
}

// proveAgain is stepUp for those who need not know what a session is: a browser gets a
// new cookie.
func (s *Service) proveAgain(ctx context.Context, tx *database.Tx, method authn.Method, level authn.Level) (authn.BrowserCookie, error) {
	out, err := s.stepUp(ctx, tx, method, level)
	return out.Browser, err
}
