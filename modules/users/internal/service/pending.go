package service

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/pending"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/session"
	"app/modules/users/internal/store"
	"app/modules/users/internal/tries"
	"app/platform/database"
	"app/platform/fault"
)

// TicketLife is how long a sign-in waits for its second factor.
const TicketLife = 5 * time.Minute

// ticketPrefix lets scanners of leaked secrets recognise one.
const ticketPrefix = "spt_"

func errTicket() error {
	return fault.New(fault.Unauthenticated, "ticket_invalid", "The sign-in is over or has had too many tries: begin again.")
}

// suspendSignIn keeps a sign-in that needs a second factor.
func (s *Service) suspendSignIn(ctx context.Context, tx *database.Tx, in SignIn, factors []authn.Method) (session.SignedIn, error) {
	now := s.now()
	ticket := secret.NewToken(ticketPrefix)
	err := pending.Insert(ctx, tx, pending.SignIn{
		TicketHash: secret.HashToken(ticket), AccountID: in.Account.ID, Methods: string(in.Method), Transport: string(in.Transport),
		CreatedAt: now, ExpiresAt: now.Add(TicketLife),
	})
	if err != nil {
		return session.SignedIn{}, err
	}
	entry := audit.Entry{AccountID: in.Account.ID, Event: audit.SignIn, Outcome: audit.OutcomePending, Detail: string(in.Method)}
	return session.SignedIn{Ticket: ticket, Factors: factors}, s.Audits.Record(ctx, tx, entry)
}

// pendingOf finds the sign-in of a ticket and counts a try at its second factor before
// the factor is judged: the Write must commit whatever becomes of it. ok is false for a
// ticket that is unknown, over, spent or has had its five tries; all are errTicket to
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

// completeSignIn turns a pending sign-in, for which the second factor has just been
// judged good, into a session at AAL2. It is called in the Write that spent the factor
// (the time step of a TOTP, the recovery code). Of two calls at once one gets the
// session, the other errTicket.
func (s *Service) completeSignIn(ctx context.Context, tx *database.Tx, p pending.SignIn, method authn.Method) (session.SignedIn, error) {
	err := pending.Spend(ctx, tx, p.TicketHash, s.now())
	if errors.Is(err, store.ErrChanged) {
		return session.SignedIn{}, errTicket()
	}
	if err != nil {
		return session.SignedIn{}, err
	}
	account, exists, err := account.IfExists(account.Lock(ctx, tx, p.AccountID))
	if err != nil {
		return session.SignedIn{}, err
	}
	if !exists || account.Disabled() {
		return session.SignedIn{}, errTicket()
	}
	methods := strings.Join(append(strings.Fields(p.Methods), string(method)), " ")
	return s.Sessions.Open(ctx, tx, account, session.Session{Methods: methods, Level: int(authn.AAL2), Transport: p.Transport})
}

// SignIn is somebody who has shown who they are, and how.
type SignIn struct {
	// Account as it was when the proof was judged.
	Account account.Account
	Method  authn.Method
	// Level is AAL2 only when the method is two factors by itself.
	Level authn.Level
	// Transport is Bearer when it is empty.
	Transport authn.Transport
	// ProvedAt is when the proof was made, now when it is zero. A provider that
	// somebody had signed in at before tells of that time, and the session counts as
	// fresh from then on.
	ProvedAt time.Time
}

// signIn is where every way of signing in ends. It runs in the Write that spent the
// proof (the code, the state of the provider's answer), and what it returns must not
// leave the process before that Write has committed. The caller has had the keys reread.
//
//  1. The account is read again: one that has been disabled since, or whose password is
//     no longer the one that was checked, is errCredentials, and nothing is written.
//  2. An account with a second factor, when in.Level is AAL1, gets a Ticket instead of
//     a session: see completeSignIn. No method may pass this by, recovery of a password
//     least of all (ASVS 6.4.3).
//  3. Everybody else gets a new session with new secrets, whatever the client presented
//     before (ASVS 7.2.4); a browser's session that the request was made with ends.
//  4. The owner is told of a session that is begun with an unfamiliar program or from
//     an unfamiliar place: see strange.
//  5. Either is recorded in the audit log, with in.Method as its detail. Refusals are
//     recorded by the caller.
//
// The session keeps the method, the level and the time, for fresh.
func (s *Service) signIn(ctx context.Context, tx *database.Tx, in SignIn) (session.SignedIn, error) {
	in.Transport = cmp.Or(in.Transport, authn.Bearer)
	account, exists, err := account.IfExists(account.Lock(ctx, tx, in.Account.ID))
	switch {
	case err != nil:
		return session.SignedIn{}, err
	case !exists, account.Disabled(), in.Method == authn.ByPassword && account.PasswordHash != in.Account.PasswordHash:
		return session.SignedIn{}, authn.ErrCredentials()
	}
	if in.Level < authn.AAL2 {
		factors, err := factor.Of(ctx, tx, account.ID)
		if err != nil {
			return session.SignedIn{}, err
		}
		if len(factors) > 0 {
			return s.suspendSignIn(ctx, tx, in, factors)
		}
	}
	draft := session.Session{Methods: string(in.Method), Level: int(in.Level), Transport: string(in.Transport), ProvedAt: in.ProvedAt}
	return s.Sessions.Open(ctx, tx, account, draft)
}

// CompleteSignIn shows the second factor of the sign-in that the ticket stands for.
// Errors: ticket_invalid when the ticket is over or has had its five tries;
// code_invalid; factor_paused after five wrong codes in a row, with a time to wait;
// sign_in_limited.
func (s *Service) CompleteSignIn(ctx context.Context, ticket string, f factor.Proof) (out session.SignedIn, err error) {
	s.Keys.Reread(ctx)
	counted, err := s.Tries.CountCode(ctx, accountOfPendingSignIn(ticket))
	if err != nil {
		return session.SignedIn{}, err
	}
	refusal := errTicket()
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		pending, ok, err := s.pendingOf(ctx, tx, ticket)
		if err != nil || !ok {
			return err
		}
		if refusal, err = s.Factors.Verify(ctx, tx, pending.AccountID, f); err != nil {
			return err
		}
		if refusal != nil {
			return s.Audits.Record(ctx, tx, audit.Entry{AccountID: pending.AccountID, Event: audit.SecondFactor, Outcome: fault.ReasonOf(refusal), Detail: string(f.Method)})
		}
		if out, err = s.completeSignIn(ctx, tx, pending, f.Method); err != nil {
			return err
		}
		return s.Tries.GiveBack(ctx, tx, counted)
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return out, err
}
