package service

import (
	"context"
	"errors"
	"strings"
	"time"

	"app/modules/users/internal/secret"
	"app/modules/users/internal/store"
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
func (s *Service) suspendSignIn(ctx context.Context, tx *database.Tx, in SignIn, factors []Method) (SignedIn, error) {
	now := s.now()
	ticket := secret.NewToken(ticketPrefix)
	err := store.InsertPending(ctx, tx, store.Pending{
		TicketHash: secret.HashToken(ticket), AccountID: in.Account.ID, Methods: string(in.Method), Transport: string(in.Transport),
		CreatedAt: now, ExpiresAt: now.Add(TicketLife),
	})
	if err != nil {
		return SignedIn{}, err
	}
	entry := AuditEntry{AccountID: in.Account.ID, Event: AuditSignIn, Outcome: OutcomePending, Detail: string(in.Method)}
	return SignedIn{Ticket: ticket, Factors: factors}, s.recordAudit(ctx, tx, entry)
}

// pendingOf finds the sign-in of a ticket and counts a try at its second factor before
// the factor is judged: the Write must commit whatever becomes of it. ok is false for a
// ticket that is unknown, over, spent or has had its five tries; all are errTicket to
// the client.
func (s *Service) pendingOf(ctx context.Context, tx *database.Tx, ticket string) (p store.Pending, ok bool, err error) {
	p, err = store.PendingByHash(ctx, tx, secret.HashToken(ticket))
	if err == nil {
		err = store.TryPending(ctx, tx, p.TicketHash, s.now())
	}
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrChanged) {
		return store.Pending{}, false, nil
	}
	return p, err == nil, err
}

// completeSignIn turns a pending sign-in, for which the second factor has just been
// judged good, into a session at AAL2. It is called in the Write that spent the factor
// (the time step of a TOTP, the recovery code). Of two calls at once one gets the
// session, the other errTicket.
func (s *Service) completeSignIn(ctx context.Context, tx *database.Tx, p store.Pending, method Method) (SignedIn, error) {
	err := store.SpendPending(ctx, tx, p.TicketHash, s.now())
	if errors.Is(err, store.ErrChanged) {
		return SignedIn{}, errTicket()
	}
	if err != nil {
		return SignedIn{}, err
	}
	account, exists, err := accountIfExists(store.LockAccount(ctx, tx, p.AccountID))
	if err != nil {
		return SignedIn{}, err
	}
	if !exists || account.Disabled() {
		return SignedIn{}, errTicket()
	}
	methods := strings.Join(append(strings.Fields(p.Methods), string(method)), " ")
	return s.openSession(ctx, tx, account, store.Session{Methods: methods, Level: int(AAL2), Transport: p.Transport})
}
