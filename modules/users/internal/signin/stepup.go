package signin

import (
	"context"
	"fmt"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/session"
	"app/modules/users/internal/tries"
	"app/platform/database"
	"app/platform/fault"
)

// StepUpProof is what somebody who is signed in shows to prove it again: a password, a
// code that was asked for with RequestCode, or a second factor.
type StepUpProof struct {
	Method   authn.Method // ByPassword, ByCode, ByTOTP or ByRecovery
	Password string
	code.Proof
}

// StepUp makes the caller's session fresh for ten minutes. An account with a second
// factor has to show it: a password or a code from an e-mail is not enough for what the
// factor protects. Errors: invalid_credentials, code_invalid, factor_paused for a wrong
// proof; factor_required; sign_in_limited after many passwords or codes;
// Unauthenticated.
func (s *Service) StepUp(ctx context.Context, in StepUpProof) (out session.SignedIn, err error) {
	owner, err := s.sessions.CallerAccount(ctx)
	if err != nil {
		return session.SignedIn{}, err
	}
	var counted []tries.Allowance
	if in.Method == authn.ByPassword {
		err = s.checkOwnPassword(ctx, owner, in)
	} else {
		counted, err = s.tries.CountCode(ctx, tries.KnownAccount(owner.ID))
	}
	if err != nil {
		return session.SignedIn{}, err
	}
	var refusal error
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		var level authn.Level
		if level, refusal, err = s.verifyStepUp(ctx, tx, owner, in); err != nil {
			return err
		}
		if refusal != nil {
			return s.audits.Record(ctx, tx, audit.Entry{
				AccountID: owner.ID, Event: audit.StepUp, Outcome: fault.ReasonOf(refusal), Detail: string(in.Method),
			})
		}
		if out, err = s.sessions.StepUp(ctx, tx, in.Method, level); err != nil {
			return err
		}
		return s.tries.GiveBack(ctx, tx, counted)
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return out, err
}

// checkOwnPassword checks the password of the caller's account. A wrong one is recorded.
func (s *Service) checkOwnPassword(ctx context.Context, owner account.Account, in StepUpProof) error {
	if err := s.tries.CountOwnPassword(ctx); err != nil {
		return err
	}
	verdict, err := s.hasher.Check(ctx, owner.PasswordHash, in.Password)
	if err != nil {
		return fmt.Errorf("check password: %w", err)
	}
	if !verdict.Match {
		return s.refuseStepUp(ctx, owner.ID, in.Method)
	}
	return nil
}

// verifyStepUp judges the proof, whose password has been checked already. A refusal is
// not an error of the Write, which has to commit the try.
func (s *Service) verifyStepUp(ctx context.Context, tx *database.Tx, owner account.Account, in StepUpProof) (level authn.Level, refusal, err error) {
	current, err := s.sessions.Own(ctx, tx)
	if err != nil {
		return 0, nil, err
	}
	if in.Method == authn.ByTOTP || in.Method == authn.ByRecovery {
		refusal, err = s.factors.Verify(ctx, tx, current.AccountID, factor.Proof{Method: in.Method, Code: in.Code})
		return authn.AAL2, refusal, err
	}
	factors, err := factor.Of(ctx, tx, current.AccountID)
	if err != nil || len(factors) > 0 {
		return 0, reason.FactorRequired.New(), err
	}
	now, err := account.Lock(ctx, tx, owner.ID)
	switch {
	case err != nil:
		return 0, nil, account.SignedOut(err)
	case in.Method == authn.ByPassword && now.PasswordHash == owner.PasswordHash:
		return authn.AAL1, nil, nil
	case in.Method != authn.ByCode:
		return 0, reason.InvalidCredentials.New(), nil
	}
	row, ok, err := s.codes.Take(ctx, tx, code.SignIn, in.Proof)
	if err == nil && (!ok || row.AccountID != owner.ID) {
		refusal = authn.ErrCode()
	}
	return authn.AAL1, refusal, err
}

// refuseStepUp records a wrong password.
func (s *Service) refuseStepUp(ctx context.Context, accountID string, method authn.Method) error {
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return s.audits.Record(ctx, tx, audit.Entry{AccountID: accountID, Event: audit.StepUp, Outcome: audit.OutcomeRefused, Detail: string(method)})
	})
	if err != nil {
		return err
	}
	return reason.InvalidCredentials.New()
}
