package session

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"app/modules/users/internal/audit"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
)

// verdict is what became of a refresh token.
type verdict int

const (
	refused verdict = iota
	granted
	reused
)

// Refresh exchanges a refresh token for its successor and a fresh access token.
//
//  1. The successor follows from the token and a secret, so whoever presents the token
//     within RefreshGrace of its first use gets the same one: ten tabs at once, and a
//     client that never saw the answer, stay signed in and fork no family.
//  2. A used token that comes later is in two hands: the session ends.
//  3. A session that has ended or is over, and a disabled account, get nothing.
//
// Errors: refresh_token_invalid, the same for every reason.
func (s *Service) Refresh(ctx context.Context, presented string) (Tokens, error) {
	s.keys.Reread(ctx)
	now := s.now()
	successor := s.successorToken(presented)
	var row Refresh
	var v verdict
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		row, v, err = s.rotateRefresh(ctx, tx, secret.HashToken(presented), successor, now)
		return err
	})
	switch {
	case err != nil:
		return Tokens{}, err
	case v == granted:
		return s.signTokens(row.Session, row.Admin, successor, now)
	case v == reused:
		s.reuses.Add(1)
		s.logger.WarnContext(ctx, "refresh token used again: session ended", "session_id", row.Session.ID, "user_id", row.Session.AccountID)
	}
	return Tokens{}, reason.RefreshTokenInvalid.New()
}

func (s *Service) successorToken(parent string) string {
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(s.secret.Derive("refresh", parent))
}

// rotateRefresh must not fail for a reused token: the end of the session has to be
// committed.
func (s *Service) rotateRefresh(ctx context.Context, tx *database.Tx, hash, successor string, now time.Time) (Refresh, verdict, error) {
	row, err := RefreshByHash(ctx, tx, hash)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return row, refused, nil
	case err != nil:
		return row, refused, err
	case row.Disabled, !row.Session.EndedAt.IsZero(), !now.Before(row.ExpiresAt), !now.Before(row.Session.ExpiresAt):
		return row, refused, nil
	case row.UsedAt.IsZero():
		return s.exchangeRefresh(ctx, tx, row, successor, now)
	case now.Sub(row.UsedAt) <= s.limits.RefreshGrace:
		return row, granted, nil
	}
	if _, err := s.endSession(ctx, tx, row.Session.ID, endedByReuse); err != nil {
		return row, refused, err
	}
	entry := audit.Entry{AccountID: row.Session.AccountID, Event: audit.SessionEnded, Outcome: audit.OutcomeOK, Detail: "refresh token used again", SessionID: row.Session.ID}
	return row, reused, s.audits.Record(ctx, tx, entry)
}

// exchangeRefresh uses the token and makes its successor, unless somebody else did both
// a moment ago.
func (s *Service) exchangeRefresh(ctx context.Context, tx *database.Tx, row Refresh, successor string, now time.Time) (Refresh, verdict, error) {
	err := UseRefresh(ctx, tx, row, now)
	switch {
	case errors.Is(err, store.ErrChanged):
		return row, granted, nil
	case errors.Is(err, store.ErrNotFound): // the session ended at this very moment
		return row, refused, nil
	case err != nil:
		return row, refused, err
	}
	return row, granted, s.addRefresh(ctx, tx, successor, row.Session, now)
}

// Logout ends the session of the refresh token and the session that the caller is
// signed in with, whichever there are. A token that is not valid is no error: it opens
// nothing any more. Errors: Unauthenticated when there is neither.
func (s *Service) Logout(ctx context.Context, presented string) error {
	session := identity.FromContext(ctx).SessionID
	if session == "" && presented == "" {
		return fault.NotSignedIn.Newf("Send the refresh token, or sign in.")
	}
	return s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if session != "" {
			if err := s.signOut(ctx, tx, session); err != nil {
				return err
			}
		}
		row, err := RefreshByHash(ctx, tx, secret.HashToken(presented))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.signOut(ctx, tx, row.Session.ID)
	})
}

// signOut ends a session because its user said so.
func (s *Service) signOut(ctx context.Context, tx *database.Tx, id string) error {
	session, err := findSession(ctx, tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	ok, err := s.endSession(ctx, tx, id, endedByLogout)
	if err != nil || !ok {
		return err
	}
	return s.audits.Record(ctx, tx, audit.Entry{AccountID: session.AccountID, Event: audit.SignOut, Outcome: audit.OutcomeOK, SessionID: id})
}

// Reuses counts the sessions ended because a refresh token came back too late.
func (s *Service) Reuses() int64 { return s.reuses.Load() }
