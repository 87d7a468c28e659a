package email

import (
	"context"

	"golang.org/x/sync/errgroup"

	"app/modules/emails/internal/suppression"
	"app/platform/database"
	"app/platform/ids"
)

// batch is how many e-mails a worker claims at once.
const batch = 64

// SendDue hands over every e-mail that is due and returns how many it tried. Any number
// of processes may do so at the same time: an e-mail belongs to whoever claimed it.
func (s *Service) SendDue(ctx context.Context) (tried int, err error) {
	if err := s.recoverAbandoned(ctx); err != nil {
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

// recoverAbandoned frees the e-mails of workers that vanished.
func (s *Service) recoverAbandoned(ctx context.Context) error {
	found, err := database.ReadOne(ctx, s.DB, func(ctx context.Context, q *database.Tx) (bool, error) {
		return existsAbandoned(ctx, q, s.Now())
	})
	if err != nil || !found {
		return err
	}
	f, err := database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (freed, error) {
		f, err := freeAbandoned(ctx, tx, s.Now(), s.Transport.Repeatable())
		if err != nil || f.unknown == 0 {
			return f, err
		}
		return f, eraseUnknown(ctx, tx, s.secrets)
	})
	if err == nil {
		s.metrics.addHandedEmails(s.Transport.Name(), Unknown, int(f.unknown))
		s.Logger.WarnContext(ctx, "e-mails were abandoned while being sent", "queued_again", f.requeued, "unknown", f.unknown)
	}
	return err
}

// sendBatch claims, hands over and records one batch. An empty queue costs a read and
// no write.
func (s *Service) sendBatch(ctx context.Context) (int, error) {
	due, err := database.ReadOne(ctx, s.DB, func(ctx context.Context, q *database.Tx) (bool, error) {
		return existsDue(ctx, q, s.Now())
	})
	if err != nil || !due {
		return 0, err
	}
	room := s.sendCapacity()
	if room == 0 {
		return 0, nil
	}
	claim := ids.New("clm", s.Now())
	claimed, err := database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) ([]Email, error) {
		return claimDue(ctx, tx, claim, s.Now(), s.Lease, room)
	})
	s.giveBack(room - len(claimed))
	if err != nil || len(claimed) == 0 {
		return 0, err
	}
	outcomes := s.handOver(ctx, claim, claimed)
	return len(claimed), s.recordOutcomes(ctx, claim, outcomes...)
}

// sendCapacity is how many e-mails may be sent now. When none may it sees to it that
// somebody asks again.
func (s *Service) sendCapacity() int {
	wait := s.transportBlockedFor()
	room := batch
	if pacer, ok := s.Transport.(Pacer); ok && wait <= 0 {
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
	if pacer, ok := s.Transport.(Pacer); ok && unused > 0 {
		pacer.Release(unused)
	}
}

// handOver gives the e-mails to the transport, several at a time. Outcomes of a
// transport that cannot tell repetitions apart are recorded one by one, so that a crash
// leaves few e-mails unknown; those of others are returned, to be recorded together.
func (s *Service) handOver(ctx context.Context, claim string, claimed []Email) []outcome {
	outcomes := make([]outcome, len(claimed))
	var group errgroup.Group
	group.SetLimit(s.Workers)
	for i, e := range claimed {
		group.Go(func() error {
			outcomes[i] = s.sendClaimed(ctx, claim, e)
			if !s.Transport.Repeatable() {
				err := s.recordOutcomes(ctx, claim, outcomes[i])
				outcomes[i] = outcome{}
				return err
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		s.Logger.ErrorContext(ctx, "what became of e-mails could not be recorded", "error", err)
	}
	return outcomes
}

// recordOutcomes writes outcomes down, also when the process is told to stop meanwhile.
// Those without an e-mail are none.
func (s *Service) recordOutcomes(ctx context.Context, claim string, outcomes ...outcome) error {
	var some []outcome
	for _, o := range outcomes {
		if o.EmailID != "" {
			some = append(some, o)
		}
	}
	if len(some) == 0 {
		return nil
	}
	err := s.DB.Write(context.WithoutCancel(ctx), func(ctx context.Context, tx *database.Tx) error {
		for _, o := range some {
			if err := recordOutcome(ctx, tx, claim, o, s.Now()); err != nil {
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

// sendClaimed hands one e-mail over and decides what its outcome means.
func (s *Service) sendClaimed(ctx context.Context, claim string, e Email) outcome {
	o := outcome{EmailID: e.ID, Status: Sent, Transport: s.Transport.Name()}
	if t, ok := s.Templates.ByName(e.Template); ok {
		o.Erase = t.Secret
	}
	if ctx.Err() != nil || s.transportBlockedFor() > 0 {
		s.giveBack(1)
		o.Status, o.DueAt, o.Untried = Queued, s.Now(), true
		return o
	}
	found, err := s.beginSending(ctx, claim, e)
	if err != nil || !found.held {
		if err != nil {
			s.Logger.WarnContext(ctx, "e-mail could not be begun", "letter", e.ID, "error", err)
		}
		return outcome{} // the lease will end
	}
	if found.failure != "" {
		s.giveBack(1)
		o.Status, o.Failure, o.Untried = Failed, found.failure, true
		s.Logger.InfoContext(ctx, "e-mail is not sent", "letter", e.ID, "template", e.Template, "failure", found.failure)
		return o
	}
	o.TransportID, err = s.Transport.Send(context.WithoutCancel(ctx), e) // it has time-outs of its own
	return s.outcomeOfSend(ctx, e, o, err)
}

// lastLook is what is found of an e-mail right before it is handed over.
type lastLook struct {
	held    bool    // by the claim
	failure Failure // why it is not sent at all, empty when it is
}

// beginSending decides in the last moment whether an e-mail is sent at all. For a
// transport that cannot tell repetitions apart it notes first that the e-mail is
// offered, so that a crash after this leaves it unknown.
func (s *Service) beginSending(ctx context.Context, claim string, e Email) (lastLook, error) {
	if e.isExpired(s.Now()) {
		return lastLook{held: true, failure: Expired}, nil
	}
	if s.Transport.Repeatable() {
		return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (lastLook, error) {
			return s.lookUpSuppression(ctx, q, e)
		})
	}
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (lastLook, error) {
		found, err := s.lookUpSuppression(ctx, tx, e)
		if err == nil && found.failure == "" {
			found.held, err = markOffered(ctx, tx, claim, e.ID, s.Now(), s.Lease)
		}
		return found, err
	})
}

// lookUpSuppression finds whether the e-mail's address wants no e-mails of this kind.
func (s *Service) lookUpSuppression(ctx context.Context, q *database.Tx, e Email) (lastLook, error) {
	found := lastLook{held: true}
	t, ok := s.Templates.ByName(e.Template)
	suppressed, err := suppression.Stops(ctx, q, e.Recipient, ok && t.Security)
	if suppressed {
		found.failure = Suppressed
	}
	return found, err
}
