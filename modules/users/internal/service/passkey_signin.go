package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"app/modules/users/internal/secret"
	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/fault"
)

// ChallengePasskey begins to show a passkey: to sign in with nothing else
// (PasskeySignIn), to complete the sign-in of a ticket (PasskeyFactor), or to prove
// again who the caller is (PasskeyStepUp). Errors: passkeys_unavailable;
// ticket_invalid; Unauthenticated.
func (s *Service) ChallengePasskey(ctx context.Context, purpose, ticket string) (out Challenge, err error) {
	w, err := s.webAuthn()
	if err != nil {
		return Challenge{}, err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		row := store.Ceremony{Purpose: purpose}
		switch purpose {
		case PasskeyFactor:
			pending, err := store.PendingByHash(ctx, tx, secret.HashToken(ticket))
			if err != nil {
				return ticketError(err)
			}
			row.AccountID, row.TicketHash = pending.AccountID, pending.TicketHash
		case PasskeyStepUp:
			session, err := s.ownSession(ctx, tx)
			if err != nil {
				return err
			}
			row.AccountID, row.SessionID = session.AccountID, session.ID
		}
		options, data, err := beginAssertion(ctx, tx, w, row.AccountID)
		if err != nil {
			return err
		}
		out.Options = options
		out.Ceremony, err = s.keepCeremony(ctx, tx, row, data)
		return err
	})
	return out, err
}

func ticketError(err error) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrChanged) {
		return errTicket()
	}
	return err
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
		return nil, nil, errPasskey(errors.New("the account has none"))
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

// ShownPasskey is a browser's answer to ChallengePasskey.
type ShownPasskey struct {
	Ceremony   string
	Ticket     string // for PasskeyFactor
	Credential []byte // JSON
	Transport  Transport
	StepUp     bool // the answer to a challenge for that, and to no other
}

// ShowPasskey ends what ChallengePasskey began: in a session, or, for PasskeyStepUp, in
// the caller's session made fresh.
//
//  1. The challenge is used up, whatever comes of it, and a ticket's try is counted.
//  2. The answer is checked: challenge, origin and host of PUBLIC_URL, signature, that
//     the user was checked, and the sign count. A count that does not grow tells of a
//     copy, and is refused.
//  3. Of two answers at once with one count, one is accepted.
//
// Errors: passkey_invalid, the same for every reason; ticket_invalid; Unauthenticated.
func (s *Service) ShowPasskey(ctx context.Context, in ShownPasskey) (out SignedIn, err error) {
	w, err := s.webAuthn()
	if err != nil {
		return SignedIn{}, err
	}
	s.Keys.Reread(ctx)
	answer, err := protocol.ParseCredentialRequestResponseBytes(in.Credential)
	if err != nil {
		return SignedIn{}, errPasskey(err)
	}
	shown, err := s.takeShown(ctx, in, answer)
	if err != nil {
		return SignedIn{}, err
	}
	used, err := shown.verifyAnswer(w, answer)
	if err == nil && in.StepUp != (shown.ceremony.Purpose == PasskeyStepUp) {
		err = errors.New("the challenge was for something else")
	}
	if err != nil {
		return SignedIn{}, s.refusePasskey(ctx, shown.user.account.ID, err)
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := s.usePasskey(ctx, tx, shown.user, used); err != nil {
			return err
		}
		switch shown.ceremony.Purpose {
		case PasskeyFactor:
			out, err = s.completeSignIn(ctx, tx, shown.pending, ByPasskey)
		case PasskeyStepUp:
			out, err = s.stepUpIn(ctx, tx, shown.ceremony.SessionID)
		default:
			out, err = s.signIn(ctx, tx, SignIn{Account: shown.user.account, Method: ByPasskey, Level: AAL2, Transport: in.Transport})
		}
		return err
	})
	if fault.ReasonOf(err) == "invalid_credentials" { // the account is disabled, which it does not say
		err = errPasskey(err)
	}
	return out, err
}

