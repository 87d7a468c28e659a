package signin

import (
	"context"
	"errors"
	"strings"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/pending"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/session"
	"app/modules/users/internal/store"
	"app/modules/users/internal/tries"
	"app/platform/database"
	"app/platform/fault"
)

// ticketPrefix lets scanners of leaked secrets recognise one.
const ticketPrefix = "spt_"

// suspendSignIn keeps a sign-in that needs a second factor.
func (s *Service) suspendSignIn(ctx context.Context, tx *database.Tx, in proof, factors []authn.Method) (session.SignedIn, error) {
	now := s.now()
	ticket := secret.NewToken(ticketPrefix)
	err := pending.Insert(ctx, tx, pending.SignIn{
		TicketHash: secret.HashToken(ticket), AccountID: in.Account.ID, Methods: string(in.Method), Transport: string(in.Transport),
		CreatedAt: now, ExpiresAt: now.Add(pending.Life),
	})
	if err != nil {
		return session.SignedIn{}, err
	}
	entry := audit.Entry{AccountID: in.Account.ID, Event: audit.SignIn, Outcome: audit.OutcomePending, Detail: string(in.Method)}
	return session.SignedIn{Ticket: ticket, Factors: factors}, s.audits.Record(ctx, tx, entry)
}

// pendingOf finds the sign-in of a ticket and counts a try at its second factor before
// the factor is judged: the Write must commit whatever becomes of it. ok is false for a
// ticket that is unknown, over, spent or has had its five tries; all are TicketInvalid to
// the client.
func (s *Service) pendingOf(ctx context.Context, tx *database.Tx, ticket string) (p pending.SignIn, ok bool, err error) {
	p, err = pending.ByHash(ctx, tx, secret.HashToken(ticket))
	if err == nil {
		err = pending.Try(ctx, tx, p.TicketHash, s.now())
	}
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrChanged) {
		return pending.SignIn{}, false, nil
	}
	return p, err == nil, err
}

// accountOfPendingSignIn finds the account whose sign-in waits for its second factor.
func accountOfPendingSignIn(ticket string) tries.AccountOf {
	return func(ctx context.Context, tx *database.Tx) (string, error) {
		p, err := pending.ByHash(ctx, tx, secret.HashToken(ticket))
		if errors.Is(err, store.ErrNotFound) {
			return "", nil
		}
		return p.AccountID, err
	}
}

// finishPending turns a pending sign-in, for which the second factor has just been
// judged good, into a session at AAL2. It is called in the Write that spent the factor
// (the time step of a TOTP, the recovery code). Of two calls at once one gets the
// session, the other TicketInvalid.
func (s *Service) finishPending(ctx context.Context, tx *database.Tx, p pending.SignIn, method authn.Method) (session.SignedIn, error) {
	err := pending.Spend(ctx, tx, p.TicketHash, s.now())
	if errors.Is(err, store.ErrChanged) {
		return session.SignedIn{}, reason.TicketInvalid.New()
	}
	if err != nil {
		return session.SignedIn{}, err
	}
	owner, exists, err := account.IfExists(account.Lock(ctx, tx, p.AccountID))
	if err != nil {
		return session.SignedIn{}, err
	}
	if !exists || owner.Disabled() {
		return session.SignedIn{}, reason.TicketInvalid.New()
	}
	methods := strings.Join(append(strings.Fields(p.Methods), string(method)), " ")
	return s.sessions.Open(ctx, tx, owner, session.Session{Methods: methods, Level: int(authn.AAL2), Transport: p.Transport})
}

// CompleteSignIn shows the second factor of the sign-in that the ticket stands for.
// Errors: ticket_invalid when the ticket is over or has had its five tries;
// code_invalid; factor_paused after five wrong codes in a row, with a time to wait;
// sign_in_limited.
func (s *Service) CompleteSignIn(ctx context.Context, ticket string, f factor.Proof) (out session.SignedIn, err error) {
	s.keys.Reread(ctx)
	counted, err := s.tries.CountCode(ctx, accountOfPendingSignIn(ticket))
	if err != nil {
		return session.SignedIn{}, err
	}
	var refusal error = reason.TicketInvalid.New()
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		waiting, ok, err := s.pendingOf(ctx, tx, ticket)
		if err != nil || !ok {
			return err
		}
		if refusal, err = s.factors.Verify(ctx, tx, waiting.AccountID, f); err != nil {
			return err
		}
		if refusal != nil {
			return s.audits.Record(ctx, tx, audit.Entry{
				AccountID: waiting.AccountID, Event: audit.SecondFactor, Outcome: fault.ReasonOf(refusal), Detail: string(f.Method),
			})
		}
		if out, err = s.finishPending(ctx, tx, waiting, f.Method); err != nil {
			return err
		}
		return s.tries.GiveBack(ctx, tx, counted)
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return out, err
}
