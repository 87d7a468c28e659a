package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"app/platform/database"
)

// Status is how far an e-mail has come.
type Status string

// The statuses. Unknown is an e-mail that a transport may or may not have taken before
// a crash or a lost reply.
const (
	Queued  Status = "queued"
	Sending Status = "sending"
	Sent    Status = "sent"
	Failed  Status = "failed"
	Unknown Status = "unknown"
)

// Failure is why an e-mail has failed.
type Failure string

// The failures.
const (
	Rejected   Failure = "rejected"   // the transport will never take it
	Exhausted  Failure = "attempts"   // too many attempts
	Expired    Failure = "expired"    // too late to be of use
	Suppressed Failure = "suppressed" // the address is suppressed
)

// Delivery is what the transport told later of an e-mail that it took.
type Delivery string

// The deliveries, each of more weight than the one before: news come in any order.
const (
	NoNews     Delivery = ""
	Accepted   Delivery = "accepted"
	Delayed    Delivery = "delayed"
	Delivered  Delivery = "delivered"
	Bounced    Delivery = "bounced"
	Refused    Delivery = "refused" // taken, and then not sent: a virus in it, or a stored template that does not render
	Complained Delivery = "complained"
)

// Priority is the order in which due e-mails are sent.
type Priority int

// The priorities: whoever waits for a code waits in front of the screen.
const (
	First  Priority = 0
	Normal Priority = 1
	Last   Priority = 2
)

// Letter is one e-mail to one recipient.
type Letter struct {
	ID         string
	EventID    string // of the event or the request that caused it
	MerchantID string // who had it written, empty for the shop
	Template   string
	Locale     string
	Recipient  string
	Subject    string // empty, as the bodies are, once a letter with a code is on its way
	Text       string
	HTML       string
	// Data is what the template was filled with, as JSON; kept only for transports that
	// render, empty otherwise.
	Data        string
	Priority    Priority
	Status      Status
	Failure     Failure
	Delivery    Delivery
	Attempts    int
	LastError   string
	Transport   string
	TransportID string
	CreatedAt   time.Time
	SentAt      time.Time // zero until it is sent
	ExpiresAt   time.Time // zero for never
}

const insertLetter = `INSERT INTO emails_letters
	(id, event_id, merchant_id, template, locale, recipient, subject, body_text, body_html, priority, expires_at,
	status, claim, attempts, next_at, last_error, transport, transport_id, created_at, sent_at)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', '', 0, ?, '', '', '', ?, 0)`

// Insert queues an e-mail. ErrDuplicate: it is there already.
func Insert(ctx context.Context, tx *database.Tx, l Letter) error {
	at := database.Micros(l.CreatedAt)
	_, err := tx.Exec(ctx, insertLetter, l.ID, l.EventID, l.MerchantID, l.Template, l.Locale, l.Recipient, l.Subject, l.Text, l.HTML,
		int(l.Priority), microsOrZero(l.ExpiresAt), at, at)
	if database.IsDuplicate(err) {
		return ErrDuplicate
	}
	if err != nil {
		return fmt.Errorf("insert letter: %w", err)
	}
	if l.Data == "" {
		return nil
	}
	if _, err := tx.Exec(ctx, `INSERT INTO emails_data (letter_id, content) VALUES (?, ?)`, l.ID, l.Data); err != nil {
		return fmt.Errorf("insert data of letter: %w", err)
	}
	return nil
}

const columns = `id, event_id, merchant_id, template, locale, recipient, subject, body_text, body_html, priority, status, failure, delivery,
	attempts, last_error, transport, transport_id, created_at, sent_at, expires_at, COALESCE(content, '')`

const from = ` FROM emails_letters LEFT JOIN emails_data ON letter_id = id`

func scanEmail(row interface{ Scan(...any) error }) (l Letter, err error) {
	var created, sent, expires int64
	err = row.Scan(&l.ID, &l.EventID, &l.MerchantID, &l.Template, &l.Locale, &l.Recipient, &l.Subject, &l.Text, &l.HTML, &l.Priority,
		&l.Status, &l.Failure, &l.Delivery, &l.Attempts, &l.LastError, &l.Transport, &l.TransportID, &created, &sent, &expires, &l.Data)
	l.CreatedAt, l.SentAt, l.ExpiresAt = database.Time(created), timeOrZero(sent), timeOrZero(expires)
	return l, err
}

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

// ByID reads an e-mail. ErrNotFound: there is none.
func ByID(ctx context.Context, q *database.Tx, id string) (Letter, error) {
	l, err := scanEmail(q.QueryRow(ctx, `SELECT `+columns+from+` WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return Letter{}, ErrNotFound
	}
	if err != nil {
		return Letter{}, fmt.Errorf("read letter: %w", err)
	}
	return l, nil
}

// Filter chooses e-mails of a list. Empty fields choose all.
type Filter struct {
	Status   Status
	Template string
	Before   string    // id: only older ones
	Until    time.Time // only those whose status is older; for Unknown, how long nothing was heard
	Limit    int
}

// List lists e-mails, newest first.
func List(ctx context.Context, q *database.Tx, f Filter) ([]Letter, error) {
	var where []string
	var args []any
	add := func(condition string, arg any) { where, args = append(where, condition), append(args, arg) }
	if f.Status != "" {
		add("status = ?", string(f.Status))
	}
	if f.Template != "" {
		add("template = ?", f.Template)
	}
	if f.Before != "" {
		add("id < ?", f.Before)
	}
	if !f.Until.IsZero() {
		add("next_at <= ?", database.Micros(f.Until))
	}
	statement := `SELECT ` + columns + from
	if len(where) > 0 {
		statement += ` WHERE ` + strings.Join(where, " AND ")
	}
	return scanEmails(q.Query(ctx, statement+` ORDER BY id DESC LIMIT ?`, append(args, f.Limit)...))
}

// ByCause reads the e-mail of an event or a request, in a template and to a recipient.
// ErrNotFound: there is none.
func ByCause(ctx context.Context, q *database.Tx, eventID, template, recipient string) (Letter, error) {
	l, err := scanEmail(q.QueryRow(ctx, `SELECT `+columns+from+` WHERE event_id = ? AND template = ? AND recipient = ?`, eventID, template, recipient))
	if errors.Is(err, sql.ErrNoRows) {
		return Letter{}, ErrNotFound
	}
	if err != nil {
		return Letter{}, fmt.Errorf("read letter: %w", err)
	}
	return l, nil
}

// scanEmails reads the rows of a query over the e-mails' columns.
func scanEmails(rows *sql.Rows, err error) ([]Letter, error) {
	if err != nil {
		return nil, fmt.Errorf("list letters: %w", err)
	}
	defer rows.Close()
	var out []Letter
	for rows.Next() {
		l, err := scanEmail(rows)
		if err != nil {
			return nil, fmt.Errorf("read letter: %w", err)
		}
		out = append(out, l)
	}
	return out, rows.Err()
}
