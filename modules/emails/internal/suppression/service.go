package suppression

import (
	"context"
	"errors"

	"app/modules/emails/internal/reason"
	"app/platform/database"
	"app/platform/emailaddr"
)

// Service is what operators do with suppressions. It is safe for concurrent use.
type Service struct{ DB *database.DB }

// List lists suppressions, newest first, those after a given one only; the zero value
// for the first page.
func (s *Service) List(ctx context.Context, after Suppression, limit int) ([]Suppression, error) {
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) ([]Suppression, error) {
		return listAfter(ctx, q, after, limit)
	})
}

// Delete lets an address have e-mails again: those queued from now on, and those that
// failed when they are queued again. Error: reason.SuppressionNotFound.
func (s *Service) Delete(ctx context.Context, address string) error {
	err := s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return deleteByAddress(ctx, tx, emailaddr.Key(address))
	})
	if errors.Is(err, database.ErrNotFound) {
		return reason.SuppressionNotFound.New()
	}
	return err
}

// Stops reports whether an address wants no e-mail; see Suppression.Stops.
func Stops(ctx context.Context, q *database.Tx, recipient string, neededForAccount bool) (bool, error) {
	found, err := byAddress(ctx, q, emailaddr.Key(recipient))
	if errors.Is(err, database.ErrNotFound) {
		return false, nil
	}
	return err == nil && found.Stops(neededForAccount), err
}

// Add notes a report of an address. A bounce replaces a complaint; otherwise the first
// report stays.
func Add(ctx context.Context, tx *database.Tx, s Suppression) error {
	earlier, err := byAddress(ctx, tx, s.Address)
	switch {
	case errors.Is(err, database.ErrNotFound):
		if err = insertSuppression(ctx, tx, s); errors.Is(err, database.ErrDuplicate) {
			return nil // another notice was faster
		}
	case err == nil && s.Reason.outweighs(earlier.Reason):
		err = replaceReport(ctx, tx, s)
	}
	return err
}
