package credential

import (
	"context"
	"fmt"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/session"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/events"
	"app/platform/fault"
)

// PasswordChange is a new password of one's own.
type PasswordChange struct{ Current, Password, Confirm string }

// ChangePassword sets the caller's password and signs the account out everywhere else.
// The current one has to be given (ASVS 6.2.3), unless the account has none. The owner
// is told by e-mail. Errors: InvalidArgument with pointers, also for a wrong current
// password; step_up_required; sign_in_limited; Unauthenticated; Unavailable when too
// many hashes are waiting.
func (s *Service) ChangePassword(ctx context.Context, in PasswordChange) (out session.SignedIn, err error) {
	owner, err := s.sessions.CallerAccount(ctx)
	if err != nil {
		return session.SignedIn{}, err
	}
	if wrong := s.checkNew(in.Password, in.Confirm, owner.Email); len(wrong) > 0 {
		return session.SignedIn{}, fault.Invalid(wrong...)
	}
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		_, err := s.sessions.RequireRecent(ctx, q)
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
		current, err := s.sessions.RequireRecent(ctx, tx)
		if err != nil {
			return err
		}
		now, err := account.Lock(ctx, tx, owner.ID)
		if err != nil {
			return account.SignedOut(err)
		}
		if now.PasswordHash != owner.PasswordHash {
			return fault.ChangedMeanwhile.Newf("The password was changed at the same time. Try again.")
		}
		if err := s.setPassword(ctx, tx, owner, hash, current.ID); err != nil {
			return err
		}
		entry := audit.Entry{AccountID: owner.ID, Event: audit.PasswordChange, Outcome: audit.OutcomeOK}
		if err := s.audits.Record(ctx, tx, entry); err != nil {
			return err
		}
		out, err = s.sessions.RenewCookie(ctx, tx, current)
		return err
	})
	return out, err
}

// checkCurrent checks the password that the account has, if it has one.
func (s *Service) checkCurrent(ctx context.Context, owner account.Account, current string) error {
	if owner.PasswordHash == "" {
		return nil
	}
	if err := s.tries.CountOwnPassword(ctx); err != nil {
		return err
	}
	verdict, err := s.hasher.Check(ctx, owner.PasswordHash, current)
	if err != nil {
		return fmt.Errorf("check password: %w", err)
	}
	if !verdict.Match {
		return fault.Invalid(fault.Field{Pointer: "/current_password", Detail: "is wrong"})
	}
	return nil
}

// checkNew complains about a new password and its repetition.
func (s *Service) checkNew(password, confirm, email string) (wrong []fault.Field) {
	wrong = s.accounts.CheckPassword(password, email)
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
	if err := s.sessions.EndAllAndVoidCodes(ctx, tx, owner.ID, keep, session.EndedByPassword); err != nil {
		return err
	}
	return events.Emit(ctx, tx, events.Key{Aggregate: "account", ID: owner.ID, Version: owner.Version},
		&usersevents.PasswordChanged{UserId: owner.ID, Email: owner.Email, FirstName: owner.FirstName, Locale: owner.Locale})
}