// shownPasskey is what an answer is checked against.
type shownPasskey struct {
	ceremony store.Ceremony
	session  webauthn.SessionData
	pending  store.Pending // for PasskeyFactor
	user     holder        // whose passkey it is
}

// takeShown uses the challenge up, counts a ticket's try, and finds out whose passkey
// it is. A refusal does not undo the first two.
func (s *Service) takeShown(ctx context.Context, in ShownPasskey, answer *protocol.ParsedCredentialAssertionData) (out shownPasskey, err error) {
	var refusal error
	out.ceremony, out.session, err = s.takeCeremony(ctx, in.Ceremony, func(ctx context.Context, tx *database.Tx, c store.Ceremony) error {
		if c.Purpose == PasskeyFactor {
			var ok bool
			if out.pending, ok, err = s.pendingOf(ctx, tx, in.Ticket); err != nil {
				return err
			}
			if !ok || out.pending.TicketHash != c.TicketHash {
				refusal = errTicket()
				return nil
			}
		}
		passkey, err := store.PasskeyByHash(ctx, tx, secret.HashToken(string(answer.RawID)))
		if errors.Is(err, store.ErrNotFound) {
			refusal = errPasskey(err)
			return nil
		}
		if err == nil {
			out.user, err = holderOf(ctx, tx, passkey.AccountID)
		}
		return err
	})
	return out, errors.Join(err, refusal)
}

// verifyAnswer verifies an answer. The passkey's account has to be the ceremony's, or
// the one that the answer names.
func (p shownPasskey) verifyAnswer(w *webauthn.WebAuthn, answer *protocol.ParsedCredentialAssertionData) (used *webauthn.Credential, err error) {
	switch c := p.ceremony; {
	case c.Purpose == passkeyRegister:
		return nil, errors.New("the challenge was for a new passkey")
	case c.AccountID != "" && c.AccountID != p.user.account.ID:
		return nil, errors.New("the passkey is another account's")
	case c.AccountID != "":
		used, err = w.ValidateLogin(p.user, p.session, answer)
	default:
		used, err = w.ValidateDiscoverableLogin(func(_, _ []byte) (webauthn.User, error) { return p.user, nil }, p.session, answer)
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller names it
	}
	if used.Authenticator.CloneWarning {
		return nil, errors.New("the sign count did not grow: there may be a copy")
	}
	return used, nil
}

// refusePasskey records the refusal.
func (s *Service) refusePasskey(ctx context.Context, accountID string, cause error) error {
	s.logger.WarnContext(ctx, "passkey refused", "user_id", accountID, "error", cause.Error())
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return s.recordAudit(ctx, tx, AuditEntry{AccountID: accountID, Event: AuditSignIn, Outcome: "passkey_invalid", Detail: string(ByPasskey)})
	})
	if err != nil {
		return err
	}
	return errPasskey(cause)
}

// usePasskey records the use and the new count.
func (s *Service) usePasskey(ctx context.Context, tx *database.Tx, user holder, used *webauthn.Credential) error {
	kept, err := json.Marshal(used)
	if err != nil {
		return fmt.Errorf("keep passkey: %w", err)
	}
	hash := secret.HashToken(string(used.ID))
	for _, p := range user.passkeys {
		if p.KeyHash != hash {
			continue
		}
		before := p.SignCount
		p.Credential, p.SignCount = string(kept), int64(used.Authenticator.SignCount)
		err := store.UsePasskey(ctx, tx, p, before, s.now())
		if errors.Is(err, store.ErrChanged) {
			return errPasskey(err)
		}
		return err
	}
	return errPasskey(errors.New("the account has no such passkey"))
}

// stepUpIn makes the session fresh in which the challenge was asked for, and no other.
func (s *Service) stepUpIn(ctx context.Context, tx *database.Tx, sessionID string) (SignedIn, error) {
	session, err := s.ownSession(ctx, tx)
	if err != nil {
		return SignedIn{}, err
	}
	if session.ID != sessionID {
		return SignedIn{}, errPasskey(errors.New("the challenge is another session's"))
	}
	return s.stepUp(ctx, tx, ByPasskey, AAL2)
}
