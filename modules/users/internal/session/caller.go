package session

import (
	"context"

	"app/modules/users/internal/authn"
	"app/platform/database"
)

// RecentCaller is RequireRecent for those who need not know what a session is.
func (s *Service) RecentCaller(ctx context.Context, tx *database.Tx) (authn.Caller, error) {
	session, err := s.RequireRecent(ctx, tx)
	return authn.Caller{AccountID: session.AccountID, SessionID: session.ID}, err
}

// ProveAgain is StepUp for those who need not: a browser gets a new cookie.
func (s *Service) ProveAgain(ctx context.Context, tx *database.Tx, method authn.Method, level authn.Level) (authn.BrowserCookie, error) {
	out, err := s.StepUp(ctx, tx, method, level)
	return out.Browser, err
}
