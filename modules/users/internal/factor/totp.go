package factor

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"

	"app/modules/users/internal/account"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/store"
	"app/modules/users/internal/totp"
	"app/modules/users/usersevents"
	"app/platform/database"
)

// Enrolment is an authenticator app's secret, shown once.
type Enrolment struct {
	Secret string // base32
	URL    string // otpauth://, for a QR code
}

// EnrolTOTP begins to set an authenticator app up. It is no factor until ConfirmTOTP; beginning
// again replaces it. Errors: step_up_required; totp_enrolled when there is one;
// Unauthenticated.
func (s *Service) EnrolTOTP(ctx context.Context) (out Enrolment, err error) {
	var raw [totp.SecretLength]byte
	_, _ = rand.Read(raw[:]) // never fails since Go 1.24
	out.Secret = base32.StdEncoding.EncodeToString(raw[:])
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		caller, err := s.sessions.RecentCaller(ctx, tx)
		if err != nil {
			return err
		}
		account, err := account.ByID(ctx, tx, caller.AccountID)
		if err != nil {
			return err
		}
		out.URL = totp.URL(s.publicURL, account.Email, out.Secret)
		sealed, err := s.secret.Seal(caller.AccountID, out.Secret)
		if err != nil {
			return err
		}
		return InsertTOTP(ctx, tx, TOTP{AccountID: caller.AccountID, Secret: sealed, CreatedAt: s.now()})
	})
	if errors.Is(err, store.ErrDuplicate) {
		err = reason.TOTPEnrolled.New()
	}
	return out, err
}

// ConfirmTOTP makes the authenticator app a factor, by the first code from it. The first factor
// comes with recovery codes, which are shown this once. Errors: step_up_required;
// code_invalid; factor_paused; Unauthenticated.
func (s *Service) ConfirmTOTP(ctx context.Context, code string) (out Added, err error) {
	var refusal error
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		caller, err := s.sessions.RecentCaller(ctx, tx)
		if err != nil {
			return err
		}
		if refusal, err = s.judgeTOTP(ctx, tx, caller.AccountID, code, false); err != nil || refusal != nil {
			return err
		}
		if err := ConfirmTOTP(ctx, tx, caller.AccountID, s.now()); err != nil {
			return err
		}
		out, err = s.finishAddingFactor(ctx, tx, caller.AccountID, authn.ByTOTP, usersevents.CredentialsChange_CREDENTIALS_CHANGE_TOTP_ADDED, "")
		return err
	})
	if errors.Is(err, store.ErrChanged) {
		err = authn.ErrCode()
	}
	if err == nil && refusal != nil {
		err = refusal
	}
	return out, err
}

// RemoveTOTP takes the authenticator app away, and with the last factor the recovery codes.
// Errors: step_up_required; NotFound; Unauthenticated.
func (s *Service) RemoveTOTP(ctx context.Context) error {
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		caller, err := s.sessions.RecentCaller(ctx, tx)
		if err != nil {
			return err
		}
		if err := DeleteTOTP(ctx, tx, caller.AccountID); err != nil {
			return err
		}
		return s.finishRemovingFactor(ctx, tx, caller.AccountID, usersevents.CredentialsChange_CREDENTIALS_CHANGE_TOTP_REMOVED, "")
	})
	return store.Missing(reason.FactorNotFound, err)
}

// judgeTOTP reports whether a code is one of the account's authenticator app.
//
//  1. The code of the current time step counts, and within ten seconds of it that of a
//     neighbouring one: clocks differ.
//  2. A time step is accepted once, and none before the last one, however many requests
//     come at once (ASVS 6.5.1).
//  3. After five wrong codes in a row there is a pause of a minute, after five more of
//     two, up to an hour. Other factors are not affected.
func (s *Service) judgeTOTP(ctx context.Context, tx *database.Tx, accountID, code string, confirmed bool) (refusal, err error) {
	t, err := TOTPOf(ctx, tx, accountID)
	if errors.Is(err, store.ErrNotFound) || err == nil && t.ConfirmedAt.IsZero() == confirmed {
		return authn.ErrCode(), nil
	}
	if err != nil {
		return nil, err
	}
	if wait := totp.Pause(t.Tries, t.TriedAt, s.now()); wait > 0 {
		f := reason.FactorPaused.New()
		f.RetryAfter = wait
		return f, nil
	}
	err = TryTOTP(ctx, tx, t, s.now())
	step := int64(0)
	if err == nil {
		step, err = s.stepOf(t, code)
	}
	if err == nil {
		err = AcceptTOTP(ctx, tx, accountID, step)
	}
	if errors.Is(err, store.ErrChanged) || errors.Is(err, store.ErrNotFound) {
		return authn.ErrCode(), nil
	}
	return nil, err
}

// stepOf finds the time step that the code belongs to. store.ErrNotFound: none that
// counts now.
func (s *Service) stepOf(t TOTP, code string) (int64, error) {
	secret, err := s.secret.Unseal(t.AccountID, t.Secret)
	if err != nil {
		return 0, err
	}
	step, err := totp.Step(secret, code, s.now())
	if err == nil && step == 0 {
		err = store.ErrNotFound
	}
	return step, err
}
