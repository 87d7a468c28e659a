package service

import (
	"context"
	"errors"

	"app/modules/emails/internal/reason"
	"app/modules/emails/internal/store"
	"app/platform/database"
	"app/platform/emailaddr"
)

// Suppressions lists the addresses that get no e-mails, newest first.
func (s *Service) Suppressions(ctx context.Context, after store.Suppression, limit int) (found []store.Suppression, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		found, err = store.Suppressions(ctx, q, after, limit)
		return err
	})
	return found, err
}

// Unsuppress lets an address have e-mails again: those queued from now on, and those
// that failed when they are queued again. Error:
// reason.SuppressionNotFound.
func (s *Service) Unsuppress(ctx context.Context, address string) error {
	err := s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return store.Unsuppress(ctx, tx, emailaddr.Key(address))
	})
	if errors.Is(err, store.ErrNotFound) {
		return reason.SuppressionNotFound.New()
	}
	return err
}
