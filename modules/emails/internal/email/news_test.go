package email_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/email"
	"app/platform/fault"
)

func TestFailure32_UnknownIsSettledByNotices(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		event    string // with % for the e-mail
		status   email.Status
		delivery email.Delivery
	}{
		"Send":        {emailstest.Event("Send", "%"), email.Sent, email.Accepted},
		"Delivery":    {emailstest.Event("Delivery", "%"), email.Sent, email.Delivered},
		"Bounce":      {emailstest.Bounce("Permanent", "%", "ada@example.com"), email.Sent, email.Bounced},
		"Complaint":   {emailstest.Complaint("abuse", "%", "ada@example.com"), email.Sent, email.Complained},
		"Reject":      {emailstest.Event("Reject", "%"), email.Failed, email.Refused},
		"Rendering":   {emailstest.Event("Rendering Failure", "%"), email.Failed, email.Refused},
		"OfAnother":   {emailstest.Event("Send", "ltr_x"), email.Unknown, email.NoNews},
		"UnknownKind": {emailstest.Event("Teleported", "%"), email.Unknown, email.NoNews},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			emailstest.EachPost(t, func(t *testing.T, p *emailstest.Post) {
				id := p.Lost()
				p.Take(strings.ReplaceAll(tc.event, "%", id))
				if l := p.Email(id); l.Status != tc.status || l.Delivery != tc.delivery {
					t.Errorf("it is %s %s, want %s %s", l.Status, l.Delivery, tc.status, tc.delivery)
				}
				if n := p.SendDue(); n != 0 {
					t.Errorf("%d e-mails were sent again", n)
				}
			})
		})
	}
}

// News may come before the reply is given up for lost, and in any order.
func TestNewsComeFirst(t *testing.T) {
	t.Parallel()
	p := emailstest.NewPost(t)
	id := p.Queue("ada@example.com")
	p.Courier.Answer = func(l email.Email) error {
		p.Take(emailstest.Event("Delivery", l.ID))
		p.Take(emailstest.Event("Send", l.ID))
		return emailstest.ErrLost
	}
	p.SendDue()
	if l := p.Email(id); l.Status != email.Sent || l.Delivery != email.Delivered {
		t.Errorf("it is %s %s", l.Status, l.Delivery)
	}
}

func TestUnknownIsListedForTheOperator(t *testing.T) {
	t.Parallel()
	ctx, p := context.Background(), emailstest.NewPost(t)
	id := p.Lost()
	if dead, err := p.Emails.Dead(ctx, time.Hour, 10); err != nil || len(dead) != 0 {
		t.Errorf("listed at once: %v, %v", dead, err)
	}
	p.Clock.Advance(2 * time.Hour)
	if dead, err := p.Emails.Dead(ctx, time.Hour, 10); err != nil || len(dead) != 1 || dead[0].ID != id {
		t.Errorf("after an hour without news: %v, %v", dead, err)
	}
	if n, err := p.Emails.RetryAll(ctx); err != nil || n != 0 {
		t.Errorf("%d unknown e-mails are queued again with the others, %v", n, err)
	}
	if err := p.Emails.Retry(ctx, id, false); fault.ReasonOf(err) != "not_retryable" {
		t.Errorf("queued again without being asked twice: %v", err)
	}
	if err := p.Emails.Retry(ctx, id, true); err != nil {
		t.Fatal(err)
	}
	if p.SendDue(); p.Email(id).Status != email.Sent {
		t.Errorf("it is %s", p.Email(id).Status)
	}
}
