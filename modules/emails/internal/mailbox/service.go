package mailbox

import (
	"context"
	"errors"
	"time"

	"app/modules/emails/internal/email"
	"app/platform/database"
	"app/platform/emailaddr"
)

// Service keeps e-mails and lists them. It takes each e-mail once. It is safe for
// concurrent use.
type Service struct {
	DB  *database.DB
	Now func() time.Time
}

var _ email.Transport = (*Service)(nil)

// Name implements email.Transport.
func (*Service) Name() string { return "mailbox" }

// Repeatable implements email.Transport: the e-mail's id is the key.
func (*Service) Repeatable() bool { return true }

// Send implements email.Transport.
func (s *Service) Send(ctx context.Context, e email.Email) (string, error) {
	err := s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return insertMail(ctx, tx, Mail{
			EmailID: e.ID, Recipient: e.Recipient, Subject: e.Subject, Text: e.Text, HTML: e.HTML, CreatedAt: s.Now(),
		})
	})
	if err != nil && !errors.Is(err, database.ErrDuplicate) {
		return "", err
	}
	return e.ID, nil
}

// List lists the mails to an address, newest first, or all of them when it is empty.
func (s *Service) List(ctx context.Context, to string, limit int) ([]Mail, error) {
	if address, err := emailaddr.Typed(to); err == nil {
		to = address.Deliverable()
	}
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) ([]Mail, error) { return listNewest(ctx, q, to, limit) })
}
