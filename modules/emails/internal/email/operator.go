package email

import (
	"context"
	"time"

	"app/modules/emails/internal/reason"
	"app/platform/database"
)

// List lists e-mails, newest first, without their data.
func (s *Service) List(ctx context.Context, f Filter) ([]Email, error) {
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) ([]Email, error) { return listNewest(ctx, q, f) })
}

// Dead lists what needs an operator, newest first: e-mails that have failed, and
// e-mails of which nothing was heard for longer than silent since their reply was lost.
func (s *Service) Dead(ctx context.Context, silent time.Duration, limit int) ([]Email, error) {
	failed, err := s.List(ctx, Filter{Status: Failed, Limit: limit})
	if err != nil {
		return nil, err
	}
	unknown, err := s.List(ctx, Filter{Status: Unknown, Until: s.Now().Add(-silent), Limit: limit})
	return append(failed, unknown...), err
}

// Retry queues an e-mail again that has failed, for another MaxAge. One that is unknown
// may have been sent; it is queued only where evenIfSent says that it may be sent
// twice. Errors: reason.EmailNotFound; reason.NotRetryable: the e-mail is neither, or
// its content is erased.
func (s *Service) Retry(ctx context.Context, id string, evenIfSent bool) error {
	if _, err := s.ByID(ctx, id); err != nil {
		return err
	}
	done, err := s.requeueEmail(ctx, id, evenIfSent)
	if err != nil || done {
		return err
	}
	return reason.NotRetryable.New()
}

// RetryAll queues every e-mail again that has failed and whose content is there, and
// reports how many. E-mails to suppressed addresses fail again.
func (s *Service) RetryAll(ctx context.Context) (n int, err error) {
	before := ""
	for {
		page, err := s.List(ctx, Filter{Status: Failed, Before: before, Limit: 100})
		if err != nil || len(page) == 0 {
			return n, err
		}
		for _, e := range page {
			done, err := s.requeueEmail(ctx, e.ID, false)
			if err != nil {
				return n, err
			}
			if done {
				n++
			}
		}
		before = page[len(page)-1].ID
	}
}

func (s *Service) requeueEmail(ctx context.Context, id string, unknown bool) (bool, error) {
	expires := time.Time{}
	if s.MaxAge > 0 {
		expires = s.Now().Add(s.MaxAge)
	}
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (bool, error) {
		done, err := queueAgain(ctx, tx, id, unknown, s.Now(), expires)
		if done && s.Queued != nil {
			tx.AfterCommit(s.Queued)
		}
		return done, err
	})
}
