package credential

import (
	"context"
	"errors"
	"fmt"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/federation"
	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/fault"
)

// RequestReset has a code sent to the address that sets a new password. It is to every
// address what asking for a code to sign in with is: see signin.
func (s *Service) RequestReset(ctx context.Context, email string) (request string, err error) {
	return s.codes.Request(ctx, code.ResetPassword, email)
}

// NewPassword is a password to be set and the code that allows it.
type NewPassword struct {
	code.Proof

	Password, Confirm string
}

// ResetPassword sets the password of the account that the code was sent to.
//
//  1. It signs nobody in, so an account with a second factor needs that factor as
//     before (ASVS 6.4.3).
//  2. Every session of the account ends, every half-done sign-in and every code that is
//     on its way becomes void.
//  3. An imported account that nobody has confirmed loses its second factors and its
//     linked identities, see takeOver.
//  4. The owner is told by e-mail.
//
// Errors: InvalidArgument with pointers for a password that will not do, which costs no
// try; code_invalid, the same for every other reason and every address;
// sign_in_limited; Unavailable when too many hashes are waiting.
func (s *Service) ResetPassword(ctx context.Context, in NewPassword) error {
	if wrong := s.checkNew(in.Password, in.Confirm, ""); len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	hash, err := s.hasher.Hash(ctx, in.Password)
	if err != nil {
		return fmt.Errorf("hash password: %w", err)
	}
	return s.codes.WithCode(ctx, in.Proof, code.AccountOf(in.Proof), func(ctx context.Context, tx *database.Tx) (ok bool, err error) {
		owner, ok, err := s.codes.Spend(ctx, tx, code.ResetPassword, in.Proof)
		if err != nil || !ok {
			return false, err
		}
		if wrong := s.accounts.CheckPassword(in.Password, owner.Email); len(wrong) > 0 {
			return false, fault.Invalid(wrong...) // and the code is as good as before: whoever has it has not guessed it
		}
		if err := s.setPassword(ctx, tx, owner, hash, ""); err != nil {
			return false, err
		}
		if err := s.takeOver(ctx, tx, owner.ID); err != nil {
			return false, err
		}
		return true, s.audits.Record(ctx, tx, audit.Entry{AccountID: owner.ID, Event: audit.Recovery, Outcome: audit.OutcomeOK, Detail: string(authn.ByCode)})
	})
}

// takeOver gives an imported account that nobody has confirmed to whoever reads its
// address: all second factors and linked identities of it go, and the owner is told of
// each factor. The caller has set a new password and ended all sessions. Of any other
// account it takes nothing: a new password must not get around a factor (ASVS 6.4.3).
func (s *Service) takeOver(ctx context.Context, tx *database.Tx, accountID string) error {
	err := account.Confirm(ctx, tx, accountID)
	if errors.Is(err, store.ErrChanged) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := federation.DropAll(ctx, tx, accountID); err != nil {
		return err
	}
	return s.factors.RemoveAll(ctx, tx, accountID)
}
