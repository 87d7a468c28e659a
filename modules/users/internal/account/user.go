package account

import (
	"errors"
	"time"

	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/fault"
)

// User is an account as its owner sees it.
type User struct {
	ID         string
	Email      string
	FirstName  string
	MiddleName string
	LastName   string
	Admin      bool
	Version    int64
	CreatedAt  time.Time
	Locale     string // language of e-mails, a BCP 47 tag; empty where it is not known
}

// UserOf is what the rest of the module may know of an account.
func UserOf(a Account) User {
	return User{
		ID: a.ID, Email: a.Email, FirstName: a.FirstName, MiddleName: a.MiddleName, LastName: a.LastName,
		Admin: a.Admin, Version: a.Version, CreatedAt: a.CreatedAt, Locale: a.Locale,
	}
}

// Draft is what a new account is made of. Its address has been shown to be its
// owner's.
type Draft struct {
	Email, EmailKey string
	PasswordHash    string // empty for an account without a password
	FirstName       string
	MiddleName      string
	LastName        string
	Locale          string
}

// FromDraft makes the row of a new account as it will be read back.
func FromDraft(id string, d Draft, now time.Time) Account {
	now = database.Time(database.Micros(now))
	return Account{
		ID: id, Email: d.Email, EmailKey: d.EmailKey, PasswordHash: d.PasswordHash,
		FirstName: d.FirstName, MiddleName: d.MiddleName, LastName: d.LastName,
		VerifiedAt: now, Version: 1, CreatedAt: now, Locale: d.Locale,
	}
}

// IfExists tells an account that is there from one that is not; the error is any
// other.
func IfExists(a Account, err error) (Account, bool, error) {
	if errors.Is(err, store.ErrNotFound) {
		return Account{}, false, nil
	}
	return a, err == nil, err
}

// SignedOut turns a session that is gone into the answer to its bearer.
func SignedOut(err error) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrChanged) {
		return fault.NotSignedIn.New()
	}
	return err
}
