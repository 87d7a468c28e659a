package service

import (
	"context"
	"time"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// keepCodes is how long a row of codes is kept: no shorter than the day for which letters are counted.
const keepCodes = 24 * time.Hour

// SweepOnce removes a batch of what nobody can use any more, and tells whether there may be more: codes a day old, sessions
// and refresh tokens that have run out. Two processes may do it at once.
func (s *Service) SweepOnce(ctx context.Context) (more bool, err error) {
	now := s.now()
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		codes, err := store.DeleteCodes(ctx, tx, now.Add(-keepCodes))
		if err != nil {
			return err
		}
		requests, err := store.DeleteCodeRequests(ctx, tx, now.Add(-keepCodes))
		if err != nil {
			return err
		}
		sessions, err := store.DeleteSessions(ctx, tx, now)
		more = codes+requests+sessions > 0
		return err
	})
	return more && err == nil, err
}
