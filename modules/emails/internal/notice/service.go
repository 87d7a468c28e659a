package notice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/modules/emails/internal/email"
	"app/modules/emails/internal/reason"
	"app/modules/emails/internal/ses"
	"app/modules/emails/internal/suppression"
	"app/platform/database"
	"app/platform/emailaddr"
	"app/platform/fault"
)

// Options put a service together.
type Options struct {
	DB       *database.DB
	Verifier *Verifier
	Now      func() time.Time
	Logger   *slog.Logger
	Metrics  prometheus.Registerer // nil for nobody
}

// Service takes what Amazon SES tells about e-mails. It is safe for concurrent use.
type Service struct {
	Options
	notices      *prometheus.CounterVec
	suppressions *prometheus.CounterVec
}

// NewService makes a service on a migrated database.
func NewService(o Options) (*Service, error) {
	s := &Service{
		Options: o,
		notices: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "souk_emails_notices_total", Help: "Notices about e-mails, by type and by what was done with them.",
		}, []string{"type", "outcome"}),
		suppressions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "souk_emails_suppressions_total", Help: "Reports that had an address suppressed.",
		}, []string{"reason"}),
	}
	if o.Metrics == nil {
		return s, nil
	}
	if err := errors.Join(o.Metrics.Register(s.notices), o.Metrics.Register(s.suppressions)); err != nil {
		return nil, fmt.Errorf("register metrics of notices: %w", err)
	}
	return s, nil
}

// refusals are what the sender of a message is told.
var refusals = []struct {
	err     error
	refusal func() *fault.Error
}{
	{ErrTopic, reason.TopicNotAccepted.New},
	{ErrSignature, func() *fault.Error {
		return fault.New(fault.Unauthenticated, "signature_invalid", "The signature does not hold.")
	}},
	{ErrStale, reason.NoticeStale.New},
	{ErrMalformed, func() *fault.Error {
		return fault.Invalid(fault.Field{Pointer: "", Detail: "is not a message of Amazon SNS"})
	}},
	{ErrUnavailable, reason.CertificateUnavailable.New},
}

// Take verifies a message and does what it says, once however often it comes. Errors:
// reason.TopicNotAccepted; signature_invalid; reason.NoticeStale; InvalidArgument;
// reason.CertificateUnavailable, after which SNS sends it again.
func (s *Service) Take(ctx context.Context, body []byte) error {
	m, err := s.Verifier.Verify(ctx, body)
	if err == nil {
		err = s.handleNotice(ctx, m)
	}
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			s.notices.WithLabelValues("any", "refused").Inc()
			return r.refusal().Because(err)
		}
	}
	return err
}

func (s *Service) handleNotice(ctx context.Context, m Message) error {
	switch m.Type {
	case Subscribe:
		if err := s.Verifier.Source.Confirm(ctx, m); err != nil {
			return err
		}
		s.Logger.InfoContext(ctx, "subscription confirmed", "topic", m.TopicARN)
		return nil
	case Unsubscribe:
		s.Logger.WarnContext(ctx, "a topic will send no more notices", "topic", m.TopicARN)
		return nil
	}
	event, err := ParseEvent(m.Message, ses.EmailTag)
	if err != nil {
		return err
	}
	return s.recordEvent(ctx, m.MessageID, event)
}

// deliveries are what the kinds of events say of an e-mail.
var deliveries = map[Kind]email.Delivery{
	Send: email.Accepted, Delay: email.Delayed, Delivery: email.Delivered, Bounce: email.Bounced,
	Complaint: email.Complained, Reject: email.Refused, Rendering: email.Refused,
}

// recordEvent writes an event down: what it says of its e-mail, and which addresses it
// has suppressed.
func (s *Service) recordEvent(ctx context.Context, messageID string, e Event) error {
	outcome := "taken"
	err := s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		outcome = "taken"
		if err := insertMessage(ctx, tx, messageID, s.Now()); err != nil {
			return err
		}
		if e.Kind == Other {
			return nil
		}
		return s.applyEvent(ctx, tx, e)
	})
	if errors.Is(err, database.ErrDuplicate) {
		outcome, err = "repeated", nil
	}
	if err == nil {
		s.notices.WithLabelValues(string(e.Kind), outcome).Inc()
	}
	return err
}

func (s *Service) applyEvent(ctx context.Context, tx *database.Tx, e Event) error {
	news := email.News{EmailID: e.EmailID, TransportID: e.MessageID, Delivery: deliveries[e.Kind], Detail: e.Detail}
	if e.Kind == Bounce && !e.Permanent {
		news.Delivery = email.Delayed // SES has given up, but the mailbox is there
	}
	noted, err := email.Note(ctx, tx, news, s.Now())
	if err != nil && !errors.Is(err, database.ErrNotFound) {
		return err
	}
	if noted.Resolved {
		s.Logger.InfoContext(ctx, "e-mail settled by a notice", "letter", noted.ID, "event", e.Kind)
	}
	if !e.Permanent {
		return nil
	}
	why := suppression.Bounce
	if e.Kind == Complaint {
		why = suppression.Complaint
	}
	for _, r := range e.Recipients {
		address, err := emailaddr.Parse(r)
		if err != nil {
			continue // no e-mail of ours went there
		}
		entry := suppression.Suppression{Address: address.Key(), Reason: why, Detail: e.Detail, EmailID: noted.ID, CreatedAt: s.Now()}
		if err := suppression.Add(ctx, tx, entry); err != nil {
			return err
		}
		s.suppressions.WithLabelValues(string(why)).Inc()
	}
	return nil
}

// Forget removes what is kept to notice repetitions of messages that would be refused
// for their age anyway.
func (s *Service) Forget(ctx context.Context, maxAge time.Duration) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return deleteMessagesBefore(ctx, tx, s.Now().Add(-2*maxAge-time.Hour))
	})
}
