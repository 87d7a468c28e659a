package inbox

import (
	"context"
	"time"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/internal/batch"
	"app/platform/text"
)

// State is what became of an event at one consumer.
type State int

// The states.
const (
	Retrying State = 0 // failed, and tried again at NextAt
	Done     State = 1 // handled; the row is removed after NextAt
	Dead     State = 2 // given up at NextAt, until somebody retries it
)

// Entry is what an inbox knows of an event.
type Entry struct {
	Consumer string
	events.Envelope
	State     State
	Attempts  int
	NextAt    time.Time
	LastError string
}

// insertEntry writes the row of an event's first arrival; errSeen when there is one.
// The envelope is kept while it is needed.
func (in *Inbox) insertEntry(ctx context.Context, tx *database.Tx, e Entry) error {
	var kept any
	if e.State != Done {
		data, err := events.MarshalEnvelope(&e.Envelope)
		if err != nil {
			return err
		}
		kept = data
	}
	_, err := tx.Exec(ctx, `INSERT INTO events_inbox (consumer, event_id, type, state, attempts, next_at, received_at, last_error, event)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		e.Consumer, e.ID, e.Type, e.State, e.Attempts, database.Micros(e.NextAt), database.Micros(in.now()), e.LastError, kept)
	if database.IsDuplicate(err) {
		return errSeen
	}
	return err
}

// updateEntry writes the outcome of another attempt at a failed event; errSeen when
// another worker was faster.
func (in *Inbox) updateEntry(ctx context.Context, tx *database.Tx, e Entry) error {
	query := `UPDATE events_inbox SET state = ?, attempts = ?, next_at = ?, last_error = ?`
	if e.State == Done {
		query += `, event = NULL`
	}
	result, err := tx.Exec(ctx, query+` WHERE consumer = ? AND event_id = ? AND state = 0 AND attempts = ?`,
		e.State, e.Attempts, database.Micros(e.NextAt), e.LastError, e.Consumer, e.ID, e.Attempts-1)
	if err != nil {
		return err
	}
	if matched, err := result.RowsAffected(); err != nil || matched == 0 {
		return firstError(err, errSeen)
	}
	return nil
}

const selectEntries = `SELECT consumer, event_id, type, state, attempts, next_at, last_error, event FROM events_inbox `

// readEntries reads rows of the inbox. A row whose envelope is gone or cannot be read
// has the id and the type only.
func readEntries(ctx context.Context, q *database.Tx, limit int, where string, args ...any) ([]Entry, error) {
	found, err := q.Query(ctx, selectEntries+where+batch.LimitClause(limit), args...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var out []Entry
	for found.Next() {
		var e Entry
		var next int64
		var id, name string
		var kept []byte
		if err := found.Scan(&e.Consumer, &id, &name, &e.State, &e.Attempts, &next, &e.LastError, &kept); err != nil {
			return nil, err
		}
		e.NextAt = database.Time(next)
		if e.Envelope, err = events.UnmarshalEnvelope(kept); err != nil || e.ID != id {
			e.Envelope = events.Envelope{}
		}
		e.ID, e.Type = id, name
		out = append(out, e)
	}
	return out, found.Err()
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// maxBrief bounds in bytes what is kept of an error.
const maxBrief = 1000

// truncatedError is the text of an error as it is kept.
func truncatedError(err error) string {
	whole := text.Valid(err.Error())
	if len(whole) > maxBrief {
		return text.Cut(whole, maxBrief) + "..."
	}
	return whole
}
