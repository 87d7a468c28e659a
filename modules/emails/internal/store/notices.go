package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"app/platform/database"
)

// News is what the transport tells of an e-mail that it took.
type News struct {
	LetterID    string // empty when only the transport's id is known
	TransportID string
	Delivery    Delivery
	Detail      string
}

// weights order the deliveries: news come in any order, and the weightier stays.
var weights = map[Delivery]int{NoNews: 0, Accepted: 1, Delayed: 2, Delivered: 3, Bounced: 4, Refused: 5, Complained: 6}

// Settling is an e-mail as its news change it.
type Settling struct {
	ID       string
	Template string
	Settled  bool // it was unknown and is so no more
}

// Note writes news of an e-mail down. An e-mail that was unknown is sent, or failed
// when it was refused. ErrNotFound: the news are of no e-mail of ours.
func Note(ctx context.Context, tx *database.Tx, n News, now time.Time) (s Settling, err error) {
	condition, key := `id = ?`, n.LetterID
	if key == "" {
		condition, key = `transport_id = ?`, n.TransportID
	}
	if key == "" {
		return s, ErrNotFound
	}
	var status Status
	var old Delivery
	err = tx.QueryRow(ctx, `SELECT id, template, status, delivery FROM emails_letters WHERE `+condition+forUpdateClause(tx), key).Scan(&s.ID, &s.Template, &status, &old)
	if errors.Is(err, sql.ErrNoRows) {
		return s, ErrNotFound
	}
	if err != nil {
		return s, fmt.Errorf("read letter: %w", err)
	}
	if weights[n.Delivery] > weights[old] {
		if _, err := tx.Exec(ctx, `UPDATE emails_letters SET delivery = ? WHERE id = ?`, string(n.Delivery), s.ID); err != nil {
			return s, fmt.Errorf("note delivery: %w", err)
		}
	}
	return s, updateDeliveryStatus(ctx, tx, &s, status, n, now)
}

// updateDeliveryStatus moves an e-mail whose fate the news decide.
func updateDeliveryStatus(ctx context.Context, tx *database.Tx, s *Settling, status Status, n News, now time.Time) error {
	refused := n.Delivery == Refused
	if status != Unknown && (!refused || status != Sent) {
		return nil // a letter being sent is recorded by its worker
	}
	to, failure, sent := Sent, Failure(""), database.Micros(now)
	if refused {
		to, failure, sent = Failed, Rejected, 0
	}
	_, err := tx.Exec(ctx, `UPDATE emails_letters SET status = ?, failure = ?, sent_at = ?, next_at = ?, last_error = ?, transport_id = ? WHERE id = ? AND status = ?`,
		string(to), string(failure), sent, database.Micros(now), truncateValidText(n.Detail, 500), truncateValidText(n.TransportID, 200), s.ID, string(status))
	if err != nil {
		return fmt.Errorf("settle letter: %w", err)
	}
	s.Settled = status == Unknown
	return nil
}

// forUpdateClause keeps others from the row on an engine where transactions run side by
// side.
func forUpdateClause(tx *database.Tx) string {
	if tx.Engine() == database.MySQL {
		return ` FOR UPDATE`
	}
	return ""
}
