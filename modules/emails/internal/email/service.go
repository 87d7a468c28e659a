package email

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/modules/emails/internal/budget"
	"app/modules/emails/internal/reason"
	"app/modules/emails/internal/template"
	"app/platform/database"
)

// Options put a service together.
type Options struct {
	DB        *database.DB
	Transport Transport
	Templates *template.Set
	Logger    *slog.Logger
	Now       func() time.Time
	Metrics   prometheus.Registerer // nil for nobody

	Workers  int           // e-mails handed over at the same time
	Lease    time.Duration // how long handing over one e-mail may take
	Attempts int           // tries before an e-mail has failed
	MaxAge   time.Duration // an e-mail that is queued longer has failed; 0 for never
	KeepData bool          // the transport renders by itself
	// RecipientRate is how many e-mails a day an address gets that it may not have
	// asked for: so many at once, and as many again spread over the day. At least 1.
	RecipientRate int
}

// Service queues and sends e-mails. Safe for concurrent use.
type Service struct {
	Options
	// Queued is called after the commit of each e-mail, Later when there will be
	// something to do after a while; nil for nobody. Set them before the first e-mail.
	Queued func()
	Later  func(time.Duration)

	metrics *metrics
	secrets []string // templates whose e-mails are erased

	mu      sync.Mutex
	until   time.Time // the transport is not asked before
	strikes int       // it was blocked so many times in a row
}

// NewService makes a service on a migrated database. Nothing is sent until SendDue is
// called.
func NewService(o Options) (*Service, error) {
	if o.RecipientRate < 1 {
		return nil, errors.New("an address has to be let have an e-mail a day")
	}
	s := &Service{Options: o}
	for _, t := range o.Templates.All() {
		if t.Secret {
			s.secrets = append(s.secrets, t.Name)
		}
	}
	var err error
	s.metrics, err = newMetrics(o.Metrics)
	return s, err
}

// Queue renders a draft and queues the e-mail. An e-mail for the same event, template
// and recipient is there once, however often it is asked for, and is counted once.
// Errors: emailaddr.ErrAddress; a *budget.SpentError when a budget has no room for it.
func (s *Service) Queue(ctx context.Context, tx *database.Tx, d Draft) (Email, error) {
	t, ok := s.Templates.ByName(d.Template)
	if !ok {
		return Email{}, fmt.Errorf("queue e-mail: no template %q", d.Template)
	}
	e, err := s.composeEmail(t, d)
	if err != nil {
		return Email{}, fmt.Errorf("queue e-mail: %w", err)
	}
	if there, err := byCause(ctx, tx, e); !errors.Is(err, database.ErrNotFound) {
		return there, err
	}
	if err := s.spendBudgets(ctx, tx, t, d); err != nil {
		return Email{}, err
	}
	err = insertEmail(ctx, tx, e)
	if errors.Is(err, database.ErrDuplicate) {
		return e, nil
	}
	if err != nil {
		return Email{}, err
	}
	if s.Queued != nil {
		tx.AfterCommit(s.Queued)
	}
	return e, nil
}

// spendBudgets counts an e-mail against the budgets of whoever asks for it and then
// against its recipient's.
func (s *Service) spendBudgets(ctx context.Context, tx *database.Tx, t template.Template, d Draft) error {
	budgets := d.Budgets
	if t.Counts != template.Never && !d.Uncounted {
		recipient, err := budget.OfRecipient(d.Recipient, s.RecipientRate, t.Counts)
		if err != nil {
			return fmt.Errorf("count e-mail: %w", err)
		}
		budgets = append(slices.Clip(budgets), recipient)
	}
	return budget.Spend(ctx, tx, s.Now(), budgets...)
}

// ByID reads an e-mail. Error: reason.EmailNotFound.
func (s *Service) ByID(ctx context.Context, id string) (Email, error) {
	e, err := database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (Email, error) { return emailByID(ctx, q, id) })
	if errors.Is(err, database.ErrNotFound) {
		return Email{}, reason.EmailNotFound.New()
	}
	return e, err
}

// ByIDFor reads an e-mail for a merchant, who sees those it had written only, or for an
// administrator, who is none. Error: reason.EmailNotFound.
func (s *Service) ByIDFor(ctx context.Context, merchantID, id string) (Email, error) {
	e, err := s.ByID(ctx, id)
	if err == nil && merchantID != "" && e.MerchantID != merchantID {
		return Email{}, reason.EmailNotFound.New()
	}
	return e, err
}
