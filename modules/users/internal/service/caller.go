package service

import (
	"context"

	"app/platform/database"
)

// Caller is who makes a request, and the session that it is made with.
type Caller struct{ AccountID, SessionID string }

// recentCaller is requireRecentAuth for those who need not know what a session is.
func (s *Service) recentCaller(ctx context.Context, tx *database.Tx) (Caller, error) {
	session, err := s.requireRecentAuth(ctx, tx)
	return Caller{AccountID: session.AccountID, SessionID: session.ID}, err
}

// proveAgain is stepUp for those who need not know what a session is: a browser gets a
// new cookie.
func (s *Service) proveAgain(ctx context.Context, tx *database.Tx, method Method, level Level) (BrowserCookie, error) {
	out, err := s.stepUp(ctx, tx, method, level)
	return out.Browser, err
}
