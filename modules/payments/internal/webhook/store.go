package webhook

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"app/platform/database"
)

// webhookRow is a row of payments_webhooks.
type webhookRow struct {
	bun.BaseModel `bun:"table:payments_webhooks,alias:w"`

	Provider    string             `bun:"provider,pk"`
	EventID     string             `bun:"event_id,pk"`
	Payload     []byte             `bun:"payload"`
	Tries       int64              `bun:"tries"`
	DueAt       database.Timestamp `bun:"due_at,nullzero"`
	Result      string             `bun:"result"`
	ReceivedAt  database.Timestamp `bun:"received_at"`
	ProcessedAt database.Timestamp `bun:"processed_at,nullzero"`
}

var webhooks = database.ModelOf[webhookRow]()

func newWebhookRow(w Webhook) webhookRow {
	return webhookRow{
		Provider: w.Provider, EventID: w.EventID, Payload: w.Payload, Tries: w.Tries, DueAt: database.Timestamp{Time: w.DueAt},
		Result: w.Result, ReceivedAt: database.Timestamp{Time: w.ReceivedAt}, ProcessedAt: database.Timestamp{Time: w.ProcessedAt},
	}
}

func (r webhookRow) toWebhook() Webhook {
	return Webhook{
		Provider: r.Provider, EventID: r.EventID, Payload: r.Payload, Tries: r.Tries, DueAt: r.DueAt.Time,
		Result: r.Result, ReceivedAt: r.ReceivedAt.Time, ProcessedAt: r.ProcessedAt.Time,
	}
}

// insertWebhook keeps an event. database.ErrDuplicate when it is there already.
func insertWebhook(ctx context.Context, tx *database.Tx, w Webhook) error {
	return webhooks.Insert(ctx, tx, "webhook", newWebhookRow(w))
}

// lockWebhook reads an event for a change. database.ErrNotFound.
func lockWebhook(ctx context.Context, tx *database.Tx, provider, eventID string) (Webhook, error) {
	row, err := webhooks.Get(ctx, tx, "webhook", `WHERE w.provider = ? AND w.event_id = ?`+tx.ForUpdate(), provider, eventID)
	return row.toWebhook(), err
}

// finishWebhook marks an event as processed; database.ErrChanged when it was before.
func finishWebhook(ctx context.Context, tx *database.Tx, w Webhook, result string, now time.Time) error {
	return tx.One(ctx, "finish webhook",
		`UPDATE payments_webhooks SET result = ?, due_at = NULL, processed_at = ? WHERE provider = ? AND event_id = ? AND processed_at IS NULL`,
		result, database.Micros(now), w.Provider, w.EventID)
}

// putOffWebhook notes why an event could not be processed and when to try again.
func putOffWebhook(ctx context.Context, tx *database.Tx, w Webhook, why string, next time.Time) error {
	return tx.One(ctx, "put off webhook",
		`UPDATE payments_webhooks SET result = ?, tries = tries + 1, due_at = ? WHERE provider = ? AND event_id = ? AND processed_at IS NULL`,
		why, database.NullMicros(next), w.Provider, w.EventID)
}

// listDue begins the list of a provider's events that are to be processed.
const listDue = `SELECT event_id, due_at FROM payments_webhooks WHERE provider = ? AND `

// sweepBatch is how many webhooks deleteProcessed removes at most.
const sweepBatch = 100

// deleteProcessed removes events that were processed before a time and reports whether
// there may be more. Those that could not be processed stay, for people to look at.
func deleteProcessed(ctx context.Context, tx *database.Tx, before time.Time) (more bool, err error) {
	var old []webhookRow
	err = tx.Bun().NewSelect().Model(&old).Column("provider", "event_id").
		Where("w.due_at IS NULL").Where("w.processed_at < ?", database.Micros(before)).
		Order("w.provider", "w.event_id").Limit(sweepBatch).Scan(ctx)
	if err != nil {
		return false, fmt.Errorf("read processed webhooks: %w", err)
	}
	for _, w := range old {
		_, err := tx.Exec(ctx, `DELETE FROM payments_webhooks WHERE provider = ? AND event_id = ? AND processed_at IS NOT NULL`, w.Provider, w.EventID)
		if err != nil {
			return false, fmt.Errorf("delete webhook: %w", err)
		}
	}
	return len(old) == sweepBatch, nil
}
