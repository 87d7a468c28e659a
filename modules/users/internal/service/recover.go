package service

import (
	"context"
	"fmt"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/session"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/events"
	"app/platform/fault"
)

// RequestReset has a code sent to the address that sets a new password. It is to every
// address what RequestSignInCode is.
func (s *Service) RequestReset(ctx context.Context, email string) (request string, err error) {
	return s.Codes.Request(ctx, code.ResetPassword, email)
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
//     linked identities, see confirm.
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
	return s.Codes.WithCode(ctx, in.Proof, code.AccountOf(in.Proof), func(ctx context.Context, tx *database.Tx) (ok bool, err error) {
		account, ok, err := s.Codes.Spend(ctx, tx, code.ResetPassword, in.Proof)
		if err != nil || !ok {
			return false, err
		}
		if wrong := s.Accounts.CheckPassword(in.Password, account.Email); len(wrong) > 0 {
			return false, fault.Invalid(wrong...) // and the code is as good as before: whoever has it has not guessed it
		}
		if err := s.setPassword(ctx, tx, account, hash, ""); err != nil {
			return false, err
		}
		if err := s.takeOver(ctx, tx, account.ID); err != nil {
			return false, err
		}
		return true, s.Audits.Record(ctx, tx, audit.Entry{AccountID: account.ID, Event: audit.Recovery, Outcome: audit.OutcomeOK, Detail: string(authn.ByCode)})
	})
}

// checkNew complains about a new password and its repetition.
func (s *Service) checkNew(password, confirm, email string) (wrong []fault.Field) {
	wrong = s.Accounts.CheckPassword(password, email)
	if confirm != password {
		wrong = append(wrong, fault.Field{Pointer: "/confirm_password", Detail: "must be the same as the password"})
	}
	return wrong
}

// setPassword gives the account a password, ends whatever the old one has opened except
// the session keep, and tells the owner.
func (s *Service) setPassword(ctx context.Context, tx *database.Tx, owner account.Account, hash, keep string) error {
	if _, err := account.Lock(ctx, tx, owner.ID); err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	if err := account.SetPassword(ctx, tx, owner.ID, hash); err != nil {
		return err
	}
	if err := s.Sessions.EndAllAndVoidCodes(ctx, tx, owner.ID, keep, session.EndedByPassword); err != nil {
		return err
	}
	return events.Emit(ctx, tx, events.Key{Aggregate: "account", ID: owner.ID, Version: owner.Version},
		&usersevents.PasswordChanged{UserId: owner.ID, Email: owner.Email, FirstName: owner.FirstName, Locale: owner.Locale})
}
