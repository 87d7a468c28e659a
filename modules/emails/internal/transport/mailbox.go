package transport

import (
	"context"
	"errors"
	"time"

	"app/modules/emails/internal/store"
	"app/platform/database"
)

// Mailbox is the transport of development: e-mails are kept and shown. It takes each
// e-mail once.
type Mailbox struct {
	DB  *database.DB
	Now func() time.Time
}

var _ Transport = (*Mailbox)(nil)

// Name implements Transport.
func (*Mailbox) Name() string { return "mailbox" }

// Repeatable implements Transport: the e-mail's id is the key.
func (*Mailbox) Repeatable() bool { return true }

// Send implements Transport.
func (m *Mailbox) Send(ctx context.Context, l store.Letter) (string, error) {
	err := m.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return store.Deliver(ctx, tx, store.Mail{
			LetterID: l.ID, Recipient: l.Recipient, Subject: l.Subject, Text: l.Text, HTML: l.HTML, CreatedAt: m.Now(),
		})
	})
	if err != nil && !errors.Is(err, store.ErrDuplicate) {
		return "", err
	}
	return l.ID, nil
}
