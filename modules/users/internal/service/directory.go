package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/ids"
)

// FindByID looks an account up for another module. Errors: user_not_found.
func (s *Service) FindByID(ctx context.Context, id string) (User, error) {
	account, err := s.read(ctx, id)
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

// Newcomer is somebody whom the shop itself lets in, without a letter to prove the address.
type Newcomer struct{ Email, Password, FirstName, LastName string }

// Ensure makes a verified account unless the address has one, which is left as it is. It emits nothing: nobody has
// registered. Errors: InvalidArgument with pointers.
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
	account, err := s.admit(ctx, who, in.Password, false)
	if errors.Is(err, store.ErrDuplicate) { // somebody else was faster
		there, err = s.accountByEmail(ctx, who.address.key)
		return userOf(there), false, err
	}
	return userOf(account), err == nil, err
}

// admit makes an account without a registration. store.ErrDuplicate: the address has one.
func (s *Service) admit(ctx context.Context, who person, password string, admin bool) (store.Account, error) {
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return store.Account{}, fmt.Errorf("hash password: %w", err)
	}
	account := s.accountFor(ids.New("usr", s.now()), store.Code{
		Email: who.address.typed, EmailKey: who.address.key, PasswordHash: hash,
		FirstName: who.firstName, MiddleName: who.middleName, LastName: who.lastName,
	})
	account.Admin = admin
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error { return store.InsertAccount(ctx, tx, account) })
	return account, err
}

// Appointment is what MakeAdmin did.
type Appointment struct {
	User     User
	Created  bool // else the account was there
	Promoted bool // else it was an administrator's, or was made as one
	// Generated is the password of a new account for which none was given. It is shown once.
	Generated string
}

// MakeAdmin makes the address's account an administrator's, and makes the account when there is none. The password is for a
// new account only; without one it is generated. Repeating it changes nothing. Errors: InvalidArgument with pointers.
func (s *Service) MakeAdmin(ctx context.Context, email, password string) (Appointment, error) {
	done, err := s.appoint(ctx, email, password)
	if errors.Is(err, store.ErrDuplicate) { // somebody else was faster
		done, err = s.appoint(ctx, email, password)
	}
	return done, err
}

func (s *Service) appoint(ctx context.Context, email, password string) (Appointment, error) {
	there, err := s.accountByEmail(ctx, email)
	if err != nil {
		return Appointment{}, err
	}
	if there.ID != "" {
		return s.promote(ctx, there)
	}
	who, wrong := checkPerson(email, "Shop", "", "Administrator")
	done := Appointment{Created: true}
	if password == "" {
		password = generatePassword()
		done.Generated = password
	}
	if wrong = append(wrong, s.checkPassword(password, email)...); len(wrong) > 0 {
		return Appointment{}, fault.Invalid(wrong...)
	}
	account, err := s.admit(ctx, who, password, true)
	done.User = userOf(account)
	return done, err
}

func (s *Service) promote(ctx context.Context, account store.Account) (Appointment, error) {
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error { return store.PromoteAccount(ctx, tx, account.ID) })
	promoted := err == nil
	if errors.Is(err, store.ErrChanged) {
		err = nil // it is one already
	}
	account.Admin = true
	return Appointment{User: userOf(account), Promoted: promoted}, err
}

// generatePassword makes a password of 125 random bits that the policy accepts.
func generatePassword() string {
	raw := strings.TrimPrefix(newRefreshToken(), refreshPrefix)[:21]
	return "Aa1-" + raw
}
