package email_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/email"
	"app/modules/emails/internal/request"
	"app/platform/fault"
)

func TestFailure34_SuppressionAddedWhileQueued(t *testing.T) {
	t.Parallel()
	emailstest.EachPost(t, func(t *testing.T, p *emailstest.Post) {
		id, other := p.Queue("Ada@example.com"), p.Queue("bob@example.com")
		p.Take(emailstest.Bounce("Permanent", "ltr_elsewhere", "ada@Example.com"))
		p.SendDue()
		if l := p.Email(id); l.Status != email.Failed || l.Failure != email.Suppressed || p.Courier.Offered(id) != 0 {
			t.Errorf("%s %s, offered %d times", l.Status, l.Failure, p.Courier.Offered(id))
		}
		if l := p.Email(other); l.Status != email.Sent {
			t.Errorf("another's e-mail is %s", l.Status)
		}
		if err := p.Suppressions.Delete(context.Background(), "ada@example.com"); err != nil {
			t.Fatal(err)
		}
		if err := p.Emails.Retry(context.Background(), id, false); err != nil {
			t.Fatal(err)
		}
		if p.SendDue(); p.Email(id).Status != email.Sent || p.Courier.Offered(id) != 1 {
			t.Errorf("afterwards it is %s, offered %d times", p.Email(id).Status, p.Courier.Offered(id))
		}
		if err := p.Suppressions.Delete(context.Background(), "ada@example.com"); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("an address that is not suppressed: %v", err)
		}
	})
}

// A suppression that comes while the e-mail lies claimed, before it is offered.
func TestFailure34_SuppressionAddedWhileClaimed(t *testing.T) {
	t.Parallel()
	emailstest.EachPost(t, func(t *testing.T, p *emailstest.Post) {
		p.Emails.Workers = 1
		first := p.Queue("ada@example.com")
		p.Clock.Advance(time.Millisecond)
		second := p.Queue("bob@example.com")
		var once sync.Once
		p.Courier.Answer = func(l email.Email) error {
			once.Do(func() { p.Take(emailstest.Complaint("abuse", l.ID, "bob@example.com", "ada@example.com")) })
			return nil
		}
		p.SendDue()
		if l := p.Email(first); l.Status != email.Sent || l.Delivery != email.Complained {
			t.Errorf("the first is %s %s", l.Status, l.Delivery)
		}
		if l := p.Email(second); l.Failure != email.Suppressed || p.Courier.Offered(second) != 0 {
			t.Errorf("the second is %s %s, offered %d times", l.Status, l.Failure, p.Courier.Offered(second))
		}
	})
}

// Codes go to whoever asks for them in spite of a complaint, but not to a mailbox that
// does not exist.
func TestSuppressionOfCodes(t *testing.T) {
	t.Parallel()
	for report, want := range map[string]email.Status{
		emailstest.Complaint("abuse", "ltr_x", "ada@example.com"): email.Sent, emailstest.Bounce("Permanent", "ltr_x", "ada@example.com"): email.Failed,
	} {
		p := emailstest.NewPost(t)
		p.Take(report)
		l, err := p.Requests.Write(context.Background(), request.Request{
			ID: "ltr_c", Template: "sign_in_code", To: "ada@example.com", Data: map[string]any{"first_name": "Ada", "code": "1", "minutes": 1},
		})
		if err != nil {
			t.Fatal(err)
		}
		if p.SendDue(); p.Email(l.ID).Status != want {
			t.Errorf("after %.40s it is %s, want %s", report, p.Email(l.ID).Status, want)
		}
	}
}
