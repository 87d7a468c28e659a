// Package account keeps accounts: who somebody is, under which address, and what anybody
// may know of them. Every account is of a person whose address is verified.
package account

import "time"

// Account is one person whose address is verified.
type Account struct {
	ID           string // usr_...
	Email        string // as it was typed
	EmailKey     string // in lower case, unique
	PasswordHash string // PHC string, or bcrypt
	FirstName    string
	MiddleName   string
	LastName     string
	Admin        bool
	VerifiedAt   time.Time
	DisabledAt   time.Time // zero: not disabled
	Version      int64     // 1 at first, one more with each change of the names
	CreatedAt    time.Time
	Locale       string // language of e-mails, a BCP 47 tag; empty where it is not known
	// Unconfirmed marks an account from elsewhere until somebody has shown that its
	// password and its address are one person's.
	Unconfirmed bool
	// HashKind is the beginning of a PasswordHash from elsewhere, see HashKinds; empty
	// for one of ours or none.
	HashKind string
}

// Disabled reports whether the account may not sign in.
func (a Account) Disabled() bool { return !a.DisabledAt.IsZero() }

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

// FromDraft makes a new account as it will be read back.
func FromDraft(id string, d Draft, now time.Time) Account {
	now = now.UTC().Truncate(time.Microsecond)
	return Account{
		ID: id, Email: d.Email, EmailKey: d.EmailKey, PasswordHash: d.PasswordHash,
		FirstName: d.FirstName, MiddleName: d.MiddleName, LastName: d.LastName,
		VerifiedAt: now, Version: 1, CreatedAt: now, Locale: d.Locale,
	}
}
