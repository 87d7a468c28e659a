package factor

import (
	"context"
	"errors"
	"time"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/store"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
)

// Of lists the second factors that an account has, any one of which completes a
// sign-in; none when it has no second factor. Recovery codes stand in for a factor and
// are none by themselves.
func Of(ctx context.Context, tx *database.Tx, accountID string) (out []authn.Method, err error) {
	t, err := TOTPOf(ctx, tx, accountID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if err == nil && !t.ConfirmedAt.IsZero() {
		out = append(out, authn.ByTOTP)
	}
	passkeys, err := CountPasskeys(ctx, tx, accountID)
	if err != nil {
		return nil, err
	}
	if passkeys > 0 {
		out = append(out, authn.ByPasskey)
	}
	if len(out) == 0 {
		return nil, nil
	}
	left, err := CountRecovery(ctx, tx, accountID)
	if err == nil && left > 0 {
		out = append(out, authn.ByRecovery)
	}
	return out, err
}

// Overview are the second factors of an account, as its owner sees them.
type Overview struct {
	TOTP     time.Time // since when; zero: none
	Passkeys []Passkey
	Recovery int // codes left
}

// List reads the caller's own. Error: Unauthenticated.
func (s *Service) List(ctx context.Context) (out Overview, err error) {
	id := identity.FromContext(ctx).UserID
	if id == "" {
		return Overview{}, fault.NotSignedIn.New()
	}
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		t, err := TOTPOf(ctx, q, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		out.TOTP = t.ConfirmedAt
		if out.Passkeys, err = PasskeysOf(ctx, q, id); err != nil {
			return err
		}
		out.Recovery, err = CountRecovery(ctx, q, id)
		return err
	})
	return out, err
}

// Proof is a second factor that is shown: a code of the generator or a recovery code.
type Proof struct {
	Method authn.Method // ByTOTP or ByRecovery
	Code   string
}

// Verify reports whether a second factor is good, and uses it up if it is. A
// refusal is not an error of the Write, which has to commit the try.
func (s *Service) Verify(ctx context.Context, tx *database.Tx, accountID string, f Proof) (refusal, err error) {
	switch f.Method {
	case authn.ByTOTP:
		return s.judgeTOTP(ctx, tx, accountID, f.Code, true)
	case authn.ByRecovery:
		return s.judgeRecovery(ctx, tx, accountID, f.Code)
	}
	return authn.ErrCode(), nil
}

// Added is what adding a factor comes to: the session counts as recent, and there
// are recovery codes when it was the first factor.
type Added struct {
	Browser  authn.BrowserCookie // new, for a session that a browser carries
	Recovery []string
}

// finishAddingFactor makes the first recovery codes, tells the owner, and counts the
// proof that came with the factor for the session.
func (s *Service) finishAddingFactor(ctx context.Context, tx *database.Tx, accountID string, method authn.Method, change usersevents.CredentialsChange, name string) (out Added, err error) {
	left, err := CountRecovery(ctx, tx, accountID)
	if err == nil && left == 0 {
		out.Recovery, err = s.newRecovery(ctx, tx, accountID)
	}
	if err != nil {
		return Added{}, err
	}
	if err := s.accounts.NotifyCredentialsChange(ctx, tx, accountID, change, name); err != nil {
		return Added{}, err
	}
	out.Browser, err = s.sessions.ProveAgain(ctx, tx, method, authn.AAL2)
	return out, err
}

// finishRemovingFactor takes the recovery codes away with the last factor, and tells
// the owner.
func (s *Service) finishRemovingFactor(ctx context.Context, tx *database.Tx, accountID string, change usersevents.CredentialsChange, name string) error {
	left, err := Of(ctx, tx, accountID)
	if err == nil && len(left) == 0 {
		err = ReplaceRecovery(ctx, tx, accountID, nil, s.now())
	}
	if err != nil {
		return err
	}
	return s.accounts.NotifyCredentialsChange(ctx, tx, accountID, change, name)
}

// RemoveAll removes all second factors of an account, and tells the owner of each.
func (s *Service) RemoveAll(ctx context.Context, tx *database.Tx, accountID string) error {
	factors, err := Of(ctx, tx, accountID)
	if err != nil {
		return err
	}
	if err := DeleteFactors(ctx, tx, accountID); err != nil {
		return err
	}
	for _, f := range factors {
		if change, ok := removals[f]; ok {
			if err := s.accounts.NotifyCredentialsChange(ctx, tx, accountID, change, ""); err != nil {
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
