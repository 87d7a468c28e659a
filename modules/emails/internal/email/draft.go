package email

import (
	"encoding/json"
	"fmt"
	"time"

	"app/modules/emails/internal/budget"
	"app/modules/emails/internal/template"
	"app/platform/emailaddr"
	"app/platform/ids"
)

// Draft is what an e-mail is to be made of.
type Draft struct {
	EventID    string // of the event or the request that asks for it
	MerchantID string // who asks for it, empty for the shop
	Template   string
	Recipient  string
	Locale     string    // wanted; empty for the fallback
	ExpiresAt  time.Time // when it is of no use any more; zero for when it is too old
	Data       map[string]any
	// Uncounted e-mails count in no budget of their recipient: it is the address of whom
	// the e-mail is about, or an administrator writes.
	Uncounted bool
	// Budgets are those of whoever asks for the e-mail, in the order in which they are
	// spent.
	Budgets []budget.Budget
}

// priorityFor is that of an e-mail of the template.
func (d *Draft) priorityFor(t template.Template) Priority {
	switch {
	case t.Secret:
		return First
	case d.MerchantID != "":
		return Last
	}
	return Normal
}

// composeEmail renders a draft. Its id follows from what caused it, so that it is the same
// whenever it is asked for.
func (s *Service) composeEmail(t template.Template, d Draft) (e Email, err error) {
	address, err := emailaddr.Parse(d.Recipient)
	if err != nil {
		return e, err //nolint:wrapcheck // Queue says what was tried
	}
	locale, recipient, now := s.Templates.Locale(d.Locale), address.Deliverable(), s.Now()
	rendered, err := t.Render(locale, d.Data)
	if err != nil {
		return e, err
	}
	e = Email{
		ID: ids.Derive("ltr", now, d.EventID, t.Name, recipient), EventID: d.EventID, MerchantID: d.MerchantID,
		Template: t.Name, Locale: locale, Recipient: recipient, Subject: rendered.Subject, Text: rendered.Text, HTML: rendered.HTML,
		Priority: d.priorityFor(t), Status: Queued, DueAt: now, CreatedAt: now, ExpiresAt: d.ExpiresAt,
	}
	if e.ExpiresAt.IsZero() && s.MaxAge > 0 {
		e.ExpiresAt = now.Add(s.MaxAge)
	}
	if s.KeepData {
		data, err := json.Marshal(rendered.Data)
		if err != nil {
			return e, fmt.Errorf("keep data: %w", err)
		}
		e.Data = string(data)
	}
	return e, nil
}
