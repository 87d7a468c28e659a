// Package outbox is the table of the events that a module has emitted. A row waits
// until its relay has handed it on; then it is sent, or deferred for the destinations
// that have still to get it (events_owed), and sent after the last of these.
package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/internal/batch"
)

const outboxColumns = `o.seq, o.id, o.type, o.schema_version, o.aggregate, o.aggregate_id, o.aggregate_version,
	o.occurred_at, o.request_id, o.trace, o.secret, o.payload`

// Row is a row of the outbox: an event and the number of its place.
type Row struct {
	Seq int64
	events.Envelope
}

// Table is the emitter's side of the tables.
type Table struct {
	module string
	db     *database.DB
}

// New gives the outbox of a module.
func New(module string, db *database.DB) *Table { return &Table{module: module, db: db} }

// ReadPending reads the oldest waiting rows except those in flight. more reports that
// there may be others.
//
// It asks for the state and never for numbers beyond a mark: rows become visible in the
// order of their commits, which on MySQL is not that of their numbers. On SQLite it is,
// so that new rows are behind all that are in flight, which to pass over one by one was
// an eighth of a relay's work. Older ones appear there too, when events are sent again:
// a look that is not brief finds them.
func (o *Table) ReadPending(ctx context.Context, inFlight []int64, brief bool) (rows []Row, more bool, err error) {
	var args []any
	query := `SELECT ` + outboxColumns + ` FROM events_outbox o WHERE o.state = 0`
	switch {
	case len(inFlight) == 0:
	case brief && o.db.Engine() == database.SQLite:
		query += ` AND o.seq > ?`
		args = []any{slices.Max(inFlight)}
	default:
		var marks string
		marks, args = placeholderList(inFlight)
		query += ` AND o.seq NOT IN ` + marks
	}
	return o.queryRows(ctx, batch.Rows, query+` ORDER BY o.seq`, args...)
}

// ReadDeferred reads the oldest events that a destination has still to get.
func (o *Table) ReadDeferred(ctx context.Context, destination string, limit int) (rows []Row, more bool, err error) {
	return o.queryRows(ctx, limit, `SELECT `+outboxColumns+` FROM events_owed d JOIN events_outbox o ON o.seq = d.seq
		WHERE d.destination = ? ORDER BY d.seq`, destination)
}

func (o *Table) queryRows(ctx context.Context, limit int, query string, args ...any) (out []Row, more bool, err error) {
	size := 0
	err = o.db.ReadOne(ctx, func(ctx context.Context, q *database.Tx) error {
		found, err := q.Query(ctx, query+batch.LimitClause(limit), args...)
		if err != nil {
			return err
		}
		defer found.Close()
		for size < batch.Bytes && found.Next() {
			r, err := o.scanRow(found)
			if err != nil {
				return err
			}
			out, size = append(out, r), size+len(r.Payload)
		}
		return found.Err()
	})
	if err != nil {
		return nil, false, fmt.Errorf("read outbox: %w", err)
	}
	return out, len(out) >= limit || size >= batch.Bytes, nil
}

func (o *Table) scanRow(found *sql.Rows) (Row, error) {
	r := Row{Envelope: events.Envelope{Module: o.module}}
	var occurred int64
	err := found.Scan(&r.Seq, &r.ID, &r.Type, &r.Schema, &r.Aggregate, &r.AggregateID, &r.AggregateVersion,
		&occurred, &r.RequestID, &r.Trace, &r.Sensitive, &r.Payload)
	r.OccurredAt = database.Time(occurred)
	return r, err
}

// Deferral is an event that a destination has still to get.
type Deferral struct {
	Seq         int64
	Destination string
}

// Finished is a row that no destination queue has any more. It is sent when every
// destination has it, and deferred when one has not.
type Finished struct {
	Row
	Deferred bool
}

// RecordOutcome records deferrals, and the rows that no queue has any more: sent when
// every destination has them, else deferred.
func (o *Table) RecordOutcome(ctx context.Context, deferrals []Deferral, rows []Finished) error {
	var sent, deferred parts
	for _, r := range rows {
		if r.Deferred {
			deferred.addRow(r.Row)
		} else {
			sent.addRow(r.Row)
		}
	}
	err := o.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := insertDeferrals(ctx, tx, deferrals); err != nil {
			return err
		}
		if err := applyChanges(ctx, tx,
			change{`UPDATE events_outbox SET state = 1 WHERE seq IN (@)`, sent.all, nil},
			change{`UPDATE events_outbox SET payload = x'' WHERE seq IN (@)`, sent.sensitive, nil},
			change{`UPDATE events_outbox SET state = 2 WHERE seq IN (@)`, deferred.all, nil},
		); err != nil {
			return err
		}
		return markSentIfComplete(ctx, tx, deferred)
	})
	if err != nil {
		return fmt.Errorf("record outcome in outbox: %w", err)
	}
	return nil
}

// MarkDeferredSent records that a destination has got what was deferred for it.
func (o *Table) MarkDeferredSent(ctx context.Context, destination string, rows []Row) error {
	var p parts
	for _, r := range rows {
		p.addRow(r)
	}
	err := o.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		delivered := change{`DELETE FROM events_owed WHERE destination = ? AND seq IN (@)`, p.all, []any{destination}}
		if err := applyChanges(ctx, tx, delivered); err != nil {
			return err
		}
		return markSentIfComplete(ctx, tx, p)
	})
	if err != nil {
		return fmt.Errorf("record deferred events: %w", err)
	}
	return nil
}

