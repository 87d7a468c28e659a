package email_test

import (
	"testing"

	"app/modules/emails/internal/email"
)

// News decide only of an e-mail that its worker does not have, and a refusal also of one
// that was sent.
func TestStatusAfterNews(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		from email.Status
		news email.Delivery
		want email.Status // empty for no change
	}{
		{email.Unknown, email.Accepted, email.Sent},
		{email.Unknown, email.Complained, email.Sent},
		{email.Unknown, email.Refused, email.Failed},
		{email.Sent, email.Refused, email.Failed},
		{email.Sent, email.Delivered, ""},
		{email.Sending, email.Accepted, ""},
		{email.Sending, email.Refused, ""},
		{email.Queued, email.Refused, ""},
		{email.Failed, email.Delivered, ""},
	} {
		to, moved := email.StatusAfter(tc.from, tc.news)
		if moved != (tc.want != "") || moved && to != tc.want {
			t.Errorf("%s and %s: %s, %v, want %q", tc.from, tc.news, to, moved, tc.want)
		}
	}
}
