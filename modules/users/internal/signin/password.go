package signin

import (
	"context"
	"errors"
	"fmt"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/passwords"
	"app/modules/users/internal/reason"
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

// SignInWithPassword signs in with a password. An address that is unknown, not verified
// or disabled and a password that is wrong or empty have the same answer after the same
// work: one look-up, one count, one hash of each kind that there is, one record. Errors:
// invalid_credentials; sign_in_limited; Unavailable when too many hashes are waiting.
func (s *Service) SignInWithPassword(ctx context.Context, in Credentials) (out session.SignedIn, err error) {
	s.keys.Reread(ctx)
	found, kinds, err := s.findByAddress(ctx, in.Email)
	if err != nil {
		return session.SignedIn{}, err
	}
	counted, err := s.tries.CountPassword(ctx, found.ID, in.Email)
	if err != nil {
		return session.SignedIn{}, err
	}
	rehashed, err := s.checkPassword(ctx, in.Password, found, kinds)
	if err != nil {
		return session.SignedIn{}, err
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
		out, err = s.signIn(ctx, tx, proof{Account: owner, Method: authn.ByPassword, Level: authn.AAL1, Transport: in.Transport})
		if err != nil {
			return err
		}
		return s.tries.GiveBack(ctx, tx, counted)
	})
	return out, err
}

// checkPassword checks the password of an account, which has no id when there is none of
// the address. rehashed is the hash that has to replace the account's, empty when that
// may stay. A refusal is recorded.
func (s *Service) checkPassword(ctx context.Context, password string, of account.Account, kinds []string) (rehashed string, err error) {
	barred := of.ID == "" || of.Disabled()
	attempt := passwords.Attempt{Stored: of.PasswordHash, Password: password, Kinds: kinds, Barred: barred}
	if s.oursOnly && s.hasher.Kind(of.PasswordHash) != "" {
		attempt.Stored = ""
	}
	verdict, err := s.hasher.CheckLevel(ctx, attempt)
	if err != nil {
		return "", fmt.Errorf("check password: %w", err)
	}
	if !verdict.Match || barred {
		return "", s.refusePassword(ctx, of)
	}
	if verdict.Outdated {
		if rehashed, err = s.hasher.Hash(ctx, password); err != nil {
			return "", fmt.Errorf("hash password: %w", err)
		}
	}
	return rehashed, nil
}

// refusePassword records the attempt, with the same work for every address, and is the
// answer to it.
func (s *Service) refusePassword(ctx context.Context, owner account.Account) error {
	entry := audit.Entry{AccountID: owner.ID, Event: audit.SignIn, Outcome: "wrong_password", Detail: string(authn.ByPassword)}
	switch {
	case owner.ID == "":
		entry.Outcome = "unknown_address"
	case owner.Disabled():
		entry.Outcome = "disabled"
	}
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error { return s.audits.Record(ctx, tx, entry) })
	if err != nil {
		return err
	}
	return reason.InvalidCredentials.New()
}

// findByAddress reads the account of an address as it was typed, and the kinds of hashes
// that came from elsewhere.
func (s *Service) findByAddress(ctx context.Context, email string) (a account.Account, kinds []string, err error) {
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