// markSentIfComplete turns deferred rows without deferrals into sent ones. A row that
// still waits (another queue has it) stays as it is: not all of its deferrals are
// known.
func markSentIfComplete(ctx context.Context, tx *database.Tx, p parts) error {
	return applyChanges(ctx, tx,
		change{`UPDATE events_outbox SET state = 1 WHERE state = 2 AND seq IN (@)
			AND NOT EXISTS (SELECT 1 FROM events_owed d WHERE d.seq = events_outbox.seq)`, p.all, nil},
		change{`UPDATE events_outbox SET payload = x'' WHERE state = 1 AND seq IN (@)`, p.sensitive, nil},
	)
}

func insertDeferrals(ctx context.Context, tx *database.Tx, deferrals []Deferral) error {
	for _, d := range deferrals {
		_, err := tx.Exec(ctx, `INSERT INTO events_owed (seq, destination) VALUES (?, ?)`, d.Seq, d.Destination)
		if err != nil && !database.IsDuplicate(err) { // another relay may have written the same
			return err
		}
	}
	return nil
}

// ReopenDeferred makes rows wait again that are deferred for a destination which this
// relay has no way to, so that they are routed anew. Rows that still wait keep their
// deferrals: the relay that has them counts on those.
func (o *Table) ReopenDeferred(ctx context.Context, destination string) error {
	for {
		rows, _, err := o.queryRows(ctx, batch.Rows, `SELECT `+outboxColumns+` FROM events_owed d JOIN events_outbox o ON o.seq = d.seq
			WHERE d.destination = ? AND o.state <> 0 ORDER BY d.seq`, destination)
		if err != nil || len(rows) == 0 {
			return err
		}
		var p parts
		for _, r := range rows {
			p.addRow(r)
		}
		err = o.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
			return applyChanges(ctx, tx,
				change{`UPDATE events_outbox SET state = 0 WHERE state = 2 AND seq IN (@)`, p.all, nil},
				change{`DELETE FROM events_owed WHERE destination = ? AND seq IN (@)`, p.all, []any{destination}},
			)
		})
		if err != nil {
			return fmt.Errorf("reopen outbox: %w", err)
		}
	}
}

// DeleteSentBefore removes one batch of events sent before the given time and returns
// how many there were.
func (o *Table) DeleteSentBefore(ctx context.Context, before time.Time) (int, error) {
	var old []int64
	err := o.db.ReadOne(ctx, func(ctx context.Context, q *database.Tx) error {
		found, err := q.Query(ctx, `SELECT seq, occurred_at FROM events_outbox WHERE state = 1 ORDER BY seq`+batch.LimitClause(batch.Rows))
		if err != nil {
			return err
		}
		defer found.Close()
		for found.Next() {
			var seq, occurred int64
			if err := found.Scan(&seq, &occurred); err != nil {
				return err
			}
			if occurred < database.Micros(before) {
				old = append(old, seq)
			}
		}
		return found.Err()
	})
	if err == nil && len(old) > 0 {
		err = o.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
			return applyChanges(ctx, tx, change{`DELETE FROM events_outbox WHERE seq IN (@)`, old, nil})
		})
	}
	if err != nil {
		return 0, fmt.Errorf("sweep outbox: %w", err)
	}
	return len(old), nil
}

// parts are the numbers of rows, and of those with a payload to blank.
type parts struct{ all, sensitive []int64 }

func (p *parts) addRow(r Row) {
	p.all = append(p.all, r.Seq)
	if r.Sensitive {
		p.sensitive = append(p.sensitive, r.Seq)
	}
}

// change is a statement over a list of rows, written IN (@). args come before the list.
type change struct {
	statement string
	seqs      []int64
	args      []any
}

// applyChanges makes the changes that have rows. It stops at the first error: after
// one, MySQL may have ended the transaction.
func applyChanges(ctx context.Context, tx *database.Tx, changes ...change) error {
	for _, c := range changes {
		if len(c.seqs) == 0 {
			continue
		}
		condition, args := seqCondition(c.seqs)
		if _, err := tx.Exec(ctx, strings.Replace(c.statement, "IN (@)", condition, 1), append(c.args, args...)...); err != nil {
			return err
		}
	}
	return nil
}

// seqCondition writes the condition for a list of numbers. When they follow one upon
// another, as those of rows that were handed on together mostly do, that is a range,
// which is far cheaper than a list of hundreds.
func seqCondition(seqs []int64) (condition string, args []any) {
	sorted := slices.Compact(slices.Sorted(slices.Values(seqs)))
	first, last := sorted[0], sorted[len(sorted)-1]
	if last-first+1 == int64(len(sorted)) {
		return "BETWEEN ? AND ?", []any{first, last}
	}
	marks, args := placeholderList(sorted)
	return "IN " + marks, args
}

// placeholderList writes "(?, ?, ...)" and its arguments. The length is one of a few,
// the last number repeated, so that there are few statements to prepare.
func placeholderList(seqs []int64) (marks string, args []any) {
	size := 1
	for size < len(seqs) {
		size *= 4
	}
	args = make([]any, size)
	for i := range args {
		args[i] = seqs[min(i, len(seqs)-1)]
	}
	return "(?" + strings.Repeat(", ?", size-1) + ")", args
}
