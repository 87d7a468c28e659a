package factor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"app/modules/users/internal/account"
	"app/modules/users/internal/ceremony"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/store"
	"app/platform/database"
)

// BeginChallenge asks for a passkey of the row's account, or for anybody's, and keeps
// what the answer will be checked against. Errors: passkeys_unavailable;
// passkey_invalid when the account has none.
func (s *Service) BeginChallenge(ctx context.Context, tx *database.Tx, row ceremony.Ceremony) (out Challenge, err error) {
	w, err := s.webAuthn()
	if err != nil {
		return Challenge{}, err
	}
	options, data, err := beginAssertion(ctx, tx, w, row.AccountID)
	if err != nil {
		return Challenge{}, err
	}
	out.Options = options
	out.Ceremony, err = s.keepCeremony(ctx, tx, row, data)
	return out, err
}

// beginAssertion asks for a passkey of the account, or for anybody's. Its user has to
// be checked (ASVS 6.3.3): a passkey is as good as two factors.
func beginAssertion(ctx context.Context, tx *database.Tx, w *webauthn.WebAuthn, accountID string) (*protocol.CredentialAssertion, *webauthn.SessionData, error) {
	checked := webauthn.WithUserVerification(protocol.VerificationRequired)
	if accountID == "" {
		options, data, err := w.BeginDiscoverableLogin(checked)
		return options, data, wrapBeginError(err)
	}
	user, err := holderOf(ctx, tx, accountID)
	if err != nil {
		return nil, nil, err
	}
	if len(user.passkeys) == 0 {
		return nil, nil, ErrPasskey(errors.New("the account has none"))
	}
	options, data, err := w.BeginLogin(user, checked)
	return options, data, wrapBeginError(err)
}

func wrapBeginError(err error) error {
	if err != nil {
		return fmt.Errorf("begin ceremony: %w", err)
	}
	return nil
}

// Answer is a browser's answer to a challenge.
type Answer struct {
	Ceremony   string
	Credential []byte // JSON
}

// Assertion is an answer that has been verified: whose it is, and what for.
type Assertion struct {
	Ceremony ceremony.Ceremony
	Account  account.Account
	Refusal  error // why the answer is not good; nil when it is

	holder holder
	used   *webauthn.Credential
}

// shownAssertion is what an answer is checked against.
type shownAssertion struct {
	Ceremony ceremony.Ceremony
	session  webauthn.SessionData
	holder   holder // whose passkey it is
}

// CheckPasskey uses the challenge up, whatever comes of it, and verifies the answer.
// also runs in the Write that uses the challenge up; the refusal that it returns does
// not undo that. Errors: passkey_invalid for an answer that is nobody's or to nothing
// that was asked; passkeys_unavailable.
func (s *Service) CheckPasskey(ctx context.Context, in Answer, also func(ctx context.Context, tx *database.Tx, c ceremony.Ceremony) (refusal, err error)) (out Assertion, err error) {
	w, err := s.webAuthn()
	if err != nil {
		return Assertion{}, err
	}
	answer, err := protocol.ParseCredentialRequestResponseBytes(in.Credential)
	if err != nil {
		return Assertion{}, ErrPasskey(err)
	}
	shown, err := s.takeShown(ctx, in.Ceremony, answer, also)
	if err != nil {
		return Assertion{}, err
	}
	out = Assertion{Ceremony: shown.Ceremony, Account: shown.holder.account, holder: shown.holder}
	out.used, out.Refusal = shown.verifyAnswer(w, answer)
	return out, nil
}

// takeShown uses the challenge up and finds out whose passkey it is. A refusal does not
// undo the first.
func (s *Service) takeShown(ctx context.Context, id string, answer *protocol.ParsedCredentialAssertionData, also func(ctx context.Context, tx *database.Tx, c ceremony.Ceremony) (refusal, err error)) (out shownAssertion, err error) {
	var refusal error
	out.Ceremony, out.session, err = s.takeCeremony(ctx, id, func(ctx context.Context, tx *database.Tx, c ceremony.Ceremony) error {
		if refusal, err = also(ctx, tx, c); err != nil || refusal != nil {
			return err
		}
		passkey, err := PasskeyByHash(ctx, tx, secret.HashToken(string(answer.RawID)))
		if errors.Is(err, store.ErrNotFound) {
			refusal = ErrPasskey(err)
			return nil
		}
		if err == nil {
			out.holder, err = holderOf(ctx, tx, passkey.AccountID)
		}
		return err
	})
	return out, errors.Join(err, refusal)
}

// verifyAnswer verifies an answer. The passkey's account has to be the ceremony's, or
// the one that the answer names.
func (p shownAssertion) verifyAnswer(w *webauthn.WebAuthn, answer *protocol.ParsedCredentialAssertionData) (used *webauthn.Credential, err error) {
	switch c := p.Ceremony; {
	case c.Purpose == ceremony.Register:
		return nil, errors.New("the challenge was for a new passkey")
	case c.AccountID != "" && c.AccountID != p.holder.account.ID:
		return nil, errors.New("the passkey is another account's")
	case c.AccountID != "":
		used, err = w.ValidateLogin(p.holder, p.session, answer)
	default:
		used, err = w.ValidateDiscoverableLogin(func(_, _ []byte) (webauthn.User, error) { return p.holder, nil }, p.session, answer)
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller names it
	}
	if used.Authenticator.CloneWarning {
		return nil, errors.New("the sign count did not grow: there may be a copy")
	}
	return used, nil
}

// UsePasskey records the use of the passkey and its new count. Error: passkey_invalid
// when another answer with the same count came first.
func (s *Service) UsePasskey(ctx context.Context, tx *database.Tx, a Assertion) error {
	used := a.used
	kept, err := json.Marshal(used)
	if err != nil {
		return fmt.Errorf("keep passkey: %w", err)
	}
	hash := secret.HashToken(string(used.ID))
	for _, p := range a.holder.passkeys {
		if p.KeyHash != hash {
			continue
		}
		before := p.SignCount
		p.Credential, p.SignCount = string(kept), int64(used.Authenticator.SignCount)
		err := UsePasskey(ctx, tx, p, before, s.now())
		if errors.Is(err, store.ErrChanged) {
			return ErrPasskey(err)
		}
		return err
	}
	return ErrPasskey(errors.New("the account has no such passkey"))
}
