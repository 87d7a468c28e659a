package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"app/modules/emails/internal/store"
	"app/modules/emails/internal/template"
	"app/platform/database"
)

// Limits are how many e-mails are written. Each is so many at once, and as many again
// spread evenly over the hour or the day, and is counted in the database, so that
// replicas share it.
type Limits struct {
	// Recipient is how many e-mails a day an address gets that it may not have asked
	// for. At least 1.
	Recipient int
	// Merchant, Owner and Network are how many e-mails an hour a merchant may write,
	// all merchants of one owner together, and all that write from one network. None
	// when 0.
	Merchant, Owner, Network int
}

// budget is one of the limits.
type budget struct {
	kind string // "recipient", "merchant", "owner" or "network"
	key  string
	most int
	per  time.Duration
	room int // how many of most may be spent by the letter in question
}

// spentError says that a budget has no room for an e-mail.
type spentError struct {
	budget budget
	wait   time.Duration
}

// Error implements error.
func (e *spentError) Error() string {
	return fmt.Sprintf("the budget of the %s has no room for %s", e.budget.kind, e.wait)
}

// spendBudgets counts an e-mail against the budgets of whoever asks for it and against
// its recipient's, always in the same order: rows are locked in it. Error: a
// *spentError; what was counted before it has to be taken back with the transaction, or
// be nothing.
func (s *Service) spendBudgets(ctx context.Context, tx *database.Tx, t template.Template, o order) error {
	spends := o.spends
	if t.Counts != template.Never && !o.free {
		mailbox, err := template.Mailbox(o.recipient)
		if err != nil {
			return fmt.Errorf("count letter: %w", err)
		}
		most := s.Limits.Recipient
		spends = append(spends[:len(spends):len(spends)], budget{"recipient", mailbox, most, 24 * time.Hour, t.Counts.Limit(most)})
	}
	for _, b := range spends {
		if b.most < 1 {
			return &spentError{b, b.per}
		}
		sum := sha256.Sum256([]byte(b.kind + "\x00" + b.key))
		wait, err := store.Spend(ctx, tx, store.Budget{ID: hex.EncodeToString(sum[:]), Burst: b.most, Step: b.per / time.Duration(b.most)}, b.room, s.Now())
		if err != nil {
			return err
		}
		if wait > 0 {
			return &spentError{b, wait}
		}
	}
	return nil
}

// Why an e-mail was not written.
const (
	overBudget = "budget" // the recipient has had enough
	unpaid     = "unpaid" // about an order that was never paid, to an address that may be anybody's
)

// withholdEmail counts an e-mail that is not written, in the transaction of the event
// that it is about. Nobody is told: whoever caused the event may be a stranger to the
// recipient.
func (s *Service) withholdEmail(ctx context.Context, tx *database.Tx, o order, reason string) error {
	err := store.Withhold(ctx, tx, store.Withheld{Recipient: strings.ToLower(o.recipient), Template: o.template, Reason: reason, LastAt: s.Now()})
	if err == nil {
		tx.AfterCommit(func() { s.metrics.withheld.WithLabelValues(o.template, reason).Inc() })
	}
	return err
}

// keepWithheld is how long it is known which e-mails were not written.
const keepWithheld = 30 * 24 * time.Hour

// Forget removes what is no longer needed: budgets that are whole again, customers of
// orders older than keep, and what was withheld a month ago.
func (s *Service) Forget(ctx context.Context, keep time.Duration) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return errors.Join(
			store.ForgetBudgets(ctx, tx, s.Now()), store.ForgetCustomers(ctx, tx, s.Now().Add(-keep)), store.ForgetWithheld(ctx, tx, s.Now().Add(-keepWithheld)),
		)
	})
}

// Withheld lists e-mails that were not written, newest first.
func (s *Service) Withheld(ctx context.Context, limit int) (found []store.Withheld, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		found, err = store.WithheldLetters(ctx, q, limit)
		return err
	})
	return found, err
}
