package service

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"app/modules/emails/internal/store"
	"app/modules/emails/internal/suppression"
	"app/modules/emails/internal/transport"
	"app/platform/database"
	"app/platform/ids"
)

// batch is how many e-mails a worker claims at once.
const batch = 64

// First and longest pause before an e-mail is tried again.
const (
	firstPause   = 2 * time.Second
	longestPause = time.Hour
)

// SendDue hands over every e-mail that is due and returns how many it tried. Any number
// of processes may do so at the same time: an e-mail belongs to whoever claimed it.
func (s *Service) SendDue(ctx context.Context) (tried int, err error) {
	if err := s.recoverAbandonedEmails(ctx); err != nil {
		return 0, err
	}
	for ctx.Err() == nil {
		n, err := s.sendBatch(ctx)
		tried += n
		if err != nil || n == 0 {
			return tried, err
		}
	}
	return tried, nil
}

// recoverAbandonedEmails frees the e-mails of workers that vanished.
func (s *Service) recoverAbandonedEmails(ctx context.Context) error {
	found := false
	err := s.DB.ReadOne(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		found, err = store.Abandoned(ctx, q, s.Now())
		return err
	})
	if err != nil || !found {
		return err
	}
	var settled store.Settled
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		if settled, err = store.Settle(ctx, tx, s.Now(), s.Transport.Repeatable()); err != nil || settled.Unknown == 0 {
			return err
		}
		return store.EraseUnknown(ctx, tx, s.secrets)
	})
	if err == nil {
		s.metrics.addHandedEmails(s.Transport.Name(), store.Unknown, int(settled.Unknown))
		s.Logger.WarnContext(ctx, "letters were abandoned while being sent", "queued_again", settled.Requeued, "unknown", settled.Unknown)
	}
	return err
}

// sendBatch claims, hands over and records one batch. An empty queue costs a read and
// no write.
func (s *Service) sendBatch(ctx context.Context) (int, error) {
	due := false
	err := s.DB.ReadOne(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		due, err = store.Due(ctx, q, s.Now())
		return err
	})
	if err != nil || !due {
		return 0, err
	}
	room := s.sendCapacity()
	if room == 0 {
		return 0, nil
	}
	claim := ids.New("clm", s.Now())
	var claimed []store.Letter
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		claimed, err = store.Claim(ctx, tx, claim, s.Now(), s.Lease, room)
		return err
	})
	s.giveBack(room - len(claimed))
	if err != nil || len(claimed) == 0 {
		return 0, err
	}
	outcomes := s.handOver(ctx, claim, claimed)
	return len(claimed), s.recordOutcomes(ctx, claim, outcomes...)
}

// sendCapacity tells how many e-mails may be sent now, and sees to it that somebody
// asks again when none may.
func (s *Service) sendCapacity() int {
	wait := s.transportBlockedFor()
	room := batch
	if pacer, ok := s.Transport.(transport.Pacer); ok && wait <= 0 {
		room, wait = pacer.Reserve(batch)
	}
	if wait <= 0 {
		return room
	}
	if s.Later != nil {
		s.Later(wait)
	}
	return 0
}

func (s *Service) giveBack(unused int) {
	if pacer, ok := s.Transport.(transport.Pacer); ok && unused > 0 {
		pacer.Release(unused)
	}
}

