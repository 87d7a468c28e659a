package service

import (
	"context"

	"app/modules/payments/internal/store"
	"app/platform/database"
)

// Sweep removes webhooks that were processed longer than Options.KeepWebhooks ago:
// until then, one that a provider sends again is known. more tells that there may be
// others. Processes may run it at the same time.
func (s *Service) Sweep(ctx context.Context) (more bool, err error) {
	before := s.Now().Add(-s.Options.KeepWebhooks)
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		more, err = store.SweepWebhooks(ctx, tx, before)
		return err
	})
	return more, err
}
