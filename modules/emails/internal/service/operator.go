package service

import (
	"context"
	"time"

	"app/modules/emails/internal/reason"
	"app/modules/emails/internal/store"
	"app/platform/database"
)

// List lists e-mails, newest first.
func (s *Service) List(ctx context.Context, f store.Filter) (found []store.Letter, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		found, err = store.List(ctx, q, f)
		return err
	})
	return found, err
}

// Dead lists what needs an operator, newest first: e-mails that have failed, and
// e-mails of which nothing was heard for longer than silent since their reply was lost.
func (s *Service) Dead(ctx context.Context, silent time.Duration, limit int) ([]store.Letter, error) {
	failed, err := s.List(ctx, store.Filter{Status: store.Failed, Limit: limit})
	if err != nil {
		return nil, err
	}
	unknown, err := s.List(ctx, store.Filter{Status: store.Unknown, Until: s.Now().Add(-silent), Limit: limit})
	return append(failed, unknown...), err
}

// Retry queues an e-mail again that has failed, for another MaxAge. One that is unknown
// may have been sent; it is queued only where evenIfSent says that it may be sent
// twice. Errors: reason.EmailNotFound; reason.NotRetryable: the e-mail is neither, or its
// content is erased.
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
// tells how many. E-mails to suppressed addresses fail again.
func (s *Service) RetryAll(ctx context.Context) (n int, err error) {
	before := ""
	for {
		page, err := s.List(ctx, store.Filter{Status: store.Failed, Before: before, Limit: 100})
		if err != nil || len(page) == 0 {
			return n, err
		}
		for _, l := range page {
			done, err := s.requeueEmail(ctx, l.ID, false)
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

func (s *Service) requeueEmail(ctx context.Context, id string, unknown bool) (done bool, err error) {
	expires := time.Time{}
	if s.MaxAge > 0 {
		expires = s.Now().Add(s.MaxAge)
	}
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		if done, err = store.Requeue(ctx, tx, id, unknown, s.Now(), expires); done && s.Queued != nil {
			tx.AfterCommit(s.Queued)
		}
		return err
	})
	return done, err
}
