package webhook

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"app/modules/payments/internal/due"
	"app/modules/payments/internal/payment"
	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/reason"
	"app/platform/database"
	"app/platform/fault"
)

// Payments is what news of a charge changes.
type Payments interface {
	// ApplyCharge makes the transition that news of a charge asks for; the same news
	// again changes nothing.
	ApplyCharge(ctx context.Context, tx *database.Tx, p *payment.Payment, c provider.Charge) error
}

// Needs is what a Service works with.
type Needs struct {
	DB        *database.DB
	Payments  Payments
	Providers *provider.Directory
	Logger    *slog.Logger
	Now       func() time.Time
	Schedule  due.Schedule
	// Keep is how long processed webhooks are kept.
	Keep time.Duration
}

// Service stores webhooks and acts on them. It is safe for concurrent use.
type Service struct {
	Needs
	// Wake is called after there is new work for Process.
	Wake func()
}

// New makes a service on a migrated database.
func New(n Needs) *Service { return &Service{Needs: n, Wake: func() {}} }

// Receive keeps an event of a provider, once, before it is acknowledged; Process does
// the rest, also after a crash. not_found: no such provider; unauthenticated:
// signature_invalid; invalid_argument: it cannot be read.
func (s *Service) Receive(ctx context.Context, name string, header http.Header, body []byte) error {
	port, ok := s.Providers.ByName(name)
	if !ok {
		return fault.ProviderNotFound.Newf("There is no such provider.")
	}
	if err := port.Verify(header, body); err != nil {
		return reason.SignatureInvalid.New().Because(err)
	}
	event, err := port.Parse(body)
	if err != nil {
		return fault.Invalid(fault.Field{Pointer: "", Detail: "is not a webhook of " + name}).Because(err)
	}
	now := s.Now()
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		tx.AfterCommit(s.Wake)
		return insertWebhook(ctx, tx, Webhook{Provider: name, EventID: event.ID, Payload: body, DueAt: now, ReceivedAt: now})
	})
	if errors.Is(err, database.ErrDuplicate) {
		return nil
	}
	return err
}

// Process acts on the events that were kept. Processes may run it at the same time.
func (s *Service) Process(ctx context.Context) (more bool, err error) {
	for _, port := range s.Providers.All() {
		again, failed := due.Each(ctx, s.DB, func(ctx context.Context, q *database.Tx) ([]due.Row, error) {
			return s.Schedule.List(ctx, q, s.Now(), listDue, port.Name())
		}, func(row due.Row) { s.processOrPutOff(ctx, port, row.ID) })
		more, err = more || again, errors.Join(err, failed)
	}
	return more, err
}

func (s *Service) processOrPutOff(ctx context.Context, port provider.Port, id string) {
	err := s.processWebhook(ctx, port, id)
	if err == nil || ctx.Err() != nil {
		return
	}
	s.Logger.WarnContext(ctx, "webhook could not be processed", slog.String("provider", port.Name()), slog.String("event", id), slog.Any("error", err))
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		w, readErr := lockWebhook(ctx, tx, port.Name(), id)
		if readErr != nil || w.Processed() {
			return readErr
		}
		next := w.nextTry(s.Now().Add(s.Schedule.Backoff(w.Tries)))
		return putOffWebhook(ctx, tx, w, sanitizeError(err.Error()), next)
	})
	if err != nil {
		s.Logger.WarnContext(ctx, "webhook could not be put off", slog.String("event", id), slog.Any("error", err))
	}
}

// processWebhook acts on one event and marks it, in one write: of several who try, one
// does.
func (s *Service) processWebhook(ctx context.Context, port provider.Port, id string) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		w, err := lockWebhook(ctx, tx, port.Name(), id)
		if err != nil || w.Processed() {
			return err
		}
		event, err := port.Parse(w.Payload)
		if err != nil {
			return err //nolint:wrapcheck // logged by the caller
		}
		p, err := payment.Lock(ctx, tx, event.Charge.Key)
		if errors.Is(err, database.ErrNotFound) {
			return finishWebhook(ctx, tx, w, resultUnknownPayment, s.Now())
		}
		if err != nil {
			return err
		}
		if err := s.Payments.ApplyCharge(ctx, tx, &p, event.Charge); err != nil {
			return err
		}
		return finishWebhook(ctx, tx, w, resultProcessed, s.Now())
	})
}

// Sweep removes webhooks that were processed longer than Keep ago: until then, one that
// a provider sends again is known. more says that there may be others. Processes may
// run it at the same time.
func (s *Service) Sweep(ctx context.Context) (more bool, err error) {
	before := s.Now().Add(-s.Keep)
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (bool, error) {
		return deleteProcessed(ctx, tx, before)
	})
}
