package admin

import (
	"context"
	"errors"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/session"
	"app/modules/users/internal/store"
	"app/platform/database"
)

// Disable keeps somebody out: no sign-in of theirs succeeds any more, and every session
// ends, for every gateway within seconds. changed is false when the account was
// disabled already. Errors: user_not_found.
func (s *Service) Disable(ctx context.Context, accountID string) (changed bool, err error) {
	return s.byAdmin(ctx, accountID, "disabled", func(ctx context.Context, tx *database.Tx) error {
		if err := account.Disable(ctx, tx, accountID, s.now()); err != nil {
			return err
		}
		return s.sessions.EndAllAndVoidCodes(ctx, tx, accountID, "", session.EndedByAdmin)
	})
}

// Enable lets somebody in again, to sign in anew. changed is false when the account was
// not disabled. Errors: user_not_found.
func (s *Service) Enable(ctx context.Context, accountID string) (changed bool, err error) {
	return s.byAdmin(ctx, accountID, "enabled", func(ctx context.Context, tx *database.Tx) error {
		return account.Enable(ctx, tx, accountID)
	})
}

// SignOutEverywhere ends all sessions of an account, for every gateway within seconds,
// and tells how many. Errors: user_not_found.
func (s *Service) SignOutEverywhere(ctx context.Context, accountID string) (ended int, err error) {
	_, err = s.byAdmin(ctx, accountID, "signed_out", func(ctx context.Context, tx *database.Tx) error {
		ended, err = s.sessions.EndAll(ctx, tx, accountID, "", session.EndedByAdmin)
		return err
	})
	return ended, err
}

// byAdmin changes an account under its lock and records that. store.ErrChanged of the
// change means that there was nothing to do.
func (s *Service) byAdmin(ctx context.Context, accountID, what string, change func(ctx context.Context, tx *database.Tx) error) (changed bool, err error) {
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if _, err := account.Lock(ctx, tx, accountID); errors.Is(err, store.ErrNotFound) {
			return reason.UserNotFound.New()
		} else if err != nil {
			return err
		}
		err := change(ctx, tx)
		if changed = err == nil; errors.Is(err, store.ErrChanged) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.audits.Record(ctx, tx, audit.Entry{AccountID: accountID, Event: audit.AccountChange, Outcome: audit.OutcomeOK, Detail: what})
	})
	return changed, err
}

// ForgetFactors takes away all second factors of somebody who cannot show any, and ends
// their sessions. Whoever calls it has made sure by other means who is asking (ASVS
// 6.4.4); the owner is told. changed is false when there are none. Errors:
// user_not_found.
func (s *Service) ForgetFactors(ctx context.Context, accountID string) (changed bool, err error) {
	return s.byAdmin(ctx, accountID, "factors_forgotten", func(ctx context.Context, tx *database.Tx) error {
		factors, err := factor.Of(ctx, tx, accountID)
		if err != nil {
			return err
		}
		if len(factors) == 0 {
			return store.ErrChanged
		}
		if err := s.factors.RemoveAll(ctx, tx, accountID); err != nil {
			return err
		}
		return s.sessions.EndAllAndVoidCodes(ctx, tx, accountID, "", session.EndedByAdmin)
	})
}
