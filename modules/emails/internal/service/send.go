package service

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"app/modules/emails/internal/store"
	"app/platform/database"
	"app/platform/ids"
)

// batch is how many letters a worker claims at once.
const batch = 64

// First and longest pause before a letter is tried again.
const (
	firstPause   = 2 * time.Second
	longestPause = time.Hour
)

// SendDue hands over every letter that is due and returns how many it tried. Any number of processes may do so at the
// same time: a letter belongs to whoever claimed it.
func (s *Service) SendDue(ctx context.Context) (tried int, err error) {
	if err := s.settle(ctx); err != nil {
		return 0, err
	}
	for {
		n, err := s.sendBatch(ctx)
		tried += n
		if err != nil || n == 0 {
			return tried, err
		}
	}
}

// settle frees the letters of workers that vanished.
func (s *Service) settle(ctx context.Context) error {
	found := false
	err := s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		found, err = store.Abandoned(ctx, q, s.Now())
		return err
	})
	if err != nil || !found {
		return err
	}
	var n int64
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		n, err = store.Settle(ctx, tx, s.Now(), s.Transport.Repeatable())
		return err
	})
	if err == nil && n > 0 {
		s.Logger.WarnContext(ctx, "letters were abandoned while being sent", "letters", n, "sent_again", s.Transport.Repeatable())
	}
	return err
}

// sendBatch claims, hands over and records one batch. An empty queue costs a read and no write.
func (s *Service) sendBatch(ctx context.Context) (int, error) {
	due := false
	err := s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		due, err = store.Due(ctx, q, s.Now())
		return err
	})
	if err != nil || !due {
		return 0, err
	}
	claim := ids.New("clm", s.Now())
	var claimed []store.Letter
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		claimed, err = store.Claim(ctx, tx, claim, s.Now(), s.Lease, batch)
		return err
	})
	if err != nil || len(claimed) == 0 {
		return 0, err
	}
	outcomes := s.handOver(ctx, claimed)
	// What was sent is recorded even when the process is told to stop meanwhile.
	return len(claimed), s.DB.Write(context.WithoutCancel(ctx), func(ctx context.Context, tx *database.Tx) error {
		for _, o := range outcomes {
			if err := store.Record(ctx, tx, claim, o, s.Now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// handOver gives the letters to the transport, several at a time, and says what became of each.
func (s *Service) handOver(ctx context.Context, claimed []store.Letter) []store.Outcome {
	outcomes := make([]store.Outcome, len(claimed))
	var group errgroup.Group
	group.SetLimit(s.Workers)
	for i, l := range claimed {
		group.Go(func() error {
			outcomes[i] = s.offer(ctx, l)
			return nil
		})
	}
	_ = group.Wait() // outcomes carry the errors
	return outcomes
}

// offer hands one letter over and decides what its outcome means.
func (s *Service) offer(ctx context.Context, l store.Letter) store.Outcome {
	o := store.Outcome{LetterID: l.ID, Status: store.Sent, Transport: s.Transport.Name()}
	id, err := s.Transport.Send(ctx, l)
	if err == nil {
		o.TransportID = id
		return o
	}
	o.Error = err.Error()
	switch {
	case errors.Is(err, ErrLost) && !s.Transport.Repeatable():
		o.Status = store.Unknown
	case errors.Is(err, ErrRejected) || l.Attempts >= s.Attempts:
		o.Status = store.Failed
	default:
		o.Status, o.NextAt = store.Queued, s.Now().Add(pause(l.Attempts))
	}
	s.Logger.WarnContext(ctx, "letter was not sent", "letter", l.ID, "template", l.Template, "attempt", l.Attempts, "now", o.Status, "error", err)
	return o
}

// pause grows with the attempts and is spread by a fifth, so that letters which failed together do not come back together.
func pause(attempts int) time.Duration {
	d := longestPause
	if attempts < 12 {
		d = min(firstPause<<max(attempts-1, 0), longestPause)
	}
	return d - time.Duration(rand.Int64N(int64(d)/5)) //nolint:gosec // spreading load needs no secrecy
}

// Mailbox is the transport of development: letters are kept and shown. It takes each letter once.
type Mailbox struct {
	DB  *database.DB
	Now func() time.Time
}

var _ Transport = (*Mailbox)(nil)

// Name implements Transport.
func (*Mailbox) Name() string { return "mailbox" }

// Repeatable implements Transport: the letter's id is the key.
func (*Mailbox) Repeatable() bool { return true }

// Send implements Transport.
func (m *Mailbox) Send(ctx context.Context, l store.Letter) (string, error) {
	err := m.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return store.Deliver(ctx, tx, store.Mail{
			LetterID: l.ID, Recipient: l.Recipient, Subject: l.Subject, Text: l.Text, HTML: l.HTML, CreatedAt: m.Now(),
		})
	})
	if err != nil && !errors.Is(err, store.ErrDuplicate) {
		return "", err
	}
	return l.ID, nil
}
