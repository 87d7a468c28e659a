package withheld

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/database"
)

// Options put a service together.
type Options struct {
	DB      *database.DB
	Now     func() time.Time
	Metrics prometheus.Registerer // nil for nobody
}

// Service counts and lists. It is safe for concurrent use.
type Service struct {
	Options
	counted *prometheus.CounterVec
}

// NewService makes a service on a migrated database.
func NewService(o Options) (*Service, error) {
	s := &Service{Options: o, counted: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "souk_emails_withheld_total", Help: "E-mails that were not written: the recipient's budget is spent, or the order was never paid.",
	}, []string{"template", "reason"})}
	if o.Metrics == nil {
		return s, nil
	}
	if err := o.Metrics.Register(s.counted); err != nil {
		return nil, fmt.Errorf("register metrics of withheld e-mails: %w", err)
	}
	return s, nil
}

// Count counts an e-mail that is not written, in the transaction of the event that it
// is about.
func (s *Service) Count(ctx context.Context, tx *database.Tx, recipient, template string, why Reason) error {
	one := Withheld{Recipient: strings.ToLower(recipient), Template: template, Reason: why, Emails: 1, LastAt: s.Now()}
	if err := addTo(ctx, tx, one); err != nil {
		return err
	}
	tx.AfterCommit(func() { s.counted.WithLabelValues(template, string(why)).Inc() })
	return nil
}

// addTo counts an e-mail with those of its day. When even the second look finds neither
// a line to raise nor room for a new one, others have counted meanwhile, and it is let
// go.
func addTo(ctx context.Context, tx *database.Tx, one Withheld) error {
	for range 2 {
		if err := raiseCount(ctx, tx, one); !errors.Is(err, database.ErrChanged) {
			return err
		}
		if err := insertWithheld(ctx, tx, one); !errors.Is(err, database.ErrDuplicate) {
			return err
		}
	}
	return nil
}

// List lists e-mails that were not written, newest first.
func (s *Service) List(ctx context.Context, limit int) ([]Withheld, error) {
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) ([]Withheld, error) {
		return listNewest(ctx, q, limit)
	})
}

// keep is how long it is known which e-mails were not written.
const keep = 30 * 24 * time.Hour

// Forget removes what was withheld a month ago.
func (s *Service) Forget(ctx context.Context, tx *database.Tx) error {
	return deleteBefore(ctx, tx, s.Now().Add(-keep))
}
