package signin

import (
	"context"
	"errors"

	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/ceremony"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/pending"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/session"
	"app/modules/users/internal/store"
	"app/platform/database"
)

// BeginPasskey begins to show a passkey: to sign in with nothing else
// (ceremony.SignIn), to complete the sign-in of a ticket (ceremony.SecondFactor), or to
// prove again who the caller is (ceremony.StepUp). Errors: passkeys_unavailable;
// ticket_invalid; Unauthenticated.
func (s *Service) BeginPasskey(ctx context.Context, purpose, ticket string) (out factor.Challenge, err error) {
	if err := s.factors.RequirePasskeys(); err != nil {
		return factor.Challenge{}, err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		row := ceremony.Ceremony{Purpose: purpose}
		switch purpose {
		case ceremony.SecondFactor:
			waiting, err := pending.ByHash(ctx, tx, secret.HashToken(ticket))
			if err != nil {
				return ticketError(err)
			}
			row.AccountID, row.TicketHash = waiting.AccountID, waiting.TicketHash
		case ceremony.StepUp:
			current, err := s.sessions.Own(ctx, tx)
			if err != nil {
				return err
			}
			row.AccountID, row.SessionID = current.AccountID, current.ID
		}
		out, err = s.factors.BeginChallenge(ctx, tx, row)
		return err
	})
	return out, err
}

func ticketError(err error) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrChanged) {
		return reason.TicketInvalid.New()
	}
	return err
}

// PasskeyAnswer is a browser's answer to BeginPasskey.
type PasskeyAnswer struct {
	Ceremony   string
	Ticket     string // for ceremony.SecondFactor
	Credential []byte // JSON
	Transport  authn.Transport
	StepUp     bool // the answer to a challenge for that, and to no other
}

// FinishPasskey ends what BeginPasskey began: in a session, or, for ceremony.StepUp, in
// the caller's session made fresh.
//
//  1. The challenge is used up, whatever comes of it, and a ticket's try is counted.
//  2. The answer is checked: challenge, origin and host of PUBLIC_URL, signature, that
//     the user was checked, and the sign count. A count that does not grow tells of a
//     copy, and is refused.
//  3. Of two answers at once with one count, one is accepted.
//
// Errors: passkey_invalid, the same for every reason; ticket_invalid; Unauthenticated.
func (s *Service) FinishPasskey(ctx context.Context, in PasskeyAnswer) (out session.SignedIn, err error) {
	s.keys.Reread(ctx)
	var waiting pending.SignIn
	answer := factor.Answer{Ceremony: in.Ceremony, Credential: in.Credential}
	shown, err := s.factors.CheckPasskey(ctx, answer, func(ctx context.Context, tx *database.Tx, c ceremony.Ceremony) (refusal, err error) {
		waiting, refusal, err = s.pendingOfCeremony(ctx, tx, c, in.Ticket)
		return refusal, err
	})
	if err != nil {
		return session.SignedIn{}, err
	}
	if shown.Refusal == nil && in.StepUp != (shown.Ceremony.Purpose == ceremony.StepUp) {
		shown.Refusal = errors.New("the challenge was for something else")
	}
	if shown.Refusal != nil {
		return session.SignedIn{}, s.refusePasskey(ctx, shown.Account.ID, shown.Refusal)
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := s.factors.UsePasskey(ctx, tx, shown); err != nil {
			return err
		}
		switch shown.Ceremony.Purpose {
		case ceremony.SecondFactor:
			out, err = s.finishPending(ctx, tx, waiting, authn.ByPasskey)
		case ceremony.StepUp:
			out, err = s.stepUpIn(ctx, tx, shown.Ceremony.SessionID)
		default:
			out, err = s.signIn(ctx, tx, proof{Account: shown.Account, Method: authn.ByPasskey, Level: authn.AAL2, Transport: in.Transport})
		}
		return err
	})
	if reason.InvalidCredentials.Matches(err) { // the account is disabled, which it does not say
		err = factor.ErrPasskey(err)
	}
	return out, err
}

// pendingOfCeremony counts a ticket's try where the challenge was for one.
func (s *Service) pendingOfCeremony(ctx context.Context, tx *database.Tx, c ceremony.Ceremony, ticket string) (p pending.SignIn, refusal, err error) {
	if c.Purpose != ceremony.SecondFactor {
		return pending.SignIn{}, nil, nil
	}
	p, ok, err := s.pendingOf(ctx, tx, ticket)
	if err == nil && (!ok || p.TicketHash != c.TicketHash) {
		refusal = reason.TicketInvalid.New()
	}
	return p, refusal, err
}

// refusePasskey records the refusal.
func (s *Service) refusePasskey(ctx context.Context, accountID string, cause error) error {
	s.logger.WarnContext(ctx, "passkey refused", "user_id", accountID, "error", cause.Error())
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return s.audits.Record(ctx, tx, audit.Entry{
			AccountID: accountID, Event: audit.SignIn, Outcome: reason.PasskeyInvalid.Code, Detail: string(authn.ByPasskey),
		})
	})
	if err != nil {
		return err
	}
	return factor.ErrPasskey(cause)
}

// stepUpIn makes the session fresh in which the challenge was asked for, and no other.
func (s *Service) stepUpIn(ctx context.Context, tx *database.Tx, sessionID string) (session.SignedIn, error) {
	current, err := s.sessions.Own(ctx, tx)
	if err != nil {
		return session.SignedIn{}, err
	}
	if current.ID != sessionID {
		return session.SignedIn{}, factor.ErrPasskey(errors.New("the challenge is another session's"))
	}
	return s.sessions.StepUp(ctx, tx, authn.ByPasskey, authn.AAL2)
}
