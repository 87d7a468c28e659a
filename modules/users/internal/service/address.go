package service

import (
	"context"
	"errors"

	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
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
	addr, err := parseAddress(email)
	if err != nil {
		return "", errEmail(err)
	}
	row := store.CodeRequest{ID: ids.For(ctx, "cod", s.now()), EmailKey: addr.key, Email: addr.typed, Purpose: store.ChangeAddress}
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		session, err := s.requireRecentAuth(ctx, tx)
		if err != nil {
			return err
		}
		account, err := store.AccountByID(ctx, tx, session.AccountID)
		if err != nil {
			return signedOut(err)
		}
		there, exists, err := accountIfExists(store.AccountByEmail(ctx, tx, addr.key))
		switch {
		case err != nil:
			return err
		case exists && there.ID != account.ID:
			return s.addressTaken(ctx, tx, row, there)
		}
		return s.issueCodeRequest(ctx, tx, row, account)
	})
	if errors.Is(err, store.ErrDuplicate) {
		err = nil // the request was sent twice and has had its effect
	}
	return row.ID, err
}

// addressTaken keeps a request that nobody has the code of, and tells whose address it
// is.
func (s *Service) addressTaken(ctx context.Context, tx *database.Tx, row store.CodeRequest, owner store.Account) error {
	row.CreatedAt = s.now()
	row.ExpiresAt = row.CreatedAt.Add(s.limits.CodeLife)
	if ok, err := s.takeLetter(ctx, tx, &row); err != nil || !ok {
		return err
	}
	row.Hash = s.requestHash(row, newDigits())
	if err := store.InsertCodeRequest(ctx, tx, row); err != nil {
		return err
	}
	return events.Emit(ctx, tx, events.Key{Aggregate: "account", ID: owner.ID, Version: owner.Version},
		&usersevents.AlreadyRegistered{UserId: owner.ID, Email: owner.Email, FirstName: owner.FirstName, Locale: owner.Locale})
}

// ChangeAddress gives the caller's account the address that the code was sent to. The
// old address is told, and codes on their way to it are void. Errors: code_invalid, the
// same for every reason; sign_in_limited; Unauthenticated.
func (s *Service) ChangeAddress(ctx context.Context, in CodeProof) (user User, err error) {
	err = s.withCode(ctx, in, tries.NoAccount, func(ctx context.Context, tx *database.Tx) (ok bool, err error) {
		session, err := s.ownSession(ctx, tx)
		if err != nil {
			return false, err
		}
		row, ok, err := s.takeCode(ctx, tx, store.ChangeAddress, in)
		if err != nil || !ok || row.AccountID != session.AccountID {
			return false, err
		}
		user, err = s.moveTo(ctx, tx, row)
		return true, err
	})
	if errors.Is(err, store.ErrDuplicate) || errors.Is(err, store.ErrChanged) {
		return User{}, authn.ErrCode()
	}
	return user, err
}

// moveTo gives the account of the request its address.
func (s *Service) moveTo(ctx context.Context, tx *database.Tx, row store.CodeRequest) (User, error) {
	account, err := store.LockAccount(ctx, tx, row.AccountID)
	if err != nil {
		return User{}, signedOut(err)
	}
	now := s.now()
	if err := store.SetEmail(ctx, tx, account.ID, account.EmailKey, row.Email, row.EmailKey, now); err != nil {
		return User{}, err
	}
	if err := store.VoidCodeRequests(ctx, tx, account.ID, now); err != nil {
		return User{}, err
	}
	old := account.Email
	account.Email, account.EmailKey, account.VerifiedAt, account.Version = row.Email, row.EmailKey, now, account.Version+1
	if err := s.Audits.Record(ctx, tx, audit.Entry{AccountID: account.ID, Event: audit.AddressChange, Outcome: audit.OutcomeOK}); err != nil {
		return User{}, err
	}
	return userOf(account), events.Emit(ctx, tx, events.Key{Aggregate: "account", ID: account.ID, Version: account.Version},
		&usersevents.EmailChanged{UserId: account.ID, OldEmail: old, Email: account.Email, FirstName: account.FirstName, Locale: account.Locale})
}
