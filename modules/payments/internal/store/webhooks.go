package store

import (
	"context"
	"database/sql"
	"time"

	"app/platform/database"
)

// Webhook is one event a provider told us about.
type Webhook struct {
	Provider    string
	EventID     string // the provider's
	Payload     []byte // as it was signed
	Tries       int64
	DueAt       time.Time // when it is processed, zero when it was
	Result      string    // what came of it, a token, or the last error
	ReceivedAt  time.Time
	ProcessedAt time.Time
}

// InsertWebhook keeps an event. ErrDuplicate when it is there already.
func InsertWebhook(ctx context.Context, tx *database.Tx, w Webhook) error {
	_, err := tx.Exec(ctx, `INSERT INTO payments_webhooks (provider, event_id, payload, tries, due_at, result, received_at, processed_at)
		VALUES (?, ?, ?, 0, ?, '', ?, NULL)`, w.Provider, w.EventID, w.Payload, database.NullMicros(w.DueAt), database.Micros(w.ReceivedAt))
	return database.Inserted("webhook", err)
}

// LockWebhook reads an event for a change. ErrNotFound.
func LockWebhook(ctx context.Context, tx *database.Tx, provider, eventID string) (Webhook, error) {
	w := Webhook{Provider: provider, EventID: eventID}
	var due, processed sql.NullInt64
	var received int64
	err := tx.QueryRow(ctx, `SELECT payload, tries, due_at, result, received_at, processed_at FROM payments_webhooks
		WHERE provider = ? AND event_id = ?`+tx.ForUpdate(), provider, eventID).
		Scan(&w.Payload, &w.Tries, &due, &w.Result, &received, &processed)
	w.DueAt, w.ReceivedAt, w.ProcessedAt = database.NullTime(due), database.Time(received), database.NullTime(processed)
	return w, database.Found("webhook", err)
}

// FinishWebhook marks an event as processed; ErrChanged when it was before.
func FinishWebhook(ctx context.Context, tx *database.Tx, w Webhook, result string, now time.Time) error {
	return tx.One(ctx, "finish webhook",
		`UPDATE payments_webhooks SET result = ?, due_at = NULL, processed_at = ? WHERE provider = ? AND event_id = ? AND processed_at IS NULL`,
		result, database.Micros(now), w.Provider, w.EventID)
}

// PutOffWebhook notes why an event could not be processed and when to try again.
func PutOffWebhook(ctx context.Context, tx *database.Tx, w Webhook, why string, next time.Time) error {
	return tx.One(ctx, "put off webhook",
		`UPDATE payments_webhooks SET result = ?, tries = tries + 1, due_at = ? WHERE provider = ? AND event_id = ? AND processed_at IS NULL`,
		why, database.NullMicros(next), w.Provider, w.EventID)
}
