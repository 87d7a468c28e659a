package notice_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"app/modules/emails/emailstest"
	"app/platform/fault"
)

func TestFailure35_BounceNotices(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ event, want string }{
		"Permanent":      {emailstest.Bounce("Permanent", "ltr_1", "a@example.com"), "a@example.com bounce"},
		"Transient":      {emailstest.Bounce("Transient", "ltr_1", "a@example.com"), ""},
		"Undetermined":   {emailstest.Bounce("Undetermined", "ltr_1", "a@example.com"), ""},
		"Complaint":      {emailstest.Complaint("abuse", "ltr_1", "a@example.com"), "a@example.com complaint"},
		"NotSpam":        {emailstest.Complaint("not-spam", "ltr_1", "a@example.com"), ""},
		"Delivery":       {emailstest.Event("Delivery", "ltr_1"), ""},
		"UnknownEvent":   {emailstest.Event("Teleported", "ltr_1"), ""},
		"ManyRecipients": {emailstest.Bounce("Permanent", "ltr_1", "c@example.com", "b@example.com", "not an address", "a@exämple.com"), "c@example.com bounce, b@example.com bounce, a@xn--exmple-cua.com bounce"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			emailstest.EachPost(t, func(t *testing.T, p *emailstest.Post) {
				p.Take(tc.event)
				if got := p.Suppressed(); got != tc.want {
					t.Errorf("suppressed %q, want %q", got, tc.want)
				}
			})
		})
	}
}

func TestFailure35_ReplayedNotice(t *testing.T) {
	t.Parallel()
	emailstest.EachPost(t, func(t *testing.T, p *emailstest.Post) {
		ctx := context.Background()
		body := p.SNS.Sign(p.SNS.Notification(emailstest.Bounce("Permanent", "ltr_1", "a@example.com"), p.Clock.Now()))
		var posts sync.WaitGroup
		for range 4 { // at once
			posts.Go(func() {
				if err := p.Notices.Take(ctx, body); err != nil {
					t.Error(err)
				}
			})
		}
		posts.Wait()
		if err := p.Suppressions.Delete(ctx, "a@example.com"); err != nil {
			t.Fatal(err)
		}
		if err := p.Notices.Take(ctx, body); err != nil || p.Suppressed() != "" {
			t.Errorf("a replay suppressed %q, %v", p.Suppressed(), err)
		}
		p.Clock.Advance(61 * time.Minute)
		if err := p.Notices.Take(ctx, body); fault.ReasonOf(err) != "notice_stale" {
			t.Errorf("after an hour: %v", err)
		}
		p.Clock.Advance(24 * time.Hour)
		if err := p.Notices.Forget(ctx, time.Hour); err != nil {
			t.Fatal(err)
		}
	})
}

func TestFailure35_ForgedNoticeChangesNothing(t *testing.T) {
	t.Parallel()
	p := emailstest.NewPost(t)
	m := p.SNS.Notification(emailstest.Bounce("Permanent", "ltr_1", "a@example.com"), p.Clock.Now())
	p.SNS.Sign(m)
	for reason, change := range map[string]map[string]string{
		"topic_not_accepted": {"TopicArn": "arn:aws:sns:eu-central-1:666666666666:ses-events"},
		"signature_invalid":  {"Message": emailstest.Bounce("Permanent", "ltr_1", "victim@example.com")},
	} {
		forged := map[string]string{}
		for k, v := range m {
			forged[k] = v
		}
		for k, v := range change {
			forged[k] = v
		}
		if err := p.Notices.Take(context.Background(), emailstest.Encode(forged)); fault.ReasonOf(err) != reason {
			t.Errorf("got %v, want %s", err, reason)
		}
	}
	if got := p.Suppressed(); got != "" {
		t.Errorf("suppressed %s", got)
	}
}

func TestSubscriptionIsConfirmed(t *testing.T) {
	t.Parallel()
	p := emailstest.NewPost(t)
	if err := p.Notices.Take(context.Background(), p.SNS.Sign(p.SNS.Subscription(p.Clock.Now()))); err != nil {
		t.Fatal(err)
	}
	foreign := p.SNS.Subscription(p.Clock.Now())
	foreign["TopicArn"] = "arn:aws:sns:eu-central-1:666666666666:ses-events"
	if err := p.Notices.Take(context.Background(), p.SNS.Sign(foreign)); fault.CodeOf(err) != fault.PermissionDenied {
		t.Errorf("a foreign topic: %v", err)
	}
	if _, confirmed, _ := p.SNS.Seen(); len(confirmed) != 1 || confirmed[0] != emailstest.SNSTopic {
		t.Errorf("confirmed %v", confirmed)
	}
}
