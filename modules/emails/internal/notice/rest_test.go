package notice_test

import (
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"app/modules/emails/emailstest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

func TestNotice(t *testing.T) {
	t.Parallel()
	a := emailstest.NewAPI(t)
	m := a.SNS.Notification(emailstest.Bounce("Permanent", "ltr_1", "ada@example.com"), a.Clock.Now())
	body := a.SNS.Sign(m)
	for range 2 { // the second is a replay
		if code := a.PostNotice(body); code != http.StatusOK {
			t.Errorf("got %d", code)
		}
	}
	if w := a.Call(emailstest.Admin, http.MethodGet, "/v1/emails/suppressions", ""); !strings.Contains(w.Body, `"address":"ada@example.com","reason":"bounce"`) {
		t.Errorf("%d %s", w.Status, w.Body)
	}
	m["Message"] = emailstest.Bounce("Permanent", "ltr_1", "bob@example.com")
	if code := a.PostNotice(emailstest.Encode(m)); code != http.StatusUnauthorized {
		t.Errorf("a forged message: %d", code)
	}
	m["TopicArn"] = "arn:aws:sns:eu-central-1:666666666666:ses-events"
	if code := a.PostNotice(a.SNS.Sign(m)); code != http.StatusForbidden {
		t.Errorf("a foreign topic: %d", code)
	}
	if code := a.PostNotice([]byte("hello")); code != http.StatusUnprocessableEntity {
		t.Errorf("no message: %d", code)
	}
	if code := a.PostNotice([]byte(`{"x":"` + strings.Repeat("x", 600<<10) + `"}`)); code != http.StatusRequestEntityTooLarge {
		t.Errorf("a message without end: %d", code)
	}
}
