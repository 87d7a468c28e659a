package notice

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"app/platform/database"
)

// messageRow is a message that has come, so that a repetition is noticed.
type messageRow struct {
	bun.BaseModel `bun:"table:emails_notices,alias:n"`

	MessageID  string             `bun:"message_id,pk"`
	ReceivedAt database.Timestamp `bun:"received_at"`
}

var messages = database.ModelOf[messageRow]()

// insertMessage notes that a message has come. Error: database.ErrDuplicate, when it
// has come before.
func insertMessage(ctx context.Context, tx *database.Tx, messageID string, now time.Time) error {
	return messages.Insert(ctx, tx, "notice", messageRow{MessageID: messageID, ReceivedAt: database.Timestamp{Time: now}})
}

// deleteMessagesBefore removes the notes of messages that came before a time.
func deleteMessagesBefore(ctx context.Context, tx *database.Tx, before time.Time) error {
	_, err := tx.Bun().NewDelete().Model((*messageRow)(nil)).Where("received_at < ?", database.Micros(before)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("delete notices: %w", err)
	}
	return nil
}
