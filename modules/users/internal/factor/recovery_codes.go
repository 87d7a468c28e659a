package factor

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/store"
	"app/modules/users/usersevents"
	"app/platform/database"
)

// recoveryCodes is how many codes a set has.
const recoveryCodes = 10

// recoveryLength is in characters of the alphabet, five bits each: with 112 bits or
// more of chance a plain hash keeps a code as safe as a slow one (ASVS 6.5.2).
const recoveryLength = 24

// recoveryAlphabet is Crockford's base 32, five bits a character; what its e-mails are
// mistaken for is read as meant.
const recoveryAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

var recoveryReader = strings.NewReplacer("-", "", " ", "", "o", "0", "i", "1", "l", "1")

// NewRecoveryCodes makes a new set, shown this once; the one before is void. Errors:
// step_up_required; no_factor when there is nothing they could stand in for;
// Unauthenticated.
func (s *Service) NewRecoveryCodes(ctx context.Context) (codes []string, err error) {
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		caller, err := s.sessions.RecentCaller(ctx, tx)
		if err != nil {
			return err
		}
		factors, err := Of(ctx, tx, caller.AccountID)
		if err != nil {
			return err
		}
		if len(factors) == 0 {
			return reason.NoFactor.New()
		}
		if codes, err = s.newRecovery(ctx, tx, caller.AccountID); err != nil {
			return err
		}
		return s.accounts.NotifyCredentialsChange(ctx, tx, caller.AccountID, usersevents.CredentialsChange_CREDENTIALS_CHANGE_RECOVERY_CODES_MADE, "")
	})
	return codes, err
}

// newRecovery replaces the account's set.
func (s *Service) newRecovery(ctx context.Context, tx *database.Tx, accountID string) (codes []string, err error) {
	hashes := make([]string, recoveryCodes)
	for i := range recoveryCodes {
		code := newRecoveryCode()
		codes = append(codes, code)
		hashes[i] = s.recoveryHash(accountID, code)
	}
	return codes, ReplaceRecovery(ctx, tx, accountID, hashes, s.now())
}

// newRecoveryCode makes a code of 120 random bits, as in abcdef-ghjkmn-pqrstv-wxyz01.
func newRecoveryCode() string {
	var raw [recoveryLength]byte
	_, _ = rand.Read(raw[:]) // never fails since Go 1.24
	out := make([]byte, 0, recoveryLength+3)
	for i, b := range raw {
		if i > 0 && i%6 == 0 {
			out = append(out, '-')
		}
		out = append(out, recoveryAlphabet[b&31])
	}
	return string(out)
}

// recoveryHash is what is kept of a code, however its owner types it.
func (s *Service) recoveryHash(accountID, code string) string {
	return s.secret.Hash("recovery", accountID, recoveryReader.Replace(strings.ToLower(code)))
}

// judgeRecovery uses a recovery code up, if it is one; of two requests at once one
// succeeds. The owner is told.
func (s *Service) judgeRecovery(ctx context.Context, tx *database.Tx, accountID, code string) (refusal, err error) {
	err = SpendRecovery(ctx, tx, accountID, s.recoveryHash(accountID, code), s.now())
	if errors.Is(err, store.ErrChanged) {
		return authn.ErrCode(), nil
	}
	if err != nil {
		return nil, err
	}
	return nil, s.accounts.NotifyCredentialsChange(ctx, tx, accountID, usersevents.CredentialsChange_CREDENTIALS_CHANGE_RECOVERY_CODE_USED, "")
}
