package service

import (
	"context"
	"errors"
	"time"

	"app/modules/emails/internal/notice"
	"app/modules/emails/internal/reason"
	"app/modules/emails/internal/ses"
	"app/modules/emails/internal/store"
	"app/platform/database"
	"app/platform/emailaddr"
	"app/platform/fault"
)

// Notices takes what Amazon SES tells about e-mails.
type Notices struct {
	Service  *Service
	Verifier *notice.Verifier
}

// refusals are what the sender of a message is told.
var refusals = []struct {
	err     error
	refusal func() *fault.Error
}{
	{notice.ErrTopic, reason.TopicNotAccepted.New},
	{notice.ErrSignature, func() *fault.Error {
		return fault.New(fault.Unauthenticated, "signature_invalid", "The signature does not hold.")
	}},
	{notice.ErrStale, reason.NoticeStale.New},
	{notice.ErrMalformed, func() *fault.Error {
		return fault.Invalid(fault.Field{Pointer: "", Detail: "is not a message of Amazon SNS"})
	}},
	{notice.ErrUnavailable, reason.CertificateUnavailable.New},
}

// Take verifies a message and does what it says, once however often it comes. Errors:
// reason.TopicNotAccepted; signature_invalid; reason.NoticeStale; InvalidArgument;
// reason.CertificateUnavailable, after which SNS sends it again.
func (n *Notices) Take(ctx context.Context, body []byte) error {
	m, err := n.Verifier.Verify(ctx, body)
	if err == nil {
		err = n.handleNotice(ctx, m)
	}
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			n.Service.metrics.notices.WithLabelValues("any", "refused").Inc()
			return r.refusal().Because(err)
		}
	}
	return err
}

func (n *Notices) handleNotice(ctx context.Context, m notice.Message) error {
	switch m.Type {
	case notice.Subscribe:
		if err := n.Verifier.Source.Confirm(ctx, m); err != nil {
			return err
		}
		n.Service.Logger.InfoContext(ctx, "subscription confirmed", "topic", m.TopicARN)
		return nil
	case notice.Unsubscribe:
		n.Service.Logger.WarnContext(ctx, "a topic will send no more notices", "topic", m.TopicARN)
		return nil
	}
	event, err := notice.ParseEvent(m.Message, ses.LetterTag)
	if err != nil {
		return err
	}
	return n.Service.recordDeliveryEvent(ctx, m.MessageID, event)
}

// deliveries are what the kinds of events say of an e-mail.
var deliveries = map[notice.Kind]store.Delivery{
	notice.Send: store.Accepted, notice.Delay: store.Delayed, notice.Delivery: store.Delivered, notice.Bounce: store.Bounced,
	notice.Complaint: store.Complained, notice.Reject: store.Refused, notice.Rendering: store.Refused,
}

// recordDeliveryEvent writes an event down: what it says of its e-mail, and which
// addresses it has suppressed.
func (s *Service) recordDeliveryEvent(ctx context.Context, messageID string, e notice.Event) error {
	outcome := "taken"
	err := s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		outcome = "taken"
		if err := store.TakeNotice(ctx, tx, messageID, s.Now()); err != nil {
			return err
		}
		if e.Kind == notice.Other {
			return nil
		}
		return s.applyDeliveryEvent(ctx, tx, e)
	})
	if errors.Is(err, store.ErrDuplicate) {
		outcome, err = "repeated", nil
	}
	if err == nil {
		s.metrics.notices.WithLabelValues(string(e.Kind), outcome).Inc()
	}
	return err
}

func (s *Service) applyDeliveryEvent(ctx context.Context, tx *database.Tx, e notice.Event) error {
	news := store.News{LetterID: e.LetterID, TransportID: e.MessageID, Delivery: deliveries[e.Kind], Detail: e.Detail}
	if e.Kind == notice.Bounce && !e.Permanent {
		news.Delivery = store.Delayed // SES has given up, but the mailbox is there
	}
	letter, err := store.Note(ctx, tx, news, s.Now())
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if letter.Settled {
		s.Logger.InfoContext(ctx, "letter settled by a notice", "letter", letter.ID, "event", e.Kind)
	}
	if !e.Permanent {
		return nil
	}
	why := store.Bounce
	if e.Kind == notice.Complaint {
		why = store.Complaint
	}
	for _, r := range e.Recipients {
		address, err := emailaddr.Parse(r)
		if err != nil {
			continue // no letter of ours went there
		}
		entry := store.Suppression{Address: address.Key(), Reason: why, Detail: e.Detail, LetterID: letter.ID, CreatedAt: s.Now()}
		if err := store.Suppress(ctx, tx, entry); err != nil {
			return err
		}
		s.metrics.suppressedAdds.WithLabelValues(string(why)).Inc()
	}
	return nil
}

// ForgetNotices removes what is kept to notice repetitions of messages that would be
// refused for their age anyway.
func (s *Service) ForgetNotices(ctx context.Context, maxAge time.Duration) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return store.ForgetNotices(ctx, tx, s.Now().Add(-2*maxAge-time.Hour))
	})
}
