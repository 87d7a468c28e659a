package smtp_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/email"
	"app/modules/emails/internal/message"
	"app/modules/emails/internal/smtp"
)

// newTransport speaks to the server as the options say; what they leave open fits it.
func newTransport(t *testing.T, m *emailstest.Mailpit, o smtp.Options) *smtp.Transport {
	t.Helper()
	sender, err := message.ParseSender("Souk <shop@example.com>", "", "")
	if err != nil {
		t.Fatal(err)
	}
	o.Host, o.Sender, o.Now = m.Host, sender, time.Now
	if o.Port == 0 {
		o.Port = m.Port
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.TLS == "" {
		o.TLS = smtp.None
	}
	out, err := smtp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.Close() })
	return out
}

func sample(id, to string) email.Email {
	return email.Email{ID: id, Recipient: to, Subject: "Größe: 5 €", Text: "Hello.\n.\nA line of one dot.\n", HTML: "<p>Hello</p>", Locale: "en", Template: "welcome"}
}

func send(t *testing.T, tr *smtp.Transport, l email.Email) error {
	t.Helper()
	_, err := tr.Send(context.Background(), l)
	return err
}

func TestSend(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		server emailstest.MailpitOptions
		client smtp.Options
	}{
		"InTheClear":       {emailstest.MailpitOptions{}, smtp.Options{}},
		"StartTLS":         {emailstest.MailpitOptions{StartTLS: true}, smtp.Options{TLS: smtp.StartTLS}},
		"ImplicitTLS":      {emailstest.MailpitOptions{ImplicitTLS: true}, smtp.Options{TLS: smtp.Implicit}},
		"StartTLSWithAuth": {emailstest.MailpitOptions{StartTLS: true, User: "shop", Password: "geheim"}, smtp.Options{TLS: smtp.StartTLS, User: "shop", Password: "geheim"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := emailstest.StartMailpit(t, tc.server)
			tc.client.Roots, tc.client.Connections = server.CA.Pool, 1
			tr := newTransport(t, server, tc.client)
			if err := tr.Check(context.Background()); err != nil {
				t.Fatal(err)
			}
			for _, id := range []string{"ltr_1", "ltr_2"} { // the second over the same connection
				if got, err := tr.Send(context.Background(), sample(id, "ada@example.com")); err != nil || got == "" {
					t.Fatalf("%s: %q, %v", id, got, err)
				}
			}
			mails := server.Mails(t)
			if len(mails) != 2 || mails[0].Subject != "Größe: 5 €" || mails[0].From.Name != "Souk" || mails[0].To[0].Address != "ada@example.com" {
				t.Fatalf("got %+v", mails)
			}
			if raw := string(server.Raw(t, mails[0].ID)); !strings.Contains(raw, "Message-ID: <ltr_2@example.com>") || !strings.Contains(raw, "A line of one dot.") {
				t.Errorf("got %s", raw)
			}
		})
	}
}

// What keeps every e-mail from being sent blocks the transport: it says nothing of the
// e-mail.
func TestBlocked(t *testing.T) {
	t.Parallel()
	tls := emailstest.StartMailpit(t, emailstest.MailpitOptions{StartTLS: true, User: "shop", Password: "geheim"})
	plain := emailstest.StartMailpit(t, emailstest.MailpitOptions{})
	stranger := emailstest.NewCA(t).Pool
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nobody.Close() })
	_, port, _ := net.SplitHostPort(nobody.Addr().String()) // it accepts and says nothing
	mute, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		server *emailstest.Mailpit
		client smtp.Options
		says   string
	}{
		"WrongPassword":       {tls, smtp.Options{TLS: smtp.StartTLS, Roots: tls.CA.Pool, User: "shop", Password: "wrong"}, "AUTH"},
		"UnknownAuthority":    {tls, smtp.Options{TLS: smtp.StartTLS, Roots: stranger, User: "shop", Password: "geheim"}, "x509"},
		"NoAuthority":         {tls, smtp.Options{TLS: smtp.StartTLS, Roots: x509.NewCertPool(), User: "shop", Password: "geheim"}, "x509"},
		"ServerWithoutTLS":    {plain, smtp.Options{TLS: smtp.StartTLS}, "STARTTLS"},
		"ImplicitTLSToPlain":  {plain, smtp.Options{TLS: smtp.Implicit, Timeout: 3 * time.Second}, ""},
		"TLSNeeded":           {tls, smtp.Options{}, "530"},
		"ServerThatIsMute":    {plain, smtp.Options{Port: mute, Timeout: time.Second}, "timeout"},
		"PasswordInTheClear":  {plain, smtp.Options{User: "shop", Password: "geheim"}, ""},
		"NobodyListens":       {plain, smtp.Options{Port: 1}, "refused"},
		"AuthenticationFails": {tls, smtp.Options{TLS: smtp.StartTLS, Roots: tls.CA.Pool, User: "nobody", Password: "geheim"}, "AUTH"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTransport(t, tc.server, tc.client)
			err := send(t, tr, sample("ltr_"+name, "ada@example.com"))
			if !errors.Is(err, email.ErrBlocked) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want it to say %q", err, tc.says)
			}
			if tc.client.Password != "" && strings.Contains(err.Error(), tc.client.Password) {
				t.Errorf("the password is in the error: %v", err)
			}
		})
	}
	t.Cleanup(func() {
		for _, server := range []*emailstest.Mailpit{tls, plain} {
			if mails := server.Mails(t); len(mails) != 0 {
				t.Errorf("e-mails arrived all the same: %+v", mails)
			}
		}
	})
}

