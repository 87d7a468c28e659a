package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/quotedprintable"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"app/e2e/harness/shop"
	"app/modules/emails/emailstest"
)

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// register has an account made and gives the code that arrives for it, wherever letters
// arrive.
func register(t *testing.T, s *shop.Shop, email string, letters func() []string) (code string) {
	t.Helper()
	body := map[string]string{
		"email": email, "password": shop.Password, "confirm_password": shop.Password, "first_name": "Ada", "middle_name": "", "last_name": "Lovelace",
	}
	if err := s.Call(t.Context(), http.StatusAccepted, http.MethodPost, "/v1/auth/register", body, nil); err != nil {
		t.Fatal(err)
	}
	err := shop.Await(t.Context(), "the e-mail with the code", func(context.Context) error {
		for _, l := range letters() {
			if code = sixDigits.FindString(l); code != "" {
				return nil
			}
		}
		return fmt.Errorf("%d e-mails", len(letters()))
	})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// body is the text of a message as it was written, whatever its encoding on the wire.
func body(raw []byte) string {
	_, after, _ := bytes.Cut(raw, []byte("Content-Type: text/plain"))
	_, after, _ = bytes.Cut(after, []byte("\r\n\r\n"))
	text := new(bytes.Buffer)
	_, _ = text.ReadFrom(quotedprintable.NewReader(bytes.NewReader(after))) // up to the boundary is enough
	return text.String()
}

// verify ends the registration, after which the welcome is written.
func verify(t *testing.T, s *shop.Shop, email, code string) {
	t.Helper()
	if err := s.Call(t.Context(), http.StatusOK, http.MethodPost, "/v1/auth/verify", map[string]string{"email": email, "code": code, "password": shop.Password}, nil); err != nil {
		t.Fatal(err)
	}
}

func TestLettersOverSMTP(t *testing.T) {
	t.Parallel()
	for _, shape := range []shop.Shape{shop.Local, shop.RPC, shop.Processes} {
		t.Run(string(shape), func(t *testing.T) {
			t.Parallel()
			server := emailstest.StartMailpit(t, emailstest.MailpitOptions{StartTLS: true, User: "shop", Password: "geheim"})
			s := shop.Open(t, shape, map[string]string{
				"EMAIL_TRANSPORT": "smtp", "EMAIL_FROM": "Souk <shop@example.com>", "EMAIL_SMTP_HOST": server.Host, "EMAIL_SMTP_PORT": strconv.Itoa(server.Port),
				"EMAIL_SMTP_USER": "shop", "EMAIL_SMTP_PASSWORD": "geheim", "EMAIL_SMTP_CA": server.CA.File(t, t.TempDir()),
				"EMAIL_CHECK": "strict", "EMAILS_LEASE": "60s",
			})
			letters := func() (out []string) {
				for _, m := range server.Mails(t) {
					out = append(out, body(server.Raw(t, m.ID)))
				}
				return out
			}
			verify(t, s, "ada@example.com", register(t, s, "ada@example.com", letters))
			err := shop.Await(t.Context(), "the welcome", func(context.Context) error {
				if n := len(server.Mails(t)); n < 2 {
					return fmt.Errorf("%d e-mails", n)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			var subjects []string
			for _, m := range server.Mails(t) {
				subjects = append(subjects, m.Subject+" to "+m.To[0].Address)
			}
			slices.Sort(subjects)
			want := []string{"Welcome, Ada to ada@example.com", "Your code for confirming this address to ada@example.com"}
			if !slices.Equal(subjects, want) {
				t.Errorf("arrived %q, want %q", subjects, want)
			}
		})
	}
}

// The process gets its credentials as the AWS SDK finds them, and SES checks the
// signature they make.
func TestLettersOverSES(t *testing.T) {
	t.Parallel()
	server := emailstest.NewSES(t)
	s := shop.Open(t, shop.Processes, map[string]string{
		"EMAIL_TRANSPORT": "ses", "EMAIL_FROM": "Souk <shop@example.com>", "EMAIL_SES_ENDPOINT": server.URL, "EMAIL_SES_REGION": emailstest.SESRegion,
		"EMAIL_SES_CONFIGURATION_SET": "shop-events", "EMAIL_SES_TOPICS": emailstest.SNSTopic, "EMAIL_CHECK": "strict", "EMAILS_LEASE": "60s",
		"AWS_ACCESS_KEY_ID": emailstest.SESKey, "AWS_SECRET_ACCESS_KEY": emailstest.SESSecret, "AWS_EC2_METADATA_DISABLED": "true",
	})
	letters := func() (out []string) {
		for _, l := range server.Taken() {
			out = append(out, body(l.Raw))
		}
		return out
	}
	verify(t, s, "ada@example.com", register(t, s, "ada@example.com", letters))
	err := shop.Await(t.Context(), "the welcome", func(context.Context) error {
		if n := len(server.Taken()); n < 2 {
			return fmt.Errorf("%d e-mails", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range server.Taken() {
		if l.To != "ada@example.com" || l.ConfigurationSet != "shop-events" || !strings.HasPrefix(l.EmailID, "ltr_") {
			t.Errorf("got %+v", l)
		}
	}
	if _, forged := server.Requests(); forged != 0 || len(server.Taken()) != 2 {
		t.Errorf("%d e-mails, %d requests with a wrong signature", len(server.Taken()), forged)
	}
}

// A notice reaches the module with the very bytes that were posted, here and through
// the gateway's proxy; nobody is asked for a certificate before topic and age are
// right.
func TestNoticesReachTheModule(t *testing.T) {
	t.Parallel()
	shop.Run(t, func(t *testing.T, s *shop.Shop) {
		old := `{"Type":"Notification","MessageId":"m1","TopicArn":"` + emailstest.SNSTopic + `","Message":"{}","Timestamp":"2020-01-01T00:00:00.000Z"}`
		for want, posted := range map[string]string{
			"notice_stale": old, "topic_not_accepted": strings.Replace(old, "123456789012", "666666666666", 1), "validation_failed": "hello",
		} {
			if code := post(t, s, posted); code != want {
				t.Errorf("%s answered %s, want %s", posted, code, want)
			}
		}
	}, map[string]string{"EMAIL_SES_TOPICS": emailstest.SNSTopic})
}

var codeField = regexp.MustCompile(`"code":"([a-z_]+)"`)

// post posts a notice as SNS does and gives the code of the answer. A shop behind a bad
// network is asked again.
func post(t *testing.T, s *shop.Shop, text string) (code string) {
	t.Helper()
	client := &http.Client{Timeout: 20 * time.Second}
	err := shop.Await(t.Context(), "an answer", func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Base+"/v1/emails/webhooks/ses", strings.NewReader(text))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "text/plain; charset=UTF-8")
		r.Header.Set("X-Amz-Sns-Message-Type", "Notification")
		reply, err := client.Do(r)
		if err != nil {
			return err
		}
		defer func() { _ = reply.Body.Close() }()
		raw := new(bytes.Buffer)
		if _, err := raw.ReadFrom(reply.Body); err != nil {
			return err
		}
		if found := codeField.FindSubmatch(raw.Bytes()); found != nil && reply.StatusCode < http.StatusInternalServerError {
			code = string(found[1])
			return nil
		}
		return fmt.Errorf("%d %s", reply.StatusCode, raw)
	})
	if err != nil {
		t.Fatal(err)
	}
	return code
}
