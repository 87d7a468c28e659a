package service

import (
	"context"
	"errors"
	"time"

	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/store"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
)

// factorsOf lists the second factors that an account has, any one of which completes a
// sign-in; none when it has no second factor. Recovery codes stand in for a factor and
// are none by themselves.
func factorsOf(ctx context.Context, tx *database.Tx, accountID string) (out []authn.Method, err error) {
	t, err := store.TOTPOf(ctx, tx, accountID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if err == nil && !t.ConfirmedAt.IsZero() {
		out = append(out, authn.ByTOTP)
	}
	passkeys, err := store.CountPasskeys(ctx, tx, accountID)
	if err != nil {
		return nil, err
	}
	if passkeys > 0 {
		out = append(out, authn.ByPasskey)
	}
	if len(out) == 0 {
		return nil, nil
	}
	left, err := store.CountRecovery(ctx, tx, accountID)
	if err == nil && left > 0 {
		out = append(out, authn.ByRecovery)
	}
	return out, err
}

// Factors are the second factors of an account, as its owner sees them.
type Factors struct {
	TOTP     time.Time // since when; zero: none
	Passkeys []store.Passkey
	Recovery int // codes left
}

// Factors reads the caller's own. Error: Unauthenticated.
func (s *Service) Factors(ctx context.Context) (out Factors, err error) {
	id := identity.FromContext(ctx).UserID
	if id == "" {
		return Factors{}, authn.ErrSignedOut()
	}
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		t, err := store.TOTPOf(ctx, q, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		out.TOTP = t.ConfirmedAt
		if out.Passkeys, err = store.PasskeysOf(ctx, q, id); err != nil {
			return err
		}
		out.Recovery, err = store.CountRecovery(ctx, q, id)
		return err
	})
	return out, err
}

// Factor is a second factor that is shown: a code of the generator or a recovery code.
type Factor struct {
	Method authn.Method // ByTOTP or ByRecovery
	Code   string
}

// CompleteSignIn shows the second factor of the sign-in that the ticket stands for.
// Errors: ticket_invalid when the ticket is over or has had its five tries;
// code_invalid; factor_paused after five wrong codes in a row, with a time to wait;
// sign_in_limited.
func (s *Service) CompleteSignIn(ctx context.Context, ticket string, f Factor) (out SignedIn, err error) {
	s.Keys.Reread(ctx)
	counted, err := s.Tries.CountCode(ctx, accountOfPendingSignIn(ticket))
	if err != nil {
		return SignedIn{}, err
	}
	refusal := errTicket()
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		pending, ok, err := s.pendingOf(ctx, tx, ticket)
		if err != nil || !ok {
			return err
		}
		if refusal, err = s.verifyFactor(ctx, tx, pending.AccountID, f); err != nil {
			return err
		}
		if refusal != nil {
			return s.Audits.Record(ctx, tx, audit.Entry{AccountID: pending.AccountID, Event: audit.SecondFactor, Outcome: fault.ReasonOf(refusal), Detail: string(f.Method)})
		}
		if out, err = s.completeSignIn(ctx, tx, pending, f.Method); err != nil {
			return err
		}
		return s.Tries.GiveBack(ctx, tx, counted)
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return out, err
}

// verifyFactor reports whether a second factor is good, and uses it up if it is. A
// refusal is not an error of the Write, which has to commit the try.
func (s *Service) verifyFactor(ctx context.Context, tx *database.Tx, accountID string, f Factor) (refusal, err error) {
	switch f.Method {
	case authn.ByTOTP:
		return s.judgeTOTP(ctx, tx, accountID, f.Code, true)
	case authn.ByRecovery:
		return s.judgeRecovery(ctx, tx, accountID, f.Code)
	}
	return authn.ErrCode(), nil
}

// FactorAdded is what adding a factor comes to: the session counts as recent, and there
// are recovery codes when it was the first factor.
type FactorAdded struct {
	Browser  authn.BrowserCookie // new, for a session that a browser carries
	Recovery []string
}

// finishAddingFactor makes the first recovery codes, tells the owner, and counts the
// proof that came with the factor for the session.
func (s *Service) finishAddingFactor(ctx context.Context, tx *database.Tx, accountID string, method authn.Method, change usersevents.CredentialsChange, name string) (out FactorAdded, err error) {
	left, err := store.CountRecovery(ctx, tx, accountID)
	if err == nil && left == 0 {
		out.Recovery, err = s.newRecovery(ctx, tx, accountID)
	}
	if err != nil {
		return FactorAdded{}, err
	}
	if err := s.Accounts.NotifyCredentialsChange(ctx, tx, accountID, change, name); err != nil {
		return FactorAdded{}, err
	}
	out.Browser, err = s.proveAgain(ctx, tx, method, authn.AAL2)
	return out, err
}

// finishRemovingFactor takes the recovery codes away with the last factor, and tells
// the owner.
func (s *Service) finishRemovingFactor(ctx context.Context, tx *database.Tx, accountID string, change usersevents.CredentialsChange, name string) error {
	left, err := factorsOf(ctx, tx, accountID)
	if err == nil && len(left) == 0 {
		err = store.ReplaceRecovery(ctx, tx, accountID, nil, s.now())
	}
	if err != nil {
		return err
	}
	return s.Accounts.NotifyCredentialsChange(ctx, tx, accountID, change, name)
}

// ForgetFactors takes away all second factors of somebody who cannot show any, and ends
// their sessions. Whoever calls it has made sure by other means who is asking (ASVS
// 6.4.4); the owner is told. changed is false when there are none. Errors:
// user_not_found.
func (s *Service) ForgetFactors(ctx context.Context, accountID string) (changed bool, err error) {
	return s.byAdmin(ctx, accountID, "factors_forgotten", func(ctx context.Context, tx *database.Tx) error {
		factors, err := factorsOf(ctx, tx, accountID)
		if err != nil {
			return err
		}
		if len(factors) == 0 {
			return store.ErrChanged
		}
		if err := s.removeFactors(ctx, tx, accountID); err != nil {
			return err
		}
		return s.endSessionsAndCodes(ctx, tx, accountID, "", endedByAdmin)
	})
}

// removeFactors removes all second factors of an account, and tells the owner of each.
func (s *Service) removeFactors(ctx context.Context, tx *database.Tx, accountID string) error {
	factors, err := factorsOf(ctx, tx, accountID)
	if err != nil {
		return err
	}
	if err := store.DeleteFactors(ctx, tx, accountID); err != nil {
		return err
	}
	for _, f := range factors {
		if change, ok := removals[f]; ok {
			if err := s.Accounts.NotifyCredentialsChange(ctx, tx, accountID, change, ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// removals are what the owner is told of a factor that is gone.
var removals = map[authn.Method]usersevents.CredentialsChange{
	authn.ByTOTP:    usersevents.CredentialsChange_CREDENTIALS_CHANGE_TOTP_REMOVED,
	authn.ByPasskey: usersevents.CredentialsChange_CREDENTIALS_CHANGE_PASSKEY_REMOVED,
}
