package email

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"app/platform/database"
	"app/platform/text"
)

// emailRow is a row of emails_letters. Its times are microseconds, and 0 where there is
// none.
type emailRow struct {
	bun.BaseModel `bun:"table:emails_letters,alias:e"`

	ID          string   `bun:"id,pk"`
	EventID     string   `bun:"event_id"`
	MerchantID  string   `bun:"merchant_id"`
	Template    string   `bun:"template"`
	Locale      string   `bun:"locale"`
	Recipient   string   `bun:"recipient"`
	Subject     string   `bun:"subject"`
	Text        string   `bun:"body_text"`
	HTML        string   `bun:"body_html"`
	Priority    Priority `bun:"priority"`
	Status      Status   `bun:"status"`
	Failure     Failure  `bun:"failure"`
	Delivery    Delivery `bun:"delivery"`
	Claim       string   `bun:"claim"`
	Attempts    int      `bun:"attempts"`
	LastError   string   `bun:"last_error"`
	Transport   string   `bun:"transport"`
	TransportID string   `bun:"transport_id"`
	DueAt       int64    `bun:"next_at"`
	OfferedAt   int64    `bun:"offered_at"`
	CreatedAt   int64    `bun:"created_at"`
	SentAt      int64    `bun:"sent_at"`
	ExpiresAt   int64    `bun:"expires_at"`
}

// dataRow is a row of emails_data.
type dataRow struct {
	bun.BaseModel `bun:"table:emails_data,alias:d"`

	EmailID string `bun:"letter_id,pk"`
	Content string `bun:"content"`
}

var (
	emails = database.ModelOf[emailRow]()
	data   = database.ModelOf[dataRow]()
)

// newEmailRow leaves out the data, which has a row of its own.
func newEmailRow(e Email) emailRow {
	return emailRow{
		ID: e.ID, EventID: e.EventID, MerchantID: e.MerchantID, Template: e.Template, Locale: e.Locale, Recipient: e.Recipient,
		Subject: e.Subject, Text: e.Text, HTML: e.HTML, Priority: e.Priority, Status: e.Status, Failure: e.Failure, Delivery: e.Delivery,
		Claim: e.Claim, Attempts: e.Attempts, LastError: cutError(e.LastError), Transport: e.Transport, TransportID: cutTransportID(e.TransportID),
		DueAt: microsOrZero(e.DueAt), OfferedAt: microsOrZero(e.OfferedAt), CreatedAt: microsOrZero(e.CreatedAt),
		SentAt: microsOrZero(e.SentAt), ExpiresAt: microsOrZero(e.ExpiresAt),
	}
}

// toEmail joins a row with the data that is kept of it.
func (r emailRow) toEmail(data string) Email {
	return Email{
		ID: r.ID, EventID: r.EventID, MerchantID: r.MerchantID, Template: r.Template, Locale: r.Locale, Recipient: r.Recipient,
		Subject: r.Subject, Text: r.Text, HTML: r.HTML, Data: data, Priority: r.Priority, Status: r.Status, Failure: r.Failure, Delivery: r.Delivery,
		Claim: r.Claim, Attempts: r.Attempts, LastError: r.LastError, Transport: r.Transport, TransportID: r.TransportID,
		DueAt: timeOrZero(r.DueAt), OfferedAt: timeOrZero(r.OfferedAt), CreatedAt: timeOrZero(r.CreatedAt),
		SentAt: timeOrZero(r.SentAt), ExpiresAt: timeOrZero(r.ExpiresAt),
	}
}

// cutError and cutTransportID make of what others said a text that its column holds.
func cutError(s string) string       { return text.Cut(text.Valid(s), 500) }
func cutTransportID(s string) string { return text.Cut(text.Valid(s), 200) }

// microsOrZero stores no time at all as 0.
func microsOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return database.Micros(t)
}

func timeOrZero(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return database.Time(us)
}

// insertEmail adds an e-mail. database.ErrDuplicate when it is there already: the same
// id, or another of the same event, template and recipient.
func insertEmail(ctx context.Context, tx *database.Tx, e Email) error {
	if err := emails.Insert(ctx, tx, "e-mail", newEmailRow(e)); err != nil || e.Data == "" {
		return err
	}
	return data.Insert(ctx, tx, "data of e-mail", dataRow{EmailID: e.ID, Content: e.Data})
}

// selectEmails begins the statements that read e-mails with their data.
var selectEmails = `SELECT ` + emails.Columns() + `, COALESCE(d.content, '') FROM emails_letters e LEFT JOIN emails_data d ON d.letter_id = e.id `

// getEmail reads the e-mail that tail finds. database.ErrNotFound.
func getEmail(ctx context.Context, q *database.Tx, tail string, args ...any) (Email, error) {
	var row emailRow
	var content string
	err := q.QueryRow(ctx, selectEmails+tail, args...).Scan(append(emails.Fields(&row), &content)...)
	if err != nil {
		return Email{}, database.Found("e-mail", err)
	}
	return row.toEmail(content), nil
}

// emailByID reads an e-mail. database.ErrNotFound.
func emailByID(ctx context.Context, q *database.Tx, id string) (Email, error) {
	return getEmail(ctx, q, `WHERE e.id = ?`, id)
}

// byCause reads the e-mail of the same event or request, template and recipient.
// database.ErrNotFound.
func byCause(ctx context.Context, q *database.Tx, e Email) (Email, error) {
	return getEmail(ctx, q, `WHERE e.event_id = ? AND e.template = ? AND e.recipient = ?`, e.EventID, e.Template, e.Recipient)
}

// byClaim lists what a worker is sending, in the order in which it is to be sent.
func byClaim(ctx context.Context, q *database.Tx, claim string) ([]Email, error) {
	rows, err := q.Query(ctx, selectEmails+`WHERE e.claim = ? AND e.status = 'sending' ORDER BY e.priority, e.created_at`, claim)
	if err != nil {
		return nil, fmt.Errorf("list claimed e-mails: %w", err)
	}
	defer rows.Close()
	var row emailRow
	var content string
	fields := append(emails.Fields(&row), &content) // for all rows: each scan replaces every field
	var list []Email
	for rows.Next() {
		if err := rows.Scan(fields...); err != nil {
			return nil, fmt.Errorf("list claimed e-mails: %w", err)
		}
		list = append(list, row.toEmail(content))
	}
	return list, rows.Err()
}

// listNewest lists e-mails without their data, newest first.
func listNewest(ctx context.Context, q *database.Tx, f Filter) ([]Email, error) {
	var rows []emailRow
	query := q.Bun().NewSelect().Model(&rows).OrderExpr("e.id DESC").Limit(int64(f.Limit))
	if f.Status != "" {
		query = query.Where("e.status = ?", f.Status)
	}
	if f.Template != "" {
		query = query.Where("e.template = ?", f.Template)
	}
	if f.Before != "" {
		query = query.Where("e.id < ?", f.Before)
	}
	if !f.Until.IsZero() {
		query = query.Where("e.next_at <= ?", database.Micros(f.Until))
	}
	if err := query.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list e-mails: %w", err)
	}
	var list []Email
	for _, row := range rows {
		list = append(list, row.toEmail(""))
	}
	return list, nil
}
