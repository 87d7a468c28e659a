// Package smtp hands e-mails to a mail server (RFC 5321). Whatever is not sure counts
// as unknown: a server that took an e-mail and whose reply was lost gets it no second
// time.
package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"app/modules/emails/internal/email"
	"app/modules/emails/internal/message"
)

// TLS is how the connection is protected.
type TLS string

// The protections.
const (
	StartTLS TLS = "starttls" // begins in the clear and must become TLS before anything is said (RFC 3207)
	Implicit TLS = "implicit" // TLS from the first byte (RFC 8314), usually on port 465
	None     TLS = "none"     // for a server on the same machine or network only; nothing secret is said to it
)

// Options of a transport.
type Options struct {
	Host     string
	Port     int
	TLS      TLS
	User     string // empty for no authentication
	Password string
	Roots    *x509.CertPool // who may vouch for the server; nil for the system's
	// Timeout bounds the connection, and then each e-mail.
	Timeout time.Duration
	// Connections are kept for the next e-mails, at most so many.
	Connections int
	Sender      message.Sender
	Now         func() time.Time
}

// Transport sends over pooled connections. Safe for concurrent use.
type Transport struct {
	Options
	client *mail.Client
	idle   chan *smtp.Client
}

var (
	_ email.Transport = (*Transport)(nil)
	_ email.Checker   = (*Transport)(nil)
)

// New makes a transport; it connects with the first e-mail.
func New(o Options) (*Transport, error) {
	config := &tls.Config{ServerName: o.Host, RootCAs: o.Roots, MinVersion: tls.VersionTLS12}
	options := []mail.Option{
		mail.WithPort(o.Port), mail.WithTimeout(o.Timeout), mail.WithoutSMTPUTF8(), mail.WithTLSConfig(config),
		mail.WithDialContextFunc(newDialFunc(o.TLS, config)),
	}
	switch o.TLS {
	case Implicit:
		options = append(options, mail.WithSSL())
	case None:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	case StartTLS:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if o.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(o.User), mail.WithPassword(o.Password))
	}
	client, err := mail.NewClient(o.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("configure SMTP: %w", err)
	}
	return &Transport{o, client, make(chan *smtp.Client, o.Connections)}, nil
}

// Name implements email.Transport.
func (*Transport) Name() string { return "smtp" }

// Repeatable implements email.Transport: a server delivers whatever it takes.
func (*Transport) Repeatable() bool { return false }

// Check implements email.Checker: it connects and signs in.
func (t *Transport) Check(ctx context.Context) error {
	c, err := t.acquireConnection(ctx)
	if err != nil {
		return err
	}
	t.keepIdle(c)
	return nil
}

// Send implements email.Transport.
func (t *Transport) Send(ctx context.Context, e email.Email) (string, error) {
	raw, err := t.Sender.Compose(e, t.Now())
	if err != nil {
		return "", fmt.Errorf("%w: %w", email.ErrRejected, err)
	}
	c, err := t.acquireConnection(ctx)
	if err != nil {
		return "", err
	}
	id, err := t.sendMessage(c, e.Recipient, raw)
	if err == nil || isServerReply(err) && c.Reset() == nil {
		t.keepIdle(c)
	} else {
		_ = c.Close()
	}
	return id, err
}

// sendMessage says one e-mail to the server, and names by the step at which it ended
// what became of it.
func (t *Transport) sendMessage(c *smtp.Client, to string, raw []byte) (string, error) {
	if err := c.Mail("<" + t.Sender.From.Address + ">"); err != nil {
		return "", classifySMTPError("MAIL", err, email.ErrBlocked) // it is the sender who is not welcome
	}
	if err := c.Rcpt("<" + to + ">"); err != nil {
		return "", classifySMTPError("RCPT", err, email.ErrRejected)
	}
	w, err := c.Data()
	if err != nil {
		return "", classifySMTPError("DATA", err, email.ErrRejected)
	}
	if _, err := w.Write(raw); err != nil {
		return "", classifySMTPError("content", err, email.ErrRejected) // the line that ends it was not written
	}
	if err := w.Close(); err != nil {
		if !isServerReply(err) {
			return "", fmt.Errorf("after DATA: %w: %w", email.ErrLost, err)
		}
		return "", classifySMTPError("end of DATA", err, email.ErrRejected)
	}
	if d, ok := w.(*smtp.DataCloser); ok {
		return d.ServerResponse(), nil
	}
	return "", nil
}

// classifySMTPError says what an error means: a permanent answer (5xx) is as given, a
// transient one (4xx) and a broken connection leave the e-mail to be tried again.
func classifySMTPError(step string, err, permanent error) error {
	var reply *textproto.Error
	if errors.As(err, &reply) && reply.Code >= 500 {
		return fmt.Errorf("%s: %w: %w", step, permanent, err)
	}
	return fmt.Errorf("%s: %w", step, err)
}

// isServerReply reports whether the error is a reply of the server, after which the
// connection can be used on.
func isServerReply(err error) bool {
	var reply *textproto.Error
	return errors.As(err, &reply) && reply.Code != 421 // 421: it closes the connection (RFC 5321 section 3.8)
}

// acquireConnection gives one that answers: a kept one or a new one.
func (t *Transport) acquireConnection(ctx context.Context) (*smtp.Client, error) {
	for {
		select {
		case c := <-t.idle:
			if c.UpdateDeadline(t.Timeout) == nil && c.Noop() == nil {
				return c, nil
			}
			_ = c.Close() // the server has closed it meanwhile
		default:
			return t.dialServer(ctx)
		}
	}
}

func (t *Transport) dialServer(ctx context.Context) (*smtp.Client, error) {
	var made net.Conn
	c, err := t.client.DialToSMTPClientWithContext(context.WithValue(ctx, connKey{}, &made))
	if err == nil {
		err = c.UpdateDeadline(t.Timeout)
	}
	if err != nil {
		if made != nil {
			_ = made.Close() // the library leaves it open when the greeting, TLS or authentication fails
		}
		return nil, fmt.Errorf("connect to %s: %w: %w", net.JoinHostPort(t.Host, fmt.Sprint(t.Port)), email.ErrBlocked, err)
	}
	return c, nil
}

type connKey struct{}

// newDialFunc makes connections and leaves each where connKey says.
func newDialFunc(protection TLS, config *tls.Config) mail.DialContextFunc {
	plain := &net.Dialer{}
	dial := plain.DialContext
	if protection == Implicit {
		dial = (&tls.Dialer{NetDialer: plain, Config: config}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if made, ok := ctx.Value(connKey{}).(*net.Conn); ok && err == nil {
			*made = conn
		}
		return conn, err
	}
}

// keepIdle keeps a connection for the next e-mail, if there is room.
func (t *Transport) keepIdle(c *smtp.Client) {
	select {
	case t.idle <- c:
	default:
		_ = c.Quit()
	}
}

// Close ends the kept connections.
func (t *Transport) Close() error {
	for {
		select {
		case c := <-t.idle:
			_ = c.Quit() // whatever it answers, it is over
		default:
			return nil
		}
	}
}
