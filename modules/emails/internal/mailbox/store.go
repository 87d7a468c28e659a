package mailbox

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"app/platform/database"
)

// mailRow is a row of emails_mailbox.
type mailRow struct {
	bun.BaseModel `bun:"table:emails_mailbox,alias:m"`

	EmailID   string             `bun:"letter_id,pk"`
	Recipient string             `bun:"recipient"`
	Subject   string             `bun:"subject"`
	Text      string             `bun:"body_text"`
	HTML      string             `bun:"body_html"`
	CreatedAt database.Timestamp `bun:"created_at"`
}

var mails = database.ModelOf[mailRow]()

func newMailRow(m Mail) mailRow {
	return mailRow{
		EmailID: m.EmailID, Recipient: m.Recipient, Subject: m.Subject, Text: m.Text, HTML: m.HTML,
		CreatedAt: database.Timestamp{Time: m.CreatedAt},
	}
}

func (r mailRow) toMail() Mail {
	return Mail{EmailID: r.EmailID, Recipient: r.Recipient, Subject: r.Subject, Text: r.Text, HTML: r.HTML, CreatedAt: r.CreatedAt.Time}
}

// insertMail puts a mail into the mailbox. Error: database.ErrDuplicate.
func insertMail(ctx context.Context, tx *database.Tx, m Mail) error {
	return mails.Insert(ctx, tx, "mail", newMailRow(m))
}

// listNewest lists the mails to an address, newest first, or all of them when it is
// empty.
func listNewest(ctx context.Context, q *database.Tx, to string, limit int) ([]Mail, error) {
	var rows []mailRow
	query := q.Bun().NewSelect().Model(&rows).OrderExpr("m.created_at DESC, m.letter_id DESC").Limit(int64(limit))
	if to != "" {
		query = query.Where("m.recipient = ?", to)
	}
	if err := query.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list mails: %w", err)
	}
	list := make([]Mail, len(rows))
	for i, row := range rows {
		list[i] = row.toMail()
	}
	return list, nil
}
