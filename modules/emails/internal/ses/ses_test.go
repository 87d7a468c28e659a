package ses_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/email"
	"app/modules/emails/internal/message"
	"app/modules/emails/internal/ses"
	"app/modules/emails/internal/template"
)

// keys are fixed credentials.
type keys struct{ id, secret string }

func (k keys) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret}, nil
}

func newTransport(t *testing.T, url string, change func(*ses.Options)) *ses.Transport {
	t.Helper()
	sender, err := message.ParseSender("Souk <shop@example.com>", "help@example.com", "https://shop.example/unsubscribe")
	if err != nil {
		t.Fatal(err)
	}
	o := ses.Options{
		Region: emailstest.SESRegion, Endpoint: url, ConfigurationSet: "shop-events", Timeout: 20 * time.Second, TemplatePrefix: "souk_", Sender: sender,
		Credentials: keys{emailstest.SESKey, emailstest.SESSecret}, Now: time.Now,
	}
	if change != nil {
		change(&o)
	}
	tr, err := ses.New(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func sample() email.Email {
	return email.Email{
		ID: "ltr_1", Template: "welcome", Locale: "en", Recipient: "ada@example.com", MerchantID: "mer_1",
		Subject: "Größe: 5 €", Text: "Hello\n", HTML: "<p>Grüße</p>",
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	server := emailstest.NewSES(t)
	id, err := newTransport(t, server.URL, nil).Send(context.Background(), sample())
	taken := server.Taken()
	if err != nil || len(taken) != 1 || id != taken[0].MessageID {
		t.Fatalf("id %q, %+v, %v", id, taken, err)
	}
	if got := taken[0]; got.EmailID != "ltr_1" || got.To != "ada@example.com" || got.ConfigurationSet != "shop-events" {
		t.Errorf("got %+v", got)
	}
	m, err := mail.ReadMessage(bytes.NewReader(taken[0].Raw))
	if err != nil {
		t.Fatal(err)
	}
	subject, _ := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	for name, want := range map[string]string{
		"From": `"Souk" <shop@example.com>`, "To": "<ada@example.com>", "Reply-To": "<help@example.com>", "Message-Id": "<ltr_1@example.com>",
		"Auto-Submitted": "auto-generated", "List-Unsubscribe": "<https://shop.example/unsubscribe>",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if parts := read(t, m); subject != "Größe: 5 €" || parts["text/plain"] != "Hello" || parts["text/html"] != "<p>Grüße</p>" {
		t.Errorf("subject %q, parts %q", subject, parts)
	}
}

// read takes the parts of a message apart.
func read(t *testing.T, m *mail.Message) map[string]string {
	t.Helper()
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	out := map[string]string{}
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		out[kind] = strings.TrimSpace(string(text))
	}
}

func TestFailure32_LostReplyOfSendEmail(t *testing.T) {
	t.Parallel()
	for _, answer := range []emailstest.Answer{emailstest.TakeAndLose, emailstest.TakeAndHang, emailstest.BadGateway} {
		t.Run(string(answer), func(t *testing.T) {
			t.Parallel()
			server := emailstest.NewSES(t)
			server.Answer(func(int) emailstest.Answer { return answer })
			tr := newTransport(t, server.URL, func(o *ses.Options) {
				if answer == emailstest.TakeAndHang {
					o.Timeout = time.Second
				}
			})
			if _, err := tr.Send(context.Background(), sample()); !errors.Is(err, email.ErrLost) {
				t.Errorf("got %v", err)
			}
			if sends, _ := server.Requests(); sends != 1 {
				t.Errorf("SES was asked %d times", sends)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	all := []error{email.ErrBlocked, email.ErrThrottled, email.ErrRejected, email.ErrLost}
	for answer, want := range map[emailstest.Answer]error{
		emailstest.Throttle: email.ErrThrottled, emailstest.DayIsOver: email.ErrThrottled,
		emailstest.Refuse: email.ErrRejected, emailstest.Malformed: email.ErrRejected,
		emailstest.Unverified: email.ErrBlocked, emailstest.Paused: email.ErrBlocked, emailstest.Suspended: email.ErrBlocked,
		emailstest.NoSuchSet: email.ErrBlocked,
		emailstest.Broken:    nil, // tried again
	} {
		t.Run(string(answer), func(t *testing.T) {
			t.Parallel()
			server := emailstest.NewSES(t)
			server.Answer(func(int) emailstest.Answer { return answer })
			_, err := newTransport(t, server.URL, nil).Send(context.Background(), sample())
			for _, e := range all {
				if errors.Is(err, e) != errors.Is(want, e) {
					t.Errorf("got %v, want %v", err, want)
				}
			}
			if sends, _ := server.Requests(); err == nil || sends != 1 {
				t.Errorf("SES was asked %d times: %v", sends, err)
			}
		})
	}
}

func TestNotLet(t *testing.T) {
	t.Parallel()
	server := emailstest.NewSES(t)
	for name, change := range map[string]func(*ses.Options){
		"WrongSecret":   func(o *ses.Options) { o.Credentials = keys{emailstest.SESKey, "wrong"} },
		"WrongKey":      func(o *ses.Options) { o.Credentials = keys{"AKIDNOBODY", emailstest.SESSecret} },
		"WrongRegion":   func(o *ses.Options) { o.Region = "us-east-1" },
		"NobodyListens": func(o *ses.Options) { o.Endpoint = "http://127.0.0.1:1" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTransport(t, server.URL, change)
			if _, err := tr.Send(context.Background(), sample()); !errors.Is(err, email.ErrBlocked) {
				t.Errorf("got %v", err)
			}
			if err := tr.Check(context.Background()); err == nil {
				t.Error("the check finds nothing wrong")
			}
			if n := len(server.Taken()); n != 0 {
				t.Errorf("%d e-mails were taken", n)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	quota := emailstest.Quota{MaxSendRate: 14, Max24HourSend: 50000, SentLast24Hours: 49990}
	for name, tc := range map[string]struct {
		sending    bool
		identities map[string]bool
		says       string // empty for no error
	}{
		"Domain":       {true, map[string]bool{"example.com": true}, ""},
		"Address":      {true, map[string]bool{"shop@example.com": true}, ""},
		"NotYet":       {true, map[string]bool{"example.com": false}, "PENDING"},
		"AnotherOne":   {true, map[string]bool{"elsewhere.example": true}, "verify-identity"},
		"MayNotSend":   {false, map[string]bool{"example.com": true}, "HEALTHY"},
		"NearestFirst": {true, map[string]bool{"shop@example.com": false, "example.com": true}, "shop@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := emailstest.NewSES(t)
			server.Set(quota, tc.sending, tc.identities)
			tr := newTransport(t, server.URL, nil)
			err := tr.Check(context.Background())
			if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want it to say %q", err, tc.says)
			}
			if n, _ := tr.Reserve(1000); n < 1 || n > 10 {
				t.Errorf("%d e-mails may be sent, of 10 that are left of the day", n)
			}
		})
	}
}

func TestVerifyIdentity(t *testing.T) {
	t.Parallel()
	server := emailstest.NewSES(t)
	server.Set(emailstest.Quota{MaxSendRate: 1}, true, map[string]bool{})
	tr := newTransport(t, server.URL, nil)
	for range 2 { // created, then found
		id, err := tr.VerifyIdentity(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		want := ses.Record{Name: "aaa111._domainkey.example.com", Type: "CNAME", Value: "aaa111.dkim.amazonses.com"}
		if id.Domain != "example.com" || id.Verified || len(id.Records) != 3 || id.Records[0] != want {
			t.Errorf("got %+v", id)
		}
	}
}

func TestStoredTemplates(t *testing.T) {
	t.Parallel()
	server := emailstest.NewSES(t)
	tr := newTransport(t, server.URL, func(o *ses.Options) { o.Stored = true })
	set, err := template.Parse("en")
	if err != nil {
		t.Fatal(err)
	}
	welcome, _ := set.ByName("welcome")
	for range 2 { // made, then brought up to date
		if name, err := tr.Push(context.Background(), welcome, "de"); err != nil || name != "souk_welcome_de" {
			t.Fatalf("%q, %v", name, err)
		}
	}
	if got, ok := server.Template("souk_welcome_de"); !ok || !strings.HasPrefix(got["Subject"], "Willkommen{{#if first_name}}") || got["Html"] == "" || got["Text"] == "" {
		t.Errorf("stored %q", got)
	}
	l := sample()
	l.Locale, l.Data = "de", `{"first_name":"Ada"}`
	if _, err := tr.Send(context.Background(), l); err != nil {
		t.Fatal(err)
	}
	if got := server.Taken()[0]; got.Template != "souk_welcome_de" || got.Data != l.Data || got.Raw != nil {
		t.Errorf("got %+v", got)
	}
	l.Data = "" // it was queued before templates were stored
	if _, err := tr.Send(context.Background(), l); err != nil || server.Taken()[1].Raw == nil {
		t.Errorf("an e-mail without data: %+v, %v", server.Taken()[1], err)
	}
}
