// Package service writes letters: it renders and queues them in the transaction of the event that caused them, and
// workers hand them to a transport, each once.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"app/modules/emails/internal/letters"
	"app/modules/emails/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/ids"
)

// Transport hands letters over to whoever delivers them.
type Transport interface {
	// Name is kept with each letter it took.
	Name() string
	// Repeatable tells whether a letter that is offered twice is delivered once.
	Repeatable() bool
	// Send hands one letter over and returns the transport's own id for it. Errors: ErrRejected when the letter will
	// never be taken, ErrLost when it is not known whether it was taken, any other when it was not and may be tried again.
	Send(ctx context.Context, l store.Letter) (id string, err error)
}

// Errors of a transport.
var (
	ErrRejected = errors.New("letter rejected")
	ErrLost     = errors.New("reply lost")
)

// Options of a Service.
type Options struct {
	DB        *database.DB
	Transport Transport
	Letters   *letters.Set
	Logger    *slog.Logger
	Now       func() time.Time
	Workers   int           // letters handed over at the same time
	Lease     time.Duration // how long a batch may take
	Attempts  int           // tries before a letter has failed
}

// Service queues and sends letters. Safe for concurrent use.
type Service struct {
	Options
	// Queued is called after the commit of each letter; nil for nobody. Set it before the first letter.
	Queued func()
}

// New makes a service. Nothing is sent until SendDue is called.
func New(o Options) *Service { return &Service{Options: o} }

// order is what a letter is to be made of.
type order struct {
	eventID   string // of the event or the request that asks for it
	template  string
	recipient string
	locale    string // wanted; empty for the fallback
	data      map[string]any
}

// queue renders the letter and queues it. A letter for the same event, template and recipient is there once,
// however often it is asked for.
func (s *Service) queue(ctx context.Context, tx *database.Tx, o order) (store.Letter, error) {
	t, ok := s.Letters.ByName(o.template)
	if !ok {
		return store.Letter{}, fmt.Errorf("queue letter: no template %q", o.template)
	}
	rendered, err := t.Render(s.Letters.Locale(o.locale), o.data)
	if err != nil {
		return store.Letter{}, fmt.Errorf("queue letter: %w", err)
	}
	if o.recipient, err = letters.Address(o.recipient); err != nil {
		return store.Letter{}, fmt.Errorf("queue letter: %w", err)
	}
	now := s.Now()
	l := store.Letter{
		ID: ids.Derive("ltr", now, o.eventID, o.template, o.recipient), EventID: o.eventID, Template: o.template, Recipient: o.recipient,
		Subject: rendered.Subject, Text: rendered.Text, HTML: rendered.HTML, Status: store.Queued, CreatedAt: now,
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

// Request is a letter that somebody asks for by name.
type Request struct {
	ID       string // of the letter to be
	Template string
	To       string
	Locale   string // wanted, as a tag or an Accept-Language
	Data     map[string]any
}

// Write queues a letter by name. Repeated with the same id it answers the letter that is there. Errors: InvalidArgument
// naming /template, /to or each missing /data/<variable>.
func (s *Service) Write(ctx context.Context, r Request) (store.Letter, error) {
	t, ok := s.Letters.ByName(r.Template)
	if !ok {
		return store.Letter{}, fault.Invalid(fault.Field{Pointer: "/template", Detail: "there is no such template"})
	}
	var wrong []fault.Field
	if _, err := letters.Address(r.To); err != nil {
		wrong = append(wrong, fault.Field{Pointer: "/to", Detail: letters.ErrAddress.Error()})
	}
	for _, f := range t.Check(r.Data) {
		wrong = append(wrong, fault.Field{Pointer: "/data" + f.Pointer, Detail: f.Detail})
	}
	if len(wrong) > 0 {
		return store.Letter{}, fault.Invalid(wrong...)
	}
	var l store.Letter
	err := s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		l, err = s.queue(ctx, tx, order{r.ID, r.Template, r.To, r.Locale, r.Data})
		return err
	})
	return l, err
}

// ByID reads a letter. Error: NotFound.
func (s *Service) ByID(ctx context.Context, id string) (l store.Letter, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		l, err = store.ByID(ctx, q, id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return l, fault.Missing("letter")
	}
	return l, err
}

// Mailbox lists the development mailbox, newest first; an empty address means all of it.
func (s *Service) Mailbox(ctx context.Context, to string, limit int) (mails []store.Mail, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		mails, err = store.Mails(ctx, q, to, limit)
		return err
	})
	return mails, err
}
