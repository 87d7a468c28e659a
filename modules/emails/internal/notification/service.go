package notification

import (
	"context"
	"errors"
	"log/slog"
	"net/mail"
	"time"

	"google.golang.org/protobuf/proto"

	"app/modules/emails/internal/budget"
	"app/modules/emails/internal/contact"
	"app/modules/emails/internal/email"
	"app/modules/emails/internal/withheld"
	"app/platform/database"
	"app/platform/emailaddr"
	"app/platform/events"
)

// Service writes an e-mail for each event that it is given. It is safe for concurrent
// use.
type Service struct {
	DB       *database.DB
	Emails   *email.Service
	Withheld *withheld.Service
	Logger   *slog.Logger
	Now      func() time.Time
}

// queueForEvent queues an e-mail on account of an event, in the language of whom the
// event is about. When the recipient has had enough it is withheld, and the event is
// handled. Modules emit what emailaddr takes, so an address that it refuses was kept by
// a release that took more: no e-mail reaches it, and to refuse the event would leave
// one behind that nobody can mend. It is logged, without the address, and over. What no
// release took is a mistake, and the event fails for the operator to see.
func (s *Service) queueForEvent(ctx context.Context, tx *database.Tx, e events.Envelope, body proto.Message, d email.Draft) error {
	d.EventID = e.ID
	if d.Locale == "" {
		d.Locale = localeOf(body)
	}
	if err := rememberAccount(ctx, tx, e, body); err != nil {
		return err
	}
	_, err := s.Emails.Queue(ctx, tx, d)
	var spent *budget.SpentError
	switch {
	case errors.Is(err, emailaddr.ErrAddress) && takenOnce(d.Recipient):
		s.Logger.WarnContext(ctx, "no e-mail can reach the address of an event", "event", e.ID, "template", d.Template)
		return nil
	case errors.As(err, &spent):
		return s.Withheld.Count(ctx, tx, d.Recipient, d.Template, withheld.OverBudget)
	}
	return err
}

// rememberAccount notes the address of the account that an event is about. Whoever has
// an account has shown that the address is theirs.
func rememberAccount(ctx context.Context, tx *database.Tx, e events.Envelope, body proto.Message) error {
	account, ok := body.(interface {
		GetUserId() string
		GetEmail() string
	})
	if !ok || account.GetUserId() == "" {
		return nil
	}
	return contact.RememberAccount(ctx, tx, account.GetUserId(), account.GetEmail(), e.OccurredAt)
}

// localeOf is the language of whom an event is about, empty where the event does not
// say.
func localeOf(body proto.Message) string {
	if b, ok := body.(interface{ GetLocale() string }); ok {
		return b.GetLocale()
	}
	return ""
}

// takenOnce reports whether an earlier release took the address: checkout asked only
// for one bare addr-spec.
func takenOnce(address string) bool {
	parsed, err := mail.ParseAddress(address)
	return err == nil && parsed.Address == address
}

// Forget removes what is no longer needed: budgets that are whole again, customers of
// orders older than keep, and what was withheld a month ago.
func (s *Service) Forget(ctx context.Context, keep time.Duration) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return errors.Join(
			budget.Forget(ctx, tx, s.Now()), contact.Forget(ctx, tx, s.Now().Add(-keep)), s.Withheld.Forget(ctx, tx),
		)
	})
}
