package service

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
)

// Why a session ended before its time.
const (
	endedByLogout = "logout"
	endedByReuse  = "reuse"
)

func errRefresh() error {
	return fault.New(fault.Unauthenticated, "refresh_token_invalid", "The refresh token is not valid: sign in again.")
}

// verdict is what became of a refresh token.
type verdict int

const (
	refused verdict = iota
	granted
	reused
)

// Refresh exchanges a refresh token for its successor and a fresh access token.
//
//  1. The successor follows from the token and a secret, so whoever presents the token within RefreshGrace of its first
//     use gets the same one: ten tabs at once, and a client that never saw the answer, stay signed in and fork no family.
//  2. A used token that comes later is in two hands: the session ends.
//  3. A session that has ended or is over, and a disabled account, get nothing.
//
// Errors: refresh_token_invalid, the same for every reason.
func (s *Service) Refresh(ctx context.Context, presented string) (Tokens, error) {
	if err := s.LoadKeys(ctx); err != nil {
		return Tokens{}, err
	}
	now := s.now()
	successor := s.successor(presented)
	var row store.Refresh
	var v verdict
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		row, v, err = s.rotate(ctx, tx, hashToken(presented), successor, now)
		return err
	})
	switch {
	case err != nil:
		return Tokens{}, err
	case v == granted:
		return s.tokens(row.Session, row.Admin, successor, now)
	case v == reused:
		s.reuses.Add(1)
		s.logger.WarnContext(ctx, "refresh token used again: session ended", "session_id", row.Session.ID, "user_id", row.Session.AccountID)
	}
	return Tokens{}, errRefresh()
}

func (s *Service) successor(parent string) string {
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(mac(s.ring.secret, "refresh", parent))
}

// rotate must not fail for a reused token: the end of the session has to be committed.
func (s *Service) rotate(ctx context.Context, tx *database.Tx, hash, successor string, now time.Time) (store.Refresh, verdict, error) {
	row, err := store.RefreshByHash(ctx, tx, hash)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return row, refused, nil
	case err != nil:
		return row, refused, err
	case row.Disabled, !row.Session.EndedAt.IsZero(), !now.Before(row.ExpiresAt), !now.Before(row.Session.ExpiresAt):
		return row, refused, nil
	case row.UsedAt.IsZero():
		return row, granted, s.exchange(ctx, tx, row, successor, now)
	case now.Sub(row.UsedAt) <= s.limits.RefreshGrace:
		return row, granted, nil
	}
	return row, reused, ended(store.EndSession(ctx, tx, row.Session.ID, endedByReuse, now))
}

// exchange uses the token and makes its successor, unless somebody else did both a moment ago.
func (s *Service) exchange(ctx context.Context, tx *database.Tx, row store.Refresh, successor string, now time.Time) error {
	err := store.UseRefresh(ctx, tx, row, now)
	if errors.Is(err, store.ErrChanged) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.addRefresh(ctx, tx, successor, row.Session, now)
}

// ended is the error of ending a session, for whom it is enough that it has ended.
func ended(err error) error {
	if errors.Is(err, store.ErrChanged) {
		return nil
	}
	return err
}

// Logout ends the session of the refresh token and the session that the caller is signed in with, whichever there are. A token
// that is not valid is no error: it opens nothing any more. Errors: Unauthenticated when there is neither.
func (s *Service) Logout(ctx context.Context, presented string) error {
	session := identity.FromContext(ctx).SessionID
	if session == "" && presented == "" {
		return fault.New(fault.Unauthenticated, "unauthenticated", "Send the refresh token, or sign in.")
	}
	now := s.now()
	return s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if session != "" {
			if err := ended(store.EndSession(ctx, tx, session, endedByLogout, now)); err != nil {
				return err
			}
		}
		row, err := store.RefreshByHash(ctx, tx, hashToken(presented))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return ended(store.EndSession(ctx, tx, row.Session.ID, endedByLogout, now))
	})
}
