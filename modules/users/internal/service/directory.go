package service

import (
	"context"
	"errors"
	"fmt"

	"app/modules/users/internal/store"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/ids"
)

// FindByID looks an account up for another module. Errors: user_not_found.
func (s *Service) FindByID(ctx context.Context, id string) (User, error) {
	account, err := s.readAccount(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return User{}, errMissing()
	}
	return userOf(account), err
}

// FindByEmail looks an account up by its address, in any case. Errors: user_not_found.
func (s *Service) FindByEmail(ctx context.Context, email string) (User, error) {
	account, err := s.accountByEmail(ctx, email)
	if err == nil && account.ID == "" {
		return User{}, errMissing()
	}
	return userOf(account), err
}

// Newcomer is somebody whom the shop itself lets in, without an e-mail to prove the
// address.
type Newcomer struct{ Email, Password, FirstName, LastName string }

// Ensure makes a verified account unless the address has one, which is left as it is.
// It emits nothing: nobody has registered. Errors: InvalidArgument with pointers.
func (s *Service) Ensure(ctx context.Context, in Newcomer) (user User, created bool, err error) {
	who, wrong := checkPerson(in.Email, in.FirstName, "", in.LastName)
	wrong = append(wrong, s.checkPassword(in.Password, in.Email)...)
	if len(wrong) > 0 {
		return User{}, false, fault.Invalid(wrong...)
	}
	there, err := s.accountByEmail(ctx, who.address.key)
	if err != nil || there.ID != "" {
		return userOf(there), false, err
	}
	account, err := s.createAccount(ctx, who, in.Password, false)
	if errors.Is(err, store.ErrDuplicate) { // somebody else was faster
		there, err = s.accountByEmail(ctx, who.address.key)
		return userOf(there), false, err
	}
	return userOf(account), err == nil, err
}

// createAccount makes an account without a registration; the owner of an
// administrator's is told. store.ErrDuplicate: the address has one.
func (s *Service) createAccount(ctx context.Context, who person, password string, admin bool) (store.Account, error) {
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return store.Account{}, fmt.Errorf("hash password: %w", err)
	}
	account := newAccount(ids.New("usr", s.now()), accountDraft{
		Email: who.address.typed, EmailKey: who.address.key, PasswordHash: hash,
		FirstName: who.firstName, MiddleName: who.middleName, LastName: who.lastName,
	}, s.now())
	account.Admin = admin
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := store.InsertAccount(ctx, tx, account); err != nil || !admin {
			return err
		}
		return s.notifyCredentialsChange(ctx, tx, account.ID, usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_MADE, "")
	})
	return account, err
}