func TestPermanentAndTransient(t *testing.T) {
	t.Parallel()
	server := emailstest.StartMailpit(t, emailstest.MailpitOptions{Recipients: `@example\.com$`})
	tr := newTransport(t, server, smtp.Options{Connections: 1})
	if err := send(t, tr, sample("ltr_1", "ada@elsewhere.example")); !errors.Is(err, email.ErrRejected) {
		t.Errorf("550 to the recipient: %v", err)
	}
	if err := send(t, tr, sample("ltr_2", "ada@example.com")); err != nil {
		t.Errorf("the connection is of no use after a refusal: %v", err)
	}
	server.Chaos(t, 0, 451, 0)
	err := send(t, tr, sample("ltr_3", "ada@example.com"))
	for _, other := range []error{email.ErrRejected, email.ErrLost, email.ErrBlocked, email.ErrThrottled} {
		if err == nil || errors.Is(err, other) {
			t.Errorf("451 to the recipient: %v", err)
		}
	}
	server.Chaos(t, 550, 0, 0)
	if err := send(t, tr, sample("ltr_4", "ada@example.com")); !errors.Is(err, email.ErrBlocked) {
		t.Errorf("550 to the sender: %v", err)
	}
	server.Chaos(t, 421, 0, 0)
	if err := send(t, tr, sample("ltr_5", "ada@example.com")); err == nil || errors.Is(err, email.ErrRejected) || errors.Is(err, email.ErrLost) {
		t.Errorf("421: %v", err)
	}
	server.Chaos(t, 0, 0, 0)
	if err := send(t, tr, sample("ltr_6", "ada@example.com")); err != nil {
		t.Errorf("after the trouble: %v", err)
	}
	if n := len(server.Mails(t)); n != 2 {
		t.Errorf("%d e-mails arrived, want ltr_2 and ltr_6", n)
	}
}

func TestFailure32_ReplyLostAfterDATA(t *testing.T) {
	t.Parallel()
	server := emailstest.StartMailpit(t, emailstest.MailpitOptions{})
	for name, hangUp := range map[string]bool{"TimeOut": false, "ConnectionClosed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			muffle := emailstest.NewMuffle(t, server.Address())
			tr := newTransport(t, server, smtp.Options{Port: muffle.Port, Timeout: 3 * time.Second, Connections: 1})
			if err := send(t, tr, sample("ltr_before_"+name, "ada@example.com")); err != nil {
				t.Fatal(err)
			}
			muffle.Lose(true, hangUp)
			if err := send(t, tr, sample("ltr_lost_"+name, "ada@example.com")); !errors.Is(err, email.ErrLost) {
				t.Errorf("got %v", err)
			}
			muffle.Lose(false, false)
			if err := send(t, tr, sample("ltr_after_"+name, "ada@example.com")); err != nil {
				t.Errorf("after the trouble: %v", err)
			}
			for _, id := range []string{"ltr_before_", "ltr_lost_", "ltr_after_"} {
				if n := arrived(t, server, id+name); n != 1 {
					t.Errorf("%s%s arrived %d times", id, name, n)
				}
			}
		})
	}
}

func arrived(t *testing.T, server *emailstest.Mailpit, id string) (n int) {
	t.Helper()
	for _, m := range server.Mails(t) {
		if m.MessageID == id+"@example.com" {
			n++
		}
	}
	return n
}

func TestManyAtOnceShareConnections(t *testing.T) {
	t.Parallel()
	server := emailstest.StartMailpit(t, emailstest.MailpitOptions{StartTLS: true})
	tr := newTransport(t, server, smtp.Options{TLS: smtp.StartTLS, Roots: server.CA.Pool, Connections: 2})
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			for range 5 {
				if err := send(t, tr, sample("ltr_x", "ada@example.com")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	senders.Wait()
	if n := len(server.Mails(t)); n != 20 {
		t.Errorf("%d e-mails arrived, want 20", n)
	}
}
