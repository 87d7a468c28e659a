package service

import (
	"context"
	"crypto/subtle"
	"errors"

	"app/modules/users/internal/store"
	"app/modules/users/usersevents"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/ids"
)

// Proof is a code and what it is for.
type Proof struct {
	Email, Code string
	// Registration, when not empty, is what Register returned: only its code counts.
	Registration string
}

// errCode is the one answer to every code that is not accepted.
func errCode() error {
	f := fault.New(fault.InvalidArgument, "code_invalid", "The code is wrong, used or no longer valid.")
	f.Fields = []fault.Field{{Pointer: "/code", Detail: "is wrong, used or no longer valid"}}
	return f
}

// Verify turns the registration that the code belongs to into an account.
//
//  1. Only the newest code of an address counts, for CodeLife, five tries and one success, however many requests
//     come at once: a try is counted before it is judged.
//  2. The account gets password and names of that registration and of no other.
//  3. An account that came to be in the meantime (made by an operator) is left as it is.
//
// Errors: code_invalid, the same for every reason and every address.
func (s *Service) Verify(ctx context.Context, in Proof) (user User, err error) {
	addr, ok := parseAddress(in.Email)
	if !ok || !sixDigits(in.Code) {
		return User{}, errCode()
	}
	if err := s.LoadKeys(ctx); err != nil {
		return User{}, err
	}
	in.Email = addr.key
	id := ids.For(ctx, "usr", s.now())
	for range 2 { // once more when an operator made the account at this very moment
		err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
			var err error
			user, ok, err = s.verify(ctx, tx, in, id)
			return err
		})
		if !errors.Is(err, store.ErrDuplicate) {
			break
		}
	}
	if err == nil && !ok {
		err = errCode()
	}
	return user, err
}

func sixDigits(code string) bool {
	for i := range len(code) {
		if code[i] < '0' || code[i] > '9' {
			return false
		}
	}
	return len(code) == 6
}

// verify must not fail for a wrong code: the try has to be committed.
func (s *Service) verify(ctx context.Context, tx *database.Tx, in Proof, id string) (u User, ok bool, err error) {
	if _, repeatable := callctx.IdempotencyOf(ctx); repeatable {
		if done, exists, err := known(store.AccountByID(ctx, tx, id)); exists || err != nil {
			return userOf(done), exists, err // the request was sent twice and has had its effect
		}
	}
	code, ok, err := s.spend(ctx, tx, in)
	if !ok || err != nil {
		return User{}, false, err
	}
	if there, exists, err := known(store.AccountByEmail(ctx, tx, code.EmailKey)); exists || err != nil {
		return userOf(there), exists, err
	}
	account := s.accountFor(id, code)
	if err := store.InsertAccount(ctx, tx, account); err != nil {
		return User{}, false, err
	}
	err = events.Emit(ctx, tx, events.Key{Aggregate: "account", ID: account.ID, Version: account.Version},
		&usersevents.Registered{UserId: account.ID, Email: account.Email, FirstName: account.FirstName, Locale: account.Locale})
	return userOf(account), err == nil, err
}

// spend uses up the newest code of the address if it is the one given.
func (s *Service) spend(ctx context.Context, tx *database.Tx, in Proof) (code store.Code, ok bool, err error) {
	code, err = store.NewestCode(ctx, tx, in.Email, store.VerifyAddress)
	if err == nil && in.Registration != "" && in.Registration != code.ID {
		return store.Code{}, false, nil
	}
	if err == nil {
		err = store.TryCode(ctx, tx, code.ID, s.now())
	}
	if err == nil && subtle.ConstantTimeCompare([]byte(code.Hash), []byte(s.codeHash(code, in.Code))) != 1 {
		return store.Code{}, false, nil
	}
	if err == nil {
		err = store.SpendCode(ctx, tx, code.ID, s.now())
	}
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrChanged) {
		return store.Code{}, false, nil
	}
	return code, err == nil, err
}

func (s *Service) accountFor(id string, code store.Code) store.Account {
	now := database.Time(database.Micros(s.now())) // as it will be read back
	return store.Account{
		ID: id, Email: code.Email, EmailKey: code.EmailKey, PasswordHash: code.PasswordHash,
		FirstName: code.FirstName, MiddleName: code.MiddleName, LastName: code.LastName,
		VerifiedAt: now, Version: 1, CreatedAt: now, Locale: code.Locale,
	}
}