// handOver gives the e-mails to the transport, several at a time. Outcomes of a
// transport that cannot tell repetitions apart are recorded one by one, so that a crash
// leaves few e-mails unknown; those of others are returned, to be recorded together.
func (s *Service) handOver(ctx context.Context, claim string, claimed []store.Letter) []store.Outcome {
	outcomes := make([]store.Outcome, len(claimed))
	var group errgroup.Group
	group.SetLimit(s.Workers)
	for i, l := range claimed {
		group.Go(func() error {
			outcomes[i] = s.sendClaimedEmail(ctx, claim, l)
			if !s.Transport.Repeatable() {
				err := s.recordOutcomes(ctx, claim, outcomes[i])
				outcomes[i] = store.Outcome{}
				return err
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		s.Logger.ErrorContext(ctx, "what became of letters could not be recorded", "error", err)
	}
	return outcomes
}

// recordOutcomes writes outcomes down, also when the process is told to stop meanwhile.
// Those without an e-mail are none.
func (s *Service) recordOutcomes(ctx context.Context, claim string, outcomes ...store.Outcome) error {
	var some []store.Outcome
	for _, o := range outcomes {
		if o.LetterID != "" {
			some = append(some, o)
		}
	}
	if len(some) == 0 {
		return nil
	}
	err := s.DB.Write(context.WithoutCancel(ctx), func(ctx context.Context, tx *database.Tx) error {
		for _, o := range some {
			if err := store.Record(ctx, tx, claim, o, s.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	for _, o := range some {
		s.metrics.countOutcome(o)
	}
	return err
}

// sendClaimedEmail hands one e-mail over and decides what its outcome means.
func (s *Service) sendClaimedEmail(ctx context.Context, claim string, l store.Letter) store.Outcome {
	o := store.Outcome{LetterID: l.ID, Status: store.Sent, Transport: s.Transport.Name()}
	if t, ok := s.Letters.ByName(l.Template); ok {
		o.Erase = t.Secret
	}
	if ctx.Err() != nil || s.transportBlockedFor() > 0 {
		s.giveBack(1)
		o.Status, o.NextAt, o.Untried = store.Queued, s.Now(), true
		return o
	}
	failure, ours, err := s.beginSending(ctx, claim, l)
	if err != nil || !ours {
		if err != nil {
			s.Logger.WarnContext(ctx, "letter could not be begun", "letter", l.ID, "error", err)
		}
		return store.Outcome{} // the lease will end
	}
	if failure != "" {
		s.giveBack(1)
		o.Status, o.Failure, o.Untried = store.Failed, failure, true
		s.Logger.InfoContext(ctx, "letter is not sent", "letter", l.ID, "template", l.Template, "failure", failure)
		return o
	}
	id, err := s.Transport.Send(context.WithoutCancel(ctx), l) // it has time-outs of its own
	return s.outcomeOfSend(ctx, l, o, id, err)
}

// beginSending decides in the last moment whether an e-mail is sent at all. For a
// transport that cannot tell repetitions apart it notes first that the e-mail is
// offered, so that a crash after this leaves it unknown.
func (s *Service) beginSending(ctx context.Context, claim string, l store.Letter) (failure store.Failure, ours bool, err error) {
	if !l.ExpiresAt.IsZero() && s.Now().After(l.ExpiresAt) {
		return store.Expired, true, nil
	}
	work := func(ctx context.Context, tx *database.Tx) error {
		suppressed, err := s.isSuppressed(ctx, tx, l)
		if err != nil {
			return err
		}
		failure, ours = "", true
		if suppressed {
			failure = store.Suppressed
			return nil
		}
		if !s.Transport.Repeatable() {
			ours, err = store.Offer(ctx, tx, claim, l.ID, s.Now(), s.Lease)
		}
		return err
	}
	if s.Transport.Repeatable() {
		err = s.DB.Read(ctx, work)
	} else {
		err = s.DB.Write(ctx, work)
	}
	return failure, ours, err
}

// isSuppressed reports whether the e-mail's address wants no e-mails of this kind.
func (s *Service) isSuppressed(ctx context.Context, q *database.Tx, l store.Letter) (bool, error) {
	t, ok := s.Letters.ByName(l.Template)
	return suppression.Stops(ctx, q, l.Recipient, ok && t.Security)
}

// outcomeOfSend turns what the transport said into an outcome.
func (s *Service) outcomeOfSend(ctx context.Context, l store.Letter, o store.Outcome, id string, err error) store.Outcome {
	if err == nil {
		s.unblockTransport()
		o.TransportID = id
		return o
	}
	o.Error = err.Error()
	switch {
	case errors.Is(err, transport.ErrLost) && !s.Transport.Repeatable():
		o.Status = store.Unknown
	case errors.Is(err, transport.ErrBlocked):
		o.Status, o.NextAt, o.Untried = store.Queued, s.Now().Add(s.blockTransport()), true
	case errors.Is(err, transport.ErrThrottled):
		o.Status, o.NextAt, o.Untried = store.Queued, s.Now().Add(retryDelay(1)), true
	case errors.Is(err, transport.ErrRejected):
		o.Status, o.Failure = store.Failed, store.Rejected
	case l.Attempts >= s.Attempts:
		o.Status, o.Failure = store.Failed, store.Exhausted
	default:
		o.Status, o.NextAt = store.Queued, s.Now().Add(retryDelay(l.Attempts))
	}
	s.Logger.WarnContext(ctx, "letter was not sent", "letter", l.ID, "template", l.Template, "attempt", l.Attempts, "now", o.Status, "error", err)
	return o
}

// retryDelay grows with the attempts and is spread by a fifth, so that e-mails which
// failed together do not come back together.
func retryDelay(attempts int) time.Duration {
	d := longestPause
	if attempts < 12 {
		d = min(firstPause<<max(attempts-1, 0), longestPause)
	}
	return d - time.Duration(rand.Int64N(int64(d)/5)) //nolint:gosec // spreading load needs no secrecy
}
