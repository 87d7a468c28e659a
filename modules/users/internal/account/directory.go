package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"app/modules/users/internal/reason"
	"app/modules/users/internal/store"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/emailaddr"
	"app/platform/fault"
	"app/platform/ids"
)

// FindByID looks an account up for another module. Errors: user_not_found.
func (s *Service) FindByID(ctx context.Context, id string) (User, error) {
	account, err := s.readAccount(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return User{}, reason.UserNotFound.New()
	}
	return UserOf(account), err
}

// FindByEmail looks an account up by its address, in any case. Errors: user_not_found.
func (s *Service) FindByEmail(ctx context.Context, email string) (User, error) {
	account, err := s.RowByEmail(ctx, email)
	if err == nil && account.ID == "" {
		return User{}, reason.UserNotFound.New()
	}
	return UserOf(account), err
}

// Newcomer is somebody whom the shop itself lets in, without an e-mail to prove the
// address.
type Newcomer struct{ Email, Password, FirstName, LastName string }

// Ensure makes a verified account unless the address has one, which is left as it is.
// It emits nothing: nobody has registered. Errors: InvalidArgument with pointers.
func (s *Service) Ensure(ctx context.Context, in Newcomer) (user User, created bool, err error) {
	who, wrong := CheckPerson(in.Email, in.FirstName, "", in.LastName)
	wrong = append(wrong, s.CheckPassword(in.Password, in.Email)...)
	if len(wrong) > 0 {
		return User{}, false, fault.Invalid(wrong...)
	}
	there, err := s.RowByEmail(ctx, who.Address.Key)
	if err != nil || there.ID != "" {
		return UserOf(there), false, err
	}
	account, err := s.Create(ctx, who, in.Password, false)
	if errors.Is(err, store.ErrDuplicate) { // somebody else was faster
		there, err = s.RowByEmail(ctx, who.Address.Key)
		return UserOf(there), false, err
	}
	return UserOf(account), err == nil, err
}

// Create makes an account without a registration; the owner of an
// administrator's is told. store.ErrDuplicate: the address has one.
func (s *Service) Create(ctx context.Context, who Person, password string, admin bool) (Account, error) {
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return Account{}, fmt.Errorf("hash password: %w", err)
	}
	account := FromDraft(ids.New("usr", s.now()), Draft{
		Email: who.Address.Typed, EmailKey: who.Address.Key, PasswordHash: hash,
		FirstName: who.FirstName, MiddleName: who.MiddleName, LastName: who.LastName,
	}, s.now())
	account.Admin = admin
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := Insert(ctx, tx, account); err != nil || !admin {
			return err
		}
		return s.NotifyCredentialsChange(ctx, tx, account.ID, usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_MADE, "")
	})
	return account, err
}

// Somebody finds the account that an administrator names by id or address. Errors:
// user_not_found.
func (s *Service) Somebody(ctx context.Context, who string) (User, error) {
	if who = strings.TrimSpace(who); ids.Valid("usr", who) {
		return s.FindByID(ctx, who)
	}
	return s.FindByEmail(ctx, who)
}

// RowByEmail reads the account of an address as it was typed; one without an id
// when there is none.
func (s *Service) RowByEmail(ctx context.Context, email string) (a Account, err error) {
	key := emailaddr.Key(email)
	err = s.db.ReadOne(ctx, func(ctx context.Context, q *database.Tx) error {
		a, _, err = IfExists(ByEmail(ctx, q, key))
		return err
	})
	return a, err
}
