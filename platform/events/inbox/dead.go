package inbox

import (
	"context"
	"errors"
	"fmt"

	"app/platform/database"
)

// ErrNoEvent is returned when a consumer has no such event.
var ErrNoEvent = errors.New("the consumer has no such event")

// ListDead gives the dead events of a module's consumers, the longest dead first, at
// most limit of them (100 when zero).
func ListDead(ctx context.Context, db *database.DB, limit int) (out []Entry, err error) {
	if limit <= 0 {
		limit = 100
	}
	err = db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		out, err = readEntries(ctx, q, limit, `WHERE state = 2 ORDER BY next_at, consumer, event_id`)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list dead events: %w", err)
	}
	return out, nil
}

// ShowDead gives one event of a consumer, dead or not. ErrNoEvent when there is none.
func ShowDead(ctx context.Context, db *database.DB, consumer, eventID string) (Entry, error) {
	var found []Entry
	err := db.Read(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		found, err = readEntries(ctx, q, 1, `WHERE consumer = ? AND event_id = ?`, consumer, eventID)
		return err
	})
	if err != nil {
		return Entry{}, fmt.Errorf("show event: %w", err)
	}
	if len(found) == 0 {
		return Entry{}, fmt.Errorf("%w: %s %s", ErrNoEvent, consumer, eventID)
	}
	return found[0], nil
}

// Retry gives dead events another full round of attempts, beginning within a second in
// a process that hosts the consumer, and returns how many there were. An empty eventID
// means all of the consumer, an empty consumer all of the database. ErrNoEvent when a
// named event is not dead.
func Retry(ctx context.Context, db *database.DB, consumer, eventID string) (int, error) {
	query, args := `UPDATE events_inbox SET state = 0, attempts = 0, next_at = ? WHERE state = 2`, []any{database.Micros(db.Now())}
	if consumer != "" {
		query, args = query+` AND consumer = ?`, append(args, consumer)
	}
	if eventID != "" {
		query, args = query+` AND event_id = ?`, append(args, eventID)
	}
	var n int64
	err := db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		result, err := tx.Exec(ctx, query, args...)
		if err == nil {
			n, err = result.RowsAffected()
		}
		return err
	})
	switch {
	case err != nil:
		return 0, fmt.Errorf("retry events: %w", err)
	case n == 0 && eventID != "":
		return 0, fmt.Errorf("%w, or it is not dead: %s %s", ErrNoEvent, consumer, eventID)
	}
	return int(n), nil
}
