package service

import (
	"context"
	"fmt"

	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/fault"
)

// Reproof is what somebody who is signed in shows to prove it again: a password, a code
// that was asked for with RequestSignInCode, or a second factor.
type Reproof struct {
	Method   Method // ByPassword, ByCode, ByTOTP or ByRecovery
	Password string
	CodeProof
}

// FreshFor is how long a session counts as fresh.
const FreshFor = stepUpLife

func errFactorRequired() error {
	return fault.New(fault.PermissionDenied, "factor_required", "The account has a second factor: show that one.")
}

// StepUp makes the caller's session fresh for ten minutes. An account with a second
// factor has to show it: a password or a code from an e-mail is not enough for what the
// factor protects. Errors: invalid_credentials, code_invalid, factor_paused for a wrong
// proof; factor_required; sign_in_limited after many passwords or codes;
// Unauthenticated.
func (s *Service) StepUp(ctx context.Context, in Reproof) (out SignedIn, err error) {
	account, err := s.callerAccount(ctx)
	if err != nil {
		return SignedIn{}, err
	}
	if in.Method == ByPassword {
		if err := s.allowOwn(ctx); err != nil {
			return SignedIn{}, err
		}
		verdict, err := s.hasher.Check(ctx, account.PasswordHash, in.Password)
		if err != nil {
			return SignedIn{}, fmt.Errorf("check password: %w", err)
		}
		if !verdict.Match {
			return SignedIn{}, s.refuseStepUp(ctx, account.ID, in.Method)
		}
	}
	var counted []store.Allowance
	if in.Method != ByPassword {
		if counted, err = s.allowCode(ctx, knownAccount(account.ID)); err != nil {
			return SignedIn{}, err
		}
	}
	var refusal error
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		var level Level
		if level, refusal, err = s.verifyStepUp(ctx, tx, account, in); err != nil {
			return err
		}
		if refusal != nil {
			return s.recordAudit(ctx, tx, AuditEntry{AccountID: account.ID, Event: AuditStepUp, Outcome: fault.ReasonOf(refusal), Detail: string(in.Method)})
		}
		if out, err = s.stepUp(ctx, tx, in.Method, level); err != nil {
			return err
		}
		return s.returnTries(ctx, tx, counted)
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return out, err
}

// verifyStepUp judges the proof, whose password has been checked already. A refusal is
// not an error of the Write, which has to commit the try.
func (s *Service) verifyStepUp(ctx context.Context, tx *database.Tx, account store.Account, in Reproof) (level Level, refusal, err error) {
	session, err := s.ownSession(ctx, tx)
	if err != nil {
		return 0, nil, err
	}
	if in.Method == ByTOTP || in.Method == ByRecovery {
		refusal, err = s.verifyFactor(ctx, tx, session.AccountID, Factor{Method: in.Method, Code: in.Code})
		return AAL2, refusal, err
	}
	factors, err := factorsOf(ctx, tx, session.AccountID)
	if err != nil || len(factors) > 0 {
		return 0, errFactorRequired(), err
	}
	now, err := store.LockAccount(ctx, tx, account.ID)
	switch {
	case err != nil:
		return 0, nil, signedOut(err)
	case in.Method == ByPassword && now.PasswordHash == account.PasswordHash:
		return AAL1, nil, nil
	case in.Method != ByCode:
		return 0, errCredentials(), nil
	}
	row, ok, err := s.takeCode(ctx, tx, store.SignInCode, in.CodeProof)
	if err == nil && (!ok || row.AccountID != account.ID) {
		refusal = errCode()
	}
	return AAL1, refusal, err
}

// refuseStepUp records a wrong password.
func (s *Service) refuseStepUp(ctx context.Context, accountID string, method Method) error {
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return s.recordAudit(ctx, tx, AuditEntry{AccountID: accountID, Event: AuditStepUp, Outcome: OutcomeRefused, Detail: string(method)})
	})
	if err != nil {
		return err
	}
	return errCredentials()
}

// callerAccount reads the account that the request is made by, with a session and not
// with a key. Error: Unauthenticated.
func (s *Service) callerAccount(ctx context.Context) (account store.Account, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		session, err := s.ownSession(ctx, q)
		if err != nil {
			return err
		}
		account, err = store.AccountByID(ctx, q, session.AccountID)
		if err == nil && account.Disabled() {
			return errSignedOut()
		}
		return signedOut(err)
	})
	return account, err
}

// PasswordChange is a new password of one's own.
type PasswordChange struct{ Current, Password, Confirm string }

// ChangePassword sets the caller's password and signs the account out everywhere else.
// The current one has to be given (ASVS 6.2.3), unless the account has none. The owner
// is told by e-mail. Errors: InvalidArgument with pointers, also for a wrong current
// password; step_up_required; sign_in_limited; Unauthenticated; Unavailable when too
// many hashes are waiting.
func (s *Service) ChangePassword(ctx context.Context, in PasswordChange) (out SignedIn, err error) {
	account, err := s.callerAccount(ctx)
	if err != nil {
		return SignedIn{}, err
	}
	if wrong := s.checkNew(in.Password, in.Confirm, account.Email); len(wrong) > 0 {
		return SignedIn{}, fault.Invalid(wrong...)
	}
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		_, err := s.requireRecentAuth(ctx, q)
		return err
	})
	if err != nil {
		return SignedIn{}, err
	}
	if err := s.checkCurrent(ctx, account, in.Current); err != nil {
		return SignedIn{}, err
	}
	hash, err := s.hasher.Hash(ctx, in.Password)
	if err != nil {
		return SignedIn{}, fmt.Errorf("hash password: %w", err)
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		session, err := s.requireRecentAuth(ctx, tx)
		if err != nil {
			return err
		}
		now, err := store.LockAccount(ctx, tx, account.ID)
		if err != nil {
			return signedOut(err)
		}
		if now.PasswordHash != account.PasswordHash {
			return fault.New(fault.Aborted, "aborted", "The password was changed at the same time. Try again.")
		}
		if err := s.setPassword(ctx, tx, account, hash, session.ID); err != nil {
			return err
		}
		entry := AuditEntry{AccountID: account.ID, Event: AuditPasswordChange, Outcome: OutcomeOK}
		if err := s.recordAudit(ctx, tx, entry); err != nil {
			return err
		}
		out, err = s.renewCookie(ctx, tx, session)
		return err
	})
	return out, err
}

// checkCurrent checks the password that the account has, if it has one.
func (s *Service) checkCurrent(ctx context.Context, account store.Account, current string) error {
	if account.PasswordHash == "" {
		return nil
	}
	if err := s.allowOwn(ctx); err != nil {
		return err
	}
	verdict, err := s.hasher.Check(ctx, account.PasswordHash, current)
	if err != nil {
		return fmt.Errorf("check password: %w", err)
	}
	if !verdict.Match {
		return fault.Invalid(fault.Field{Pointer: "/current_password", Detail: "is wrong"})
	}
	return nil
}
