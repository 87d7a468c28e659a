package service

import (
	"context"
	"fmt"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/session"
	"app/modules/users/internal/tries"
	"app/platform/database"
	"app/platform/fault"
)

// StepUpProof is what somebody who is signed in shows to prove it again: a password, a code
// that was asked for with RequestSignInCode, or a second factor.
type StepUpProof struct {
	Method   authn.Method // ByPassword, ByCode, ByTOTP or ByRecovery
	Password string
	code.Proof
}

func errFactorRequired() error {
	return fault.New(fault.PermissionDenied, "factor_required", "The account has a second factor: show that one.")
}

// StepUp makes the caller's session fresh for ten minutes. An account with a second
// factor has to show it: a password or a code from an e-mail is not enough for what the
// factor protects. Errors: invalid_credentials, code_invalid, factor_paused for a wrong
// proof; factor_required; sign_in_limited after many passwords or codes;
// Unauthenticated.
func (s *Service) StepUp(ctx context.Context, in StepUpProof) (out session.SignedIn, err error) {
	account, err := s.Sessions.CallerAccount(ctx)
	if err != nil {
		return session.SignedIn{}, err
	}
	if in.Method == authn.ByPassword {
		if err := s.Tries.CountOwnPassword(ctx); err != nil {
			return session.SignedIn{}, err
		}
		verdict, err := s.hasher.Check(ctx, account.PasswordHash, in.Password)
		if err != nil {
			return session.SignedIn{}, fmt.Errorf("check password: %w", err)
		}
		if !verdict.Match {
			return session.SignedIn{}, s.refuseStepUp(ctx, account.ID, in.Method)
		}
	}
	var counted []tries.Allowance
	if in.Method != authn.ByPassword {
		if counted, err = s.Tries.CountCode(ctx, tries.KnownAccount(account.ID)); err != nil {
			return session.SignedIn{}, err
		}
	}
	var refusal error
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		var level authn.Level
		if level, refusal, err = s.verifyStepUp(ctx, tx, account, in); err != nil {
			return err
		}
		if refusal != nil {
			return s.Audits.Record(ctx, tx, audit.Entry{AccountID: account.ID, Event: audit.StepUp, Outcome: fault.ReasonOf(refusal), Detail: string(in.Method)})
		}
		if out, err = s.Sessions.StepUp(ctx, tx, in.Method, level); err != nil {
			return err
		}
		return s.Tries.GiveBack(ctx, tx, counted)
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return out, err
}

// verifyStepUp judges the proof, whose password has been checked already. A refusal is
// not an error of the Write, which has to commit the try.
func (s *Service) verifyStepUp(ctx context.Context, tx *database.Tx, owner account.Account, in StepUpProof) (level authn.Level, refusal, err error) {
	session, err := s.Sessions.Own(ctx, tx)
	if err != nil {
		return 0, nil, err
	}
	if in.Method == authn.ByTOTP || in.Method == authn.ByRecovery {
		refusal, err = s.Factors.Verify(ctx, tx, session.AccountID, factor.Proof{Method: in.Method, Code: in.Code})
		return authn.AAL2, refusal, err
	}
	factors, err := factor.Of(ctx, tx, session.AccountID)
	if err != nil || len(factors) > 0 {
		return 0, errFactorRequired(), err
	}
	now, err := account.Lock(ctx, tx, owner.ID)
	switch {
	case err != nil:
		return 0, nil, account.SignedOut(err)
	case in.Method == authn.ByPassword && now.PasswordHash == owner.PasswordHash:
		return authn.AAL1, nil, nil
	case in.Method != authn.ByCode:
		return 0, authn.ErrCredentials(), nil
	}
	row, ok, err := s.Codes.Take(ctx, tx, code.SignIn, in.Proof)
	if err == nil && (!ok || row.AccountID != owner.ID) {
		refusal = authn.ErrCode()
	}
	return authn.AAL1, refusal, err
}

// refuseStepUp records a wrong password.
func (s *Service) refuseStepUp(ctx context.Context, accountID string, method authn.Method) error {
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return s.Audits.Record(ctx, tx, audit.Entry{AccountID: accountID, Event: audit.StepUp, Outcome: audit.OutcomeRefused, Detail: string(method)})
	})
	if err != nil {
		return err
	}
	return authn.ErrCredentials()
}

// PasswordChange is a new password of one's own.
type PasswordChange struct{ Current, Password, Confirm string }

// ChangePassword sets the caller's password and signs the account out everywhere else.
// The current one has to be given (ASVS 6.2.3), unless the account has none. The owner
// is told by e-mail. Errors: InvalidArgument with pointers, also for a wrong current
// password; step_up_required; sign_in_limited; Unauthenticated; Unavailable when too
// many hashes are waiting.
func (s *Service) ChangePassword(ctx context.Context, in PasswordChange) (out session.SignedIn, err error) {
	owner, err := s.Sessions.CallerAccount(ctx)
	if err != nil {
		return session.SignedIn{}, err
	}
	if wrong := s.checkNew(in.Password, in.Confirm, owner.Email); len(wrong) > 0 {
		return session.SignedIn{}, fault.Invalid(wrong...)
	}
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		_, err := s.Sessions.RequireRecent(ctx, q)
		return err
	})
	if err != nil {
		return session.SignedIn{}, err
	}
	if err := s.checkCurrent(ctx, owner, in.Current); err != nil {
		return session.SignedIn{}, err
	}
	hash, err := s.hasher.Hash(ctx, in.Password)
	if err != nil {
		return session.SignedIn{}, fmt.Errorf("hash password: %w", err)
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		session, err := s.Sessions.RequireRecent(ctx, tx)
		if err != nil {
			return err
		}
		now, err := account.Lock(ctx, tx, owner.ID)
		if err != nil {
			return account.SignedOut(err)
		}
		if now.PasswordHash != owner.PasswordHash {
			return fault.New(fault.Aborted, "aborted", "The password was changed at the same time. Try again.")
		}
		if err := s.setPassword(ctx, tx, owner, hash, session.ID); err != nil {
			return err
		}
		entry := audit.Entry{AccountID: owner.ID, Event: audit.PasswordChange, Outcome: audit.OutcomeOK}
		if err := s.Audits.Record(ctx, tx, entry); err != nil {
			return err
		}
		out, err = s.Sessions.RenewCookie(ctx, tx, session)
		return err
	})
	return out, err
}

// checkCurrent checks the password that the account has, if it has one.
func (s *Service) checkCurrent(ctx context.Context, account account.Account, current string) error {
	if account.PasswordHash == "" {
		return nil
	}
	if err := s.Tries.CountOwnPassword(ctx); err != nil {
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
