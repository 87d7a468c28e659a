package email

import (
	"context"
	"fmt"
	"time"

	"app/platform/database"
)

// News is what the transport tells of an e-mail that it took.
type News struct {
	EmailID     string // empty when only the transport's id is known
	TransportID string
	Delivery    Delivery
	Detail      string
}

// Noted is an e-mail as its news change it.
type Noted struct {
	ID       string
	Resolved bool // it was unknown and is so no more
}

// Note writes news of an e-mail down. An e-mail that was unknown is sent, or failed
// when it was refused. database.ErrNotFound: the news are of no e-mail of ours.
func Note(ctx context.Context, tx *database.Tx, n News, now time.Time) (Noted, error) {
	e, err := lockFor(ctx, tx, n)
	if err != nil {
		return Noted{}, err
	}
	if n.Delivery.outweighs(e.Delivery) {
		if _, err := tx.Exec(ctx, `UPDATE emails_letters SET delivery = ? WHERE id = ?`, n.Delivery, e.ID); err != nil {
			return Noted{ID: e.ID}, fmt.Errorf("note delivery: %w", err)
		}
	}
	to, moved := e.Status.statusAfter(n.Delivery)
	if !moved {
		return Noted{ID: e.ID}, nil
	}
	return Noted{ID: e.ID, Resolved: e.Status == Unknown}, moveByNews(ctx, tx, e, to, n, now)
}

// lockFor reads how far the e-mail is that news are of, for a change.
// database.ErrNotFound.
func lockFor(ctx context.Context, tx *database.Tx, n News) (e Email, err error) {
	condition, key := `id = ?`, n.EmailID
	if key == "" {
		condition, key = `transport_id = ?`, n.TransportID
	}
	if key == "" {
		return e, database.ErrNotFound
	}
	err = tx.QueryRow(ctx, `SELECT id, status, delivery FROM emails_letters WHERE `+condition+tx.ForUpdate(), key).
		Scan(&e.ID, &e.Status, &e.Delivery)
	return e, database.Found("e-mail", err)
}

// moveByNews moves an e-mail whose fate the news decide.
func moveByNews(ctx context.Context, tx *database.Tx, e Email, to Status, n News, now time.Time) error {
	failure, sent := Failure(""), database.Micros(now)
	if to == Failed {
		failure, sent = Rejected, 0
	}
	_, err := tx.Exec(ctx, `UPDATE emails_letters SET status = ?, failure = ?, sent_at = ?, next_at = ?, last_error = ?,
		transport_id = ? WHERE id = ? AND status = ?`,
		to, failure, sent, database.Micros(now), cutError(n.Detail), cutTransportID(n.TransportID), e.ID, e.Status)
	if err != nil {
		return fmt.Errorf("note news of e-mail: %w", err)
	}
	return nil
}
