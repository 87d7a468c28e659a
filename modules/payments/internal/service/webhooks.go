package service

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/reason"
	"app/modules/payments/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/text"
)

// Webhook keeps an event of a provider, once, before it is acknowledged;
// ProcessWebhooks does the rest, also after a crash. not_found: no such provider;
// unauthenticated: signature_invalid; invalid_argument: it cannot be read.
func (s *Service) Webhook(ctx context.Context, name string, header http.Header, body []byte) error {
	port, ok := s.byName[name]
	if !ok {
		return reason.ProviderNotFound.New()
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
		tx.AfterCommit(s.WakeWebhooks)
		return store.InsertWebhook(ctx, tx, store.Webhook{Provider: name, EventID: event.ID, Payload: body, DueAt: now, ReceivedAt: now})
	})
	if errors.Is(err, store.ErrDuplicate) {
		return nil
	}
	return err
}

// ProcessWebhooks acts on the events that were kept. Processes may run it at the same
// time.
func (s *Service) ProcessWebhooks(ctx context.Context) (more bool, err error) {
	for name, port := range s.byName {
		again, failed := s.forEachDue(ctx, func(ctx context.Context, q *database.Tx) ([]store.Due, error) {
			return store.DueWebhooks(ctx, q, name, s.Now(), s.longestWait(), batch)
		}, func(d store.Due) { s.processOrPutOff(ctx, port, d.ID) })
		more, err = more || again, errors.Join(err, failed)
	}
	return more, err
}

// maxResult bounds in bytes what is kept of an error; its column holds as many
// characters.
const maxResult = 255

// sanitizeError is what is kept of an error, which may quote what came from outside.
func sanitizeError(said string) string { return text.Cut(text.Valid(said), maxResult) }

// maxWebhookTries is when an event is left alone; what it would have told is found out
// by Reconcile.
const maxWebhookTries = 12

func (s *Service) processOrPutOff(ctx context.Context, port provider.Port, id string) {
	err := s.processWebhook(ctx, port, id)
	if err == nil || ctx.Err() != nil {
		return
	}
	s.Logger.WarnContext(ctx, "webhook could not be processed", slog.String("provider", port.Name()), slog.String("event", id), slog.Any("error", err))
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		w, readErr := store.LockWebhook(ctx, tx, port.Name(), id)
		if readErr != nil || !w.ProcessedAt.IsZero() {
			return readErr
		}
		next := s.retryTime(w.Tries)
		if w.Tries+1 >= maxWebhookTries {
			next = time.Time{}
		}
		return store.PutOffWebhook(ctx, tx, w, sanitizeError(err.Error()), next)
	})
	if err != nil {
		s.Logger.WarnContext(ctx, "webhook could not be put off", slog.String("event", id), slog.Any("error", err))
	}
}

// processWebhook acts on one event and marks it, in one write: of several who try, one
// does.
func (s *Service) processWebhook(ctx context.Context, port provider.Port, id string) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		w, err := store.LockWebhook(ctx, tx, port.Name(), id)
		if err != nil || !w.ProcessedAt.IsZero() {
			return err
		}
		event, err := port.Parse(w.Payload)
		if err != nil {
			return err //nolint:wrapcheck // logged by the caller
		}
		p, err := store.LockPayment(ctx, tx, event.Charge.Key)
		if errors.Is(err, store.ErrNotFound) {
			return store.FinishWebhook(ctx, tx, w, "unknown_payment", s.Now())
		}
		if err != nil {
			return err
		}
		if err := s.applyCharge(ctx, tx, &p, event.Charge); err != nil {
			return err
		}
		return store.FinishWebhook(ctx, tx, w, "processed", s.Now())
	})
}
