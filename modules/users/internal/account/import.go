package account

import (
	"context"
	"errors"
	"fmt"

	"app/modules/users/internal/passwords"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/ids"
)

// Imported is an account from elsewhere. Its address counts as verified: whoever
// imports it answers for that.
type Imported struct {
	Line         int // where it was read
	Email        string
	PasswordHash string // bcrypt or argon2id; empty for an account without a password
	FirstName    string
	MiddleName   string
	LastName     string
}

// ImportError is something wrong with a line of an import.
type ImportError struct {
	Line  int
	Field string // empty for the line as a whole
	Text  string
}

// Error implements error.
func (e *ImportError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("line %d: %s", e.Line, e.Text)
	}
	return fmt.Sprintf("line %d: %s %s", e.Line, e.Field, e.Text)
}

// importBatch is how many accounts one transaction takes.
const importBatch = 200

// Import makes accounts from elsewhere. All are checked first, and nothing is made when
// anything is wrong: the error joins an *ImportError for each mistake. An address that
// has an account is left as it is, so an import may be repeated. It emits nothing:
// nobody has registered. The accounts are marked until their password and their address
// have been shown by one person, see confirm.
func (s *Service) Import(ctx context.Context, in []Imported) (made, there int, err error) {
	accounts, err := s.checkImport(in)
	if err != nil {
		return 0, 0, err
	}
	for len(accounts) > 0 {
		n := min(importBatch, len(accounts))
		added := 0
		err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
			added = 0
			for _, a := range accounts[:n] {
				_, exists, err := IfExists(ByEmail(ctx, tx, a.EmailKey))
				if err != nil {
					return err
				}
				if exists {
					continue
				}
				if err := Insert(ctx, tx, a); err != nil {
					return err
				}
				added++
			}
			return nil
		})
		if err != nil {
			return made, there, fmt.Errorf("import accounts: %w", err)
		}
		made, there, accounts = made+added, there+n-added, accounts[n:]
	}
	return made, there, nil
}

// checkImport collects every mistake.
func (s *Service) checkImport(in []Imported) ([]Account, error) {
	var errs []error
	lines := map[string]int{}
	accounts := make([]Account, 0, len(in))
	for _, i := range in {
		who, wrong := CheckPerson(i.Email, i.FirstName, i.MiddleName, i.LastName)
		if complaint := passwords.Unusable(i.PasswordHash); i.PasswordHash != "" && complaint != "" {
			wrong = append(wrong, fault.Field{Pointer: "/password_hash", Detail: complaint})
		}
		if first, twice := lines[who.Address.Key]; twice && who.Address.Key != "" {
			wrong = append(wrong, fault.Field{Pointer: "/email", Detail: fmt.Sprintf("is the one of line %d", first)})
		}
		lines[who.Address.Key] = i.Line
		for _, f := range wrong {
			errs = append(errs, &ImportError{Line: i.Line, Field: f.Pointer[1:], Text: f.Detail})
		}
		account := FromDraft(ids.New("usr", s.now()), Draft{
			Email: who.Address.Typed, EmailKey: who.Address.Key, PasswordHash: i.PasswordHash,
			FirstName: who.FirstName, MiddleName: who.MiddleName, LastName: who.LastName,
		}, s.now())
		account.Unconfirmed, account.HashKind = true, s.hasher.Kind(i.PasswordHash)
		accounts = append(accounts, account)
	}
	return accounts, errors.Join(errs...)
}
