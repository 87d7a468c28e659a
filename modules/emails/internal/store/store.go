// Package store keeps letters and the development mailbox.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"
	"unicode/utf8"

	"app/platform/database"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations make the module's tables.
var Migrations = mustSub(files, "migrations")

func mustSub(all fs.FS, dir string) fs.FS {
	part, err := fs.Sub(all, dir)
	if err != nil {
		panic(err) // the name is a constant
	}
	return part
}

// Errors of this package.
var (
	// ErrDuplicate is returned when a letter for the same event, template and recipient exists, or the same id.
	ErrDuplicate = errors.New("letter exists")
	// ErrNotFound is returned when there is no such letter.
	ErrNotFound = errors.New("no such letter")
)

// Status is how far a letter has come.
type Status string

// The statuses. Unknown is a letter that a transport may or may not have taken before a crash or a lost reply.
const (
	Queued  Status = "queued"
	Sending Status = "sending"
	Sent    Status = "sent"
	Failed  Status = "failed"
	Unknown Status = "unknown"
)

// Letter is one e-mail to one recipient.
type Letter struct {
	ID          string
	EventID     string // of the event or the request that caused it
	Template    string
	Recipient   string
	Subject     string
	Text        string
	HTML        string
	Status      Status
	Attempts    int
	LastError   string
	Transport   string
	TransportID string
	CreatedAt   time.Time
	SentAt      time.Time // zero until it is sent
}

const insertLetter = `INSERT INTO emails_letters
	(id, event_id, template, recipient, subject, body_text, body_html, status, claim, attempts, next_at, last_error, transport, transport_id, created_at, sent_at)
	VALUES (?, ?, ?, ?, ?, ?, ?, 'queued', '', 0, ?, '', '', '', ?, 0)`

// Insert queues a letter. ErrDuplicate: it is there already.
func Insert(ctx context.Context, tx *database.Tx, l Letter) error {
	at := database.Micros(l.CreatedAt)
	_, err := tx.Exec(ctx, insertLetter, l.ID, l.EventID, l.Template, l.Recipient, l.Subject, l.Text, l.HTML, at, at)
	if database.IsDuplicate(err) {
		return ErrDuplicate
	}
	if err != nil {
		return fmt.Errorf("insert letter: %w", err)
	}
	return nil
}

const columns = `id, event_id, template, recipient, subject, body_text, body_html, status, attempts, last_error, transport, transport_id, created_at, sent_at`

func scan(row interface{ Scan(...any) error }) (l Letter, err error) {
	var created, sent int64
	err = row.Scan(&l.ID, &l.EventID, &l.Template, &l.Recipient, &l.Subject, &l.Text, &l.HTML, &l.Status, &l.Attempts, &l.LastError,
		&l.Transport, &l.TransportID, &created, &sent)
	l.CreatedAt = database.Time(created)
	if sent != 0 {
		l.SentAt = database.Time(sent)
	}
	return l, err
}

// ByID reads a letter. ErrNotFound: there is none.
func ByID(ctx context.Context, q *database.Tx, id string) (Letter, error) {
	l, err := scan(q.QueryRow(ctx, `SELECT `+columns+` FROM emails_letters WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return Letter{}, ErrNotFound
	}
	if err != nil {
		return Letter{}, fmt.Errorf("read letter: %w", err)
	}
	return l, nil
}

// all reads the rows of a query over the letters' columns.
func all(rows *sql.Rows, err error) ([]Letter, error) {
	if err != nil {
		return nil, fmt.Errorf("list letters: %w", err)
	}
	defer rows.Close()
	var out []Letter
	for rows.Next() {
		l, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read letter: %w", err)
		}
		out = append(out, l)
	}
	return out, rows.Err()
}

// clip shortens a text to what its column holds.
func clip(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	for bytes > 0 && !utf8.RuneStart(s[bytes]) {
		bytes--
	}
	return s[:bytes]
}
