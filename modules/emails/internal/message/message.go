// Package message writes e-mails as mail: the bytes that go over the wire, the same for
// every transport (RFC 5322, MIME).
package message

import (
	"bytes"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"app/modules/emails/internal/email"
	"app/platform/emailaddr"
)

// Sender is who e-mails are from.
type Sender struct {
	From        netmail.Address
	ReplyTo     string // empty for none
	Unsubscribe string // what merchants' e-mails say in List-Unsubscribe (RFC 2369): an https: or mailto: address; empty for none
}

// ParseSender reads "Souk <no-reply@example.com>" or a bare address.
func ParseSender(from, replyTo, unsubscribe string) (Sender, error) {
	parsed, err := netmail.ParseAddress(from)
	if err != nil {
		return Sender{}, fmt.Errorf("%q is no sender such as Souk <no-reply@example.com>", from)
	}
	address, err := emailaddr.Parse(parsed.Address)
	if err != nil {
		return Sender{}, fmt.Errorf("%q: %w", from, err)
	}
	parsed.Address = address.Deliverable()
	if replyTo != "" {
		address, err := emailaddr.Parse(replyTo)
		if err != nil {
			return Sender{}, fmt.Errorf("%q: %w", replyTo, err)
		}
		replyTo = address.Deliverable()
	}
	return Sender{*parsed, replyTo, unsubscribe}, nil
}

// Domain is the part of the sender's address behind the @.
func (s Sender) Domain() string { return s.From.Address[strings.LastIndexByte(s.From.Address, '@')+1:] }

// Headers are those of an e-mail besides the usual ones, in order.
func (s Sender) Headers(e email.Email) [][2]string {
	headers := [][2]string{{"Auto-Submitted", "auto-generated"}} // RFC 3834: no answers by machines
	if e.MerchantID != "" && s.Unsubscribe != "" {
		headers = append(headers, [2]string{"List-Unsubscribe", "<" + s.Unsubscribe + ">"})
	}
	return headers
}

// errControl refuses what could end a header. E-mails are made so that it never
// happens; this is where it would matter.
var errControl = errors.New("a header has control characters in it")

// Compose writes the e-mail as a message of text and HTML. The Message-ID follows from
// the e-mail, so that a receiver who gets it twice can tell.
func (s Sender) Compose(e email.Email, now time.Time) ([]byte, error) {
	for _, value := range []string{e.ID, e.Recipient, e.Subject, s.From.Name, s.From.Address, s.ReplyTo, s.Unsubscribe, e.Locale} {
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return nil, errControl
		}
	}
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	m.FromMailAddress(&s.From)
	if err := m.To(e.Recipient); err != nil {
		return nil, fmt.Errorf("compose e-mail: %w", err)
	}
	if s.ReplyTo != "" {
		if err := m.ReplyTo(s.ReplyTo); err != nil {
			return nil, fmt.Errorf("compose e-mail: %w", err)
		}
	}
	m.Subject(e.Subject)
	m.SetDateWithValue(now)
	m.SetMessageIDWithValue(e.ID + "@" + s.Domain())
	m.SetGenHeader("Content-Language", e.Locale)
	for _, h := range s.Headers(e) {
		m.SetGenHeader(mail.Header(h[0]), h[1])
	}
	m.SetBodyString(mail.TypeTextPlain, e.Text)
	m.AddAlternativeString(mail.TypeTextHTML, e.HTML)
	var raw bytes.Buffer
	if _, err := m.WriteTo(&raw); err != nil {
		return nil, fmt.Errorf("compose e-mail: %w", err)
	}
	return raw.Bytes(), nil
}
