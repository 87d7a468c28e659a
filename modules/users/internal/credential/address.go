package credential

import (
	"context"
	"errors"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/store"
	"app/modules/users/internal/tries"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/events"
	"app/platform/ids"
)

// RequestAddress has a code sent to the address that the caller wants for their
// account. An address that has an account gets the e-mail that says so instead; the
// answer is the same. Errors: InvalidArgument with a pointer; step_up_required;
// Unauthenticated.
func (s *Service) RequestAddress(ctx context.Context, email string) (request string, err error) {
	addr, err := account.ParseAddress(email)
	if err != nil {
		return "", account.ErrEmail(err)
	}
	row := code.Request{ID: ids.For(ctx, "cod", s.now()), EmailKey: addr.Key, Email: addr.Typed, Purpose: code.ChangeAddress}
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		current, err := s.sessions.RequireRecent(ctx, tx)
		if err != nil {
			return err
		}
		owner, err := account.ByID(ctx, tx, current.AccountID)
		if err != nil {
			return account.SignedOut(err)
		}
		there, exists, err := account.IfExists(account.ByEmail(ctx, tx, addr.Key))
		switch {
		case err != nil:
			return err
		case exists && there.ID != owner.ID:
			return s.refuseTaken(ctx, tx, row, there)
		}
		return s.codes.Issue(ctx, tx, row, owner)
	})
	if errors.Is(err, store.ErrDuplicate) {
		err = nil // the request was sent twice and has had its effect
	}
	return row.ID, err
}

// refuseTaken keeps a request that nobody has the code of, and lets the owner of the
// address know.
func (s *Service) refuseTaken(ctx context.Context, tx *database.Tx, row code.Request, owner account.Account) error {
	if kept, err := s.codes.Withhold(ctx, tx, row); err != nil || !kept {
		return err
	}
	return events.Emit(ctx, tx, events.Key{Aggregate: "account", ID: owner.ID, Version: owner.Version},
		&usersevents.AlreadyRegistered{UserId: owner.ID, Email: owner.Email, FirstName: owner.FirstName, Locale: owner.Locale})
}

// ChangeAddress gives the caller's account the address that the code was sent to. The
// old address is told, and codes on their way to it are void. Errors: code_invalid, the
// same for every reason; sign_in_limited; Unauthenticated.
func (s *Service) ChangeAddress(ctx context.Context, in code.Proof) (user account.User, err error) {
	err = s.codes.WithCode(ctx, in, tries.NoAccount, func(ctx context.Context, tx *database.Tx) (ok bool, err error) {
		current, err := s.sessions.Own(ctx, tx)
		if err != nil {
			return false, err
		}
		row, ok, err := s.codes.Take(ctx, tx, code.ChangeAddress, in)
		if err != nil || !ok || row.AccountID != current.AccountID {
			return false, err
		}
		user, err = s.moveAccount(ctx, tx, row)
		return true, err
	})
	if errors.Is(err, store.ErrDuplicate) || errors.Is(err, store.ErrChanged) {
		return account.User{}, authn.ErrCode()
	}
	return user, err
}

// moveAccount gives the account of the request its address.
func (s *Service) moveAccount(ctx context.Context, tx *database.Tx, row code.Request) (account.User, error) {
	owner, err := account.Lock(ctx, tx, row.AccountID)
	if err != nil {
		return account.User{}, account.SignedOut(err)
	}
	now := s.now()
	if err := account.SetEmail(ctx, tx, owner.ID, owner.EmailKey, row.Email, row.EmailKey, now); err != nil {
		return account.User{}, err
	}
	if err := code.Void(ctx, tx, owner.ID, now); err != nil {
		return account.User{}, err
	}
	old := owner.Email
	owner.Email, owner.EmailKey, owner.VerifiedAt, owner.Version = row.Email, row.EmailKey, now, owner.Version+1
	if err := s.audits.Record(ctx, tx, audit.Entry{AccountID: owner.ID, Event: audit.AddressChange, Outcome: audit.OutcomeOK}); err != nil {
		return account.User{}, err
	}
	return account.UserOf(owner), events.Emit(ctx, tx, events.Key{Aggregate: "account", ID: owner.ID, Version: owner.Version},
		&usersevents.EmailChanged{UserId: owner.ID, OldEmail: old, Email: owner.Email, FirstName: owner.FirstName, Locale: owner.Locale})
}
