package mailbox_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/email"
	"app/modules/emails/internal/mailbox"
)

func TestMailboxTakesALetterOnce(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), emailstest.New(t)
	e := email.Email{ID: "ltr_1", Recipient: "ada@example.com", Subject: "s", Text: "t", HTML: "h"}
	for range 2 {
		if _, err := o.Mailbox.Send(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	got, err := o.Mailbox.List(ctx, "ada@example.com", 10)
	want := []mailbox.Mail{{EmailID: "ltr_1", Recipient: "ada@example.com", Subject: "s", Text: "t", HTML: "h", CreatedAt: o.Clock.Now()}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if other, err := o.Mailbox.List(ctx, "bob@example.com", 10); err != nil || len(other) != 0 {
		t.Errorf("another address sees %v, %v", other, err)
	}
}
