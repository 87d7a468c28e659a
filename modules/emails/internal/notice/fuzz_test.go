package notice_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/notice"
	"app/platform/emailaddr"
)

// wire answers every request with the certificate and notes the hosts that were asked.
// No network: a fuzz target runs thousands of times a second.
type wire struct {
	cert []byte

	mu    sync.Mutex
	hosts map[string]bool
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hosts[r.URL.Host] = true
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(w.cert)), Request: r}, nil
}

// FuzzNoticeVerify: whatever is posted, only messages that SNS signed are accepted,
// word for word, and nobody but SNS is asked for anything.
func FuzzNoticeVerify(f *testing.F) {
	raw, err := os.ReadFile("testdata/signer.pem") // fixed, so that every process of the fuzzer has the same seeds
	if err != nil {
		f.Fatal(err)
	}
	_, cert := pem.Decode(raw)
	signer, network := emailstest.NewSigner(f, raw), &wire{cert: cert, hosts: map[string]bool{}}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	v := &notice.Verifier{Topics: []string{emailstest.SNSTopic}, Source: notice.NewSource(network, clock), MaxAge: time.Hour, Now: clock}
	genuine := map[string]string{} // texts by message id
	for _, m := range []map[string]string{
		signer.Notification("{}", now), signer.Notification(emailstest.Bounce("Permanent", "ltr_1", "a@example.com"), now), signer.Subscription(now),
	} {
		genuine[m["MessageId"]] = m["Message"]
		body := signer.Sign(m)
		if _, err := v.Verify(f.Context(), body); err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := v.Verify(context.Background(), body)
		if err == nil {
			if text, ok := genuine[got.MessageID]; !ok || text != got.Message || got.TopicARN != emailstest.SNSTopic {
				t.Errorf("a forged message was accepted: %+v", got)
			}
		}
		network.mu.Lock()
		defer network.mu.Unlock()
		for host := range network.hosts {
			if host != emailstest.SNSHost {
				t.Errorf("%s was asked", host)
			}
		}
	})
}

// FuzzNoticeEvent: no text makes the reader of events panic, and whatever address comes
// out of one is refused by emailaddr.Parse or has nothing in it that could end a
// header.
func FuzzNoticeEvent(f *testing.F) {
	f.Add(emailstest.Bounce("Permanent", "ltr_1", "a@example.com", "B <b@example.com>"))
	f.Add(emailstest.Complaint("abuse", "ltr_1", "a@example.com"))
	f.Add(emailstest.Event("Rendering Failure", "ltr_1"))
	f.Add(`{"notificationType":"Bounce","mail":null,"bounce":{"bouncedRecipients":[null,{"emailAddress":"\r\n@"}]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := notice.ParseEvent(text, "letter_id")
		if err != nil && json.Valid([]byte(text)) && e.Kind != "" {
			t.Errorf("%q: an error and an event: %+v", text, e)
		}
		for _, r := range e.Recipients {
			address, err := emailaddr.Parse(r)
			for _, c := range address.Deliverable() {
				if err == nil && (c < ' ' || c >= 0x7f) {
					t.Errorf("%q became the address %q", r, address)
				}
			}
		}
	})
}
