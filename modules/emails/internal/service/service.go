// Package service writes e-mails: it renders and queues them in the transaction of the
// event that caused them, and workers hand them to a transport, each once.
package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/modules/emails/internal/reason"
	"app/modules/emails/internal/store"
	"app/modules/emails/internal/template"
	"app/modules/emails/internal/transport"
	"app/platform/database"
	"app/platform/emailaddr"
	"app/platform/ids"
)

// Options of a Service.
type Options struct {
	DB        *database.DB
	Transport transport.Transport
	Letters   *template.Set
	Logger    *slog.Logger
	Now       func() time.Time
	Metrics   prometheus.Registerer // nil for nobody

	Workers  int           // letters handed over at the same time
	Lease    time.Duration // how long handing over one letter may take
	Attempts int           // tries before a letter has failed
	MaxAge   time.Duration // a letter that is queued longer has failed; 0 for never
	KeepData bool          // the transport renders by itself
	// PublicURL is where the shop is: links lead nowhere else.
	PublicURL string
	// MerchantTemplates are those merchants may send, within Limits.
	MerchantTemplates []string
	Merchants         Merchants
	Limits            Limits
}

// Service queues and sends e-mails. Safe for concurrent use.
type Service struct {
	Options
	// Queued is called after the commit of each e-mail, Later when there will be
	// something to do after a while; nil for nobody. Set them before the first e-mail.
	Queued func()
	Later  func(time.Duration)

	metrics *metrics
	secrets []string // templates whose letters are erased

	mu      sync.Mutex
	until   time.Time // the transport is not asked before
	strikes int       // it was blocked so many times in a row
}

// New makes a service. Nothing is sent until SendDue is called.
func New(o Options) (*Service, error) {
	s := &Service{Options: o}
	for _, t := range o.Letters.All() {
		if t.Secret {
			s.secrets = append(s.secrets, t.Name)
		}
	}
	for _, name := range o.MerchantTemplates {
		if t, ok := o.Letters.ByName(name); !ok || !t.Merchants {
			return nil, fmt.Errorf("merchants cannot be let send %q", name)
		}
	}
	if o.Limits.Recipient < 1 {
		return nil, errors.New("an address has to be let have a letter a day")
	}
	var err error
	s.metrics, err = newMetrics(o.Metrics)
	return s, err
}

// order is what an e-mail is to be made of.
type order struct {
	eventID    string // of the event or the request that asks for it
	merchantID string // who asks for it, empty for the shop
	template   string
	recipient  string
	locale     string    // wanted; empty for the fallback
	expires    time.Time // when it is of no use any more; zero for when it is too old
	data       map[string]any
	// free e-mails count in no budget of their recipient: it is the address of whom the
	// e-mail is about, or an administrator writes.
	free bool
	// spends are the budgets of whoever asks for the e-mail.
	spends []budget
}

// queueEmail renders the e-mail and queues it. An e-mail for the same event, template
// and recipient is there once, however often it is asked for, and is counted once.
// Error: a *spentError when a budget has no room for it.
func (s *Service) queueEmail(ctx context.Context, tx *database.Tx, o order) (store.Letter, error) {
	t, ok := s.Letters.ByName(o.template)
	if !ok {
		return store.Letter{}, fmt.Errorf("queue letter: no template %q", o.template)
	}
	l, err := s.composeEmail(t, o)
	if err != nil {
		return store.Letter{}, fmt.Errorf("queue letter: %w", err)
	}
	if there, err := store.ByCause(ctx, tx, l.EventID, l.Template, l.Recipient); !errors.Is(err, store.ErrNotFound) {
		return there, err
	}
	if err := s.spendBudgets(ctx, tx, t, o); err != nil {
		return store.Letter{}, err
	}
	err = store.Insert(ctx, tx, l)
	if errors.Is(err, store.ErrDuplicate) {
		return l, nil
	}
	if err != nil {
		return store.Letter{}, err
	}
	if s.Queued != nil {
		tx.AfterCommit(s.Queued)
	}
	return l, nil
}

func (s *Service) composeEmail(t template.Template, o order) (l store.Letter, err error) {
	address, err := emailaddr.Parse(o.recipient)
	if err != nil {
		return l, err //nolint:wrapcheck // queue says what was tried
	}
	o.recipient = address.Deliverable()
	locale := s.Letters.Locale(o.locale)
	rendered, err := t.Render(locale, o.data)
	if err != nil {
		return l, err
	}
	now := s.Now()
	l = store.Letter{
		ID: ids.Derive("ltr", now, o.eventID, t.Name, o.recipient), EventID: o.eventID, MerchantID: o.merchantID,
		Template: t.Name, Locale: locale, Recipient: o.recipient, Subject: rendered.Subject, Text: rendered.Text, HTML: rendered.HTML,
		Priority: emailPriority(t, o), Status: store.Queued, CreatedAt: now, ExpiresAt: o.expires,
	}
	if l.ExpiresAt.IsZero() && s.MaxAge > 0 {
		l.ExpiresAt = now.Add(s.MaxAge)
	}
	if s.KeepData {
		data, err := json.Marshal(rendered.Data)
		if err != nil {
			return l, fmt.Errorf("keep data: %w", err)
		}
		l.Data = string(data)
	}
	return l, nil
}

func emailPriority(t template.Template, o order) store.Priority {
	switch {
	case t.Secret:
		return store.First
	case o.merchantID != "":
		return store.Last
	}
	return store.Normal
}

// ByID reads an e-mail. Error: reason.EmailNotFound.
func (s *Service) ByID(ctx context.Context, id string) (l store.Letter, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		l, err = store.ByID(ctx, q, id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return l, reason.EmailNotFound.New()
	}
	return l, err
}

// Mailbox lists the development mailbox, newest first; an empty address means all of
// it.
func (s *Service) Mailbox(ctx context.Context, to string, limit int) (mails []store.Mail, err error) {
	if address, err := emailaddr.Typed(to); err == nil {
		to = address.Deliverable()
	}
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		mails, err = store.Mails(ctx, q, to, limit)
		return err
	})
	return mails, err
}

// Seen reads an e-mail for a merchant, who sees those it had written only, or for an
// administrator, who is none. Error: reason.EmailNotFound.
func (s *Service) Seen(ctx context.Context, merchantID, id string) (store.Letter, error) {
	l, err := s.ByID(ctx, id)
	if err == nil && merchantID != "" && l.MerchantID != merchantID {
		return store.Letter{}, reason.EmailNotFound.New()
	}
	return l, err
}
