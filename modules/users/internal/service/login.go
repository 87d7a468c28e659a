package service

import (
	"context"
	"errors"
	"fmt"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/passwords"
	"app/modules/users/internal/session"
	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/emailaddr"
)

// Credentials are what somebody signs in with.
type Credentials struct {
	Email, Password string
	Transport       authn.Transport
}

// Login signs in with a password. An address that is unknown, not verified or disabled
// and a password that is wrong or empty have the same answer after the same work: one
// look-up, one count, one hash of each kind that there is, one record. Errors:
// invalid_credentials; sign_in_limited; Unavailable when too many hashes are waiting.
func (s *Service) Login(ctx context.Context, in Credentials) (out session.SignedIn, err error) {
	s.Keys.Reread(ctx)
	found, kinds, err := s.signingIn(ctx, in.Email)
	if err != nil {
		return session.SignedIn{}, err
	}
	counted, err := s.Tries.CountPassword(ctx, found.ID, in.Email)
	if err != nil {
		return session.SignedIn{}, err
	}
	attempt := passwords.Attempt{Stored: found.PasswordHash, Password: in.Password, Kinds: kinds, Barred: found.ID == "" || found.Disabled()}
	if s.oursOnly && s.hasher.Kind(found.PasswordHash) != "" {
		attempt.Stored = ""
	}
	verdict, err := s.hasher.CheckLevel(ctx, attempt)
	if err != nil {
		return session.SignedIn{}, fmt.Errorf("check password: %w", err)
	}
	if !verdict.Match || found.ID == "" || found.Disabled() {
		return session.SignedIn{}, s.refuseLogin(ctx, found)
	}
	rehashed := ""
	if verdict.Outdated {
		if rehashed, err = s.hasher.Hash(ctx, in.Password); err != nil {
			return session.SignedIn{}, fmt.Errorf("hash password: %w", err)
		}
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		owner := found
		if rehashed != "" {
			err := account.Rehash(ctx, tx, owner.ID, owner.PasswordHash, rehashed)
			if err != nil && !errors.Is(err, store.ErrChanged) {
				return err
			}
			owner.PasswordHash = rehashed // another one by now is refused by signIn
		}
		out, err = s.signIn(ctx, tx, SignIn{Account: owner, Method: authn.ByPassword, Level: authn.AAL1, Transport: in.Transport})
		if err != nil {
			return err
		}
		return s.Tries.GiveBack(ctx, tx, counted)
	})
	return out, err
}

// refuseLogin records the attempt, with the same work for every address, and is the
// answer to it.
func (s *Service) refuseLogin(ctx context.Context, account account.Account) error {
	entry := audit.Entry{AccountID: account.ID, Event: audit.SignIn, Outcome: "wrong_password", Detail: string(authn.ByPassword)}
	switch {
	case account.ID == "":
		entry.Outcome = "unknown_address"
	case account.Disabled():
		entry.Outcome = "disabled"
	}
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error { return s.Audits.Record(ctx, tx, entry) })
	if err != nil {
		return err
	}
	return authn.ErrCredentials()
}

// signingIn reads the account of an address as it was typed, and the kinds of hashes
// that came from elsewhere.
func (s *Service) signingIn(ctx context.Context, email string) (a account.Account, kinds []string, err error) {
	key := emailaddr.Key(email)
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		if a, _, err = account.IfExists(account.ByEmail(ctx, q, key)); err != nil || s.oursOnly {
			return err
		}
		kinds, err = account.HashKinds(ctx, q)
		return err
	})
	return a, kinds, err
}
