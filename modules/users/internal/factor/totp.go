package factor

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"app/modules/users/internal/account"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/store"
	"app/modules/users/usersevents"
	"app/platform/database"
)

// The generator's parameters are those that every app supports (RFC 6238): SHA-1, six
// digits, thirty seconds.
const (
	totpPeriod = 30
	totpSecret = 20 // bytes, RFC 4226 section 4
	totpRow    = 5  // wrong codes before a pause
	totpPause  = time.Minute
	totpLimit  = time.Hour
	// totpSkew is how far a generator's clock may be from ours: a code is good for so
	// long beyond its time step, at either end, and no longer (RFC 6238 section 5.2
	// allows one step for the delay; ASVS 6.5.5 wants thirty seconds).
	totpSkew = 10 * time.Second
)

var totpOptions = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// Enrolment is a generator's secret, shown once.
type Enrolment struct {
	Secret string // base32
	URL    string // otpauth://, for a QR code
}

// EnrolTOTP begins to set a generator up. It is no factor until ConfirmTOTP; beginning
// again replaces it. Errors: step_up_required; totp_enrolled when there is one;
// Unauthenticated.
func (s *Service) EnrolTOTP(ctx context.Context) (out Enrolment, err error) {
	var raw [totpSecret]byte
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
		out.URL = s.totpURL(account.Email, out.Secret)
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

// totpURL is what apps read from a QR code. The shop is named by its host.
func (s *Service) totpURL(email, secret string) string {
	u, err := url.Parse(s.publicURL)
	if err != nil || u.Hostname() == "" {
		u = &url.URL{Host: "souk"}
	}
	query := url.Values{"secret": {secret}, "issuer": {u.Hostname()}, "period": {"30"}, "digits": {"6"}, "algorithm": {"SHA1"}}
	return "otpauth://totp/" + url.PathEscape(u.Hostname()+":"+email) + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
}

// ConfirmTOTP makes the generator a factor, by the first code from it. The first factor
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

// RemoveTOTP takes the generator away, and with the last factor the recovery codes.
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

// judgeTOTP reports whether a code is one of the account's generator.
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
	if wait := totpBackoff(t, s.now()); wait > 0 {
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
func (s *Service) stepOf(t TOTP, code string) (step int64, err error) {
	secret, err := s.secret.Unseal(t.AccountID, t.Secret)
	if err != nil {
		return 0, err
	}
	for _, candidate := range totpSteps(s.now()) {
		want, err := hotp.GenerateCodeCustom(secret, uint64(candidate), totpOptions)
		if err != nil {
			return 0, fmt.Errorf("compute code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step = candidate
		}
	}
	if step == 0 {
		return 0, store.ErrNotFound
	}
	return step, nil
}

// totpSteps are the time steps whose codes count at a time: the current one, and a
// neighbour that it is within totpSkew of.
func totpSteps(now time.Time) []int64 {
	current := now.Unix() / totpPeriod
	steps := []int64{current}
	if before := now.Add(-totpSkew).Add(-time.Nanosecond).Unix() / totpPeriod; before < current {
		steps = append(steps, before)
	}
	if after := now.Add(totpSkew).Unix() / totpPeriod; after > current {
		steps = append(steps, after)
	}
	return steps
}

// totpBackoff is how long to wait after too many wrong codes.
func totpBackoff(t TOTP, now time.Time) time.Duration {
	if t.Tries == 0 || t.Tries%totpRow != 0 {
		return 0
	}
	wait := totpLimit
	if n := t.Tries/totpRow - 1; n < 6 {
		wait = totpPause << n
	}
	wait = min(wait, totpLimit)
	left := t.TriedAt.Add(wait).Sub(now)
	if left > wait+database.ClockSkew { // the clock has gone back since
		return 0
	}
	return left
}
