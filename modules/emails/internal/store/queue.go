package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"app/platform/database"
)

// Claim takes up to limit e-mails that are due for sending, for the time of the lease,
// and returns them. The claim is a name nobody used before. Two workers never get the
// same e-mail: the update is conditional and counts by the claim.
func Claim(ctx context.Context, tx *database.Tx, claim string, now time.Time, lease time.Duration, limit int) ([]Letter, error) {
	var ids []any
	for _, p := range []Priority{First, Normal, Last} {
		found, err := dueEmailIDs(ctx, tx, p, now, limit-len(ids))
		if err != nil {
			return nil, err
		}
		if ids = append(ids, found...); len(ids) == limit {
			break
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	args := append([]any{claim, database.Micros(now.Add(lease))}, ids...)
	_, err := tx.Exec(ctx, `UPDATE emails_letters SET status = 'sending', claim = ?, next_at = ?, attempts = attempts + 1, offered_at = 0
		WHERE status = 'queued' AND id IN (?`+strings.Repeat(", ?", len(ids)-1)+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("claim letters: %w", err)
	}
	return scanEmails(tx.Query(ctx, `SELECT `+columns+from+` WHERE claim = ? AND status = 'sending' ORDER BY priority, created_at`, claim))
}

// dueEmailIDs finds e-mails of a priority. On MySQL it passes over those that another
// worker is about to claim, so that workers share the queue instead of waiting for one
// another.
func dueEmailIDs(ctx context.Context, tx *database.Tx, p Priority, now time.Time, limit int) (ids []any, err error) {
	statement := `SELECT id FROM emails_letters WHERE status = 'queued' AND priority = ? AND next_at <= ? ORDER BY next_at LIMIT ?`
	if tx.Engine() == database.MySQL {
		statement += ` FOR UPDATE SKIP LOCKED`
	}
	rows, err := tx.Query(ctx, statement, int(p), database.Micros(now), limit)
	if err != nil {
		return nil, fmt.Errorf("find due letters: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("find due letters: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Offer notes that the e-mail is about to be handed to the transport and renews the
// lease. It reports whether the claim still holds; whoever is told that it does not
// must not send.
func Offer(ctx context.Context, tx *database.Tx, claim, id string, now time.Time, lease time.Duration) (bool, error) {
	result, err := tx.Exec(ctx, `UPDATE emails_letters SET offered_at = ?, next_at = ? WHERE id = ? AND claim = ? AND status = 'sending'`,
		database.Micros(now), database.Micros(now.Add(lease)), id, claim)
	if err != nil {
		return false, fmt.Errorf("offer letter: %w", err)
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// Outcome is what became of a claimed e-mail.
type Outcome struct {
	LetterID    string
	Status      Status // Sent, Failed, Unknown, or Queued to try again
	Failure     Failure
	Transport   string
	TransportID string
	Error       string
	NextAt      time.Time // for Queued
	Untried     bool      // the attempt does not count: it says nothing of this letter
	Erase       bool      // what the letter says, unless it is queued again
}

// Record writes the outcome of an e-mail that the claim still holds; an e-mail that
// another has taken over is left alone. An e-mail whose reply was lost counts as sent
// when the transport has told meanwhile that it took it.
func Record(ctx context.Context, tx *database.Tx, claim string, o Outcome, now time.Time) error {
	next, sent, untried := now, int64(0), 0
	if o.Status == Queued {
		next = o.NextAt
	}
	if o.Status == Sent {
		sent = database.Micros(now)
	}
	if o.Untried {
		untried = 1
	}
	_, err := tx.Exec(ctx, `UPDATE emails_letters SET status = ?, failure = ?, claim = '', next_at = ?, last_error = ?, transport = ?, transport_id = ?,
		sent_at = ?, attempts = attempts - ? WHERE id = ? AND claim = ? AND status = 'sending'`,
		string(o.Status), string(o.Failure), database.Micros(next), truncateValidText(o.Error, 500), o.Transport, truncateValidText(o.TransportID, 200),
		sent, untried, o.LetterID, claim)
	if err != nil {
		return fmt.Errorf("record letter: %w", err)
	}
	if o.Status == Unknown {
		_, err = tx.Exec(ctx, `UPDATE emails_letters SET status = 'sent', last_error = '', sent_at = ? WHERE id = ? AND status = 'unknown' AND delivery <> ''`,
			database.Micros(now), o.LetterID)
	}
	if err != nil {
		return fmt.Errorf("record letter: %w", err)
	}
	if o.Erase && o.Status != Queued {
		return eraseContent(ctx, tx, o.LetterID)
	}
	return nil
}

// eraseContent removes what an e-mail says.
func eraseContent(ctx context.Context, tx *database.Tx, id string) error {
	_, err := tx.Exec(ctx, `UPDATE emails_letters SET subject = '', body_text = '', body_html = '' WHERE id = ? AND status <> 'queued'`, id)
	if err == nil {
		_, err = tx.Exec(ctx, `DELETE FROM emails_data WHERE letter_id = ?`, id)
	}
	if err != nil {
		return fmt.Errorf("erase letter: %w", err)
	}
	return nil
}

// Settled counts what became of e-mails whose worker vanished.
type Settled struct{ Requeued, Unknown int64 }

// Settle deals with e-mails whose worker vanished while sending. An e-mail that was not
// offered yet is queued again, and so is any when the transport takes an e-mail once
// however often it is offered; the rest may have been sent and is unknown.
func Settle(ctx context.Context, tx *database.Tx, now time.Time, repeatable bool) (s Settled, err error) {
	condition := ` WHERE status = 'sending' AND next_at <= ?`
	offered := ` AND offered_at = 0`
	if repeatable {
		offered = ""
	}
	result, err := tx.Exec(ctx, `UPDATE emails_letters SET status = 'queued', claim = '', next_at = ?, offered_at = 0`+condition+offered,
		database.Micros(now), database.Micros(now))
	if err == nil {
		s.Requeued, err = result.RowsAffected()
	}
	if err == nil && !repeatable {
		result, err = tx.Exec(ctx, `UPDATE emails_letters SET status = CASE WHEN delivery = '' THEN 'unknown' ELSE 'sent' END, claim = '', next_at = ?,
			last_error = 'the worker vanished while sending'`+condition, database.Micros(now), database.Micros(now))
		if err == nil {
			s.Unknown, err = result.RowsAffected()
		}
	}
	if err == nil {
		_, err = tx.Exec(ctx, `UPDATE emails_letters SET next_at = ? WHERE `+late, append([]any{database.Micros(now)}, lateAt(now)...)...)
	}
	if err != nil {
		return s, fmt.Errorf("settle letters: %w", err)
	}
	return s, nil
}

// late are e-mails that wait for longer than any: since they were put off the clock has
// gone back. One that was not tried yet waits for a transport that is left alone, for a
// minute at most; one that failed for an hour at most.
const late = `status = 'queued' AND next_at > ? AND (attempts = 0 OR next_at > ?)`

// lateAt are the arguments of late.
func lateAt(now time.Time) []any {
	return []any{database.Micros(now.Add(time.Minute + database.ClockSkew)), database.Micros(now.Add(time.Hour + database.ClockSkew))}
}

// EraseUnknown erases what e-mails of these templates say that were settled as unknown
// or sent.
func EraseUnknown(ctx context.Context, tx *database.Tx, templates []string) error {
	if len(templates) == 0 {
		return nil
	}
	args := make([]any, len(templates))
	for i, t := range templates {
		args[i] = t
	}
	_, err := tx.Exec(ctx, `UPDATE emails_letters SET subject = '', body_text = '', body_html = ''
		WHERE status = 'unknown' AND body_text <> '' AND template IN (?`+strings.Repeat(", ?", len(args)-1)+`)`, args...)
	if err != nil {
		return fmt.Errorf("erase letters: %w", err)
	}
	return nil
}

// Abandoned reports whether Settle would find anything.
func Abandoned(ctx context.Context, q *database.Tx, now time.Time) (found bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM emails_letters WHERE status = 'sending' AND next_at <= ?)
		OR EXISTS (SELECT 1 FROM emails_letters WHERE `+late+`)`, append([]any{database.Micros(now)}, lateAt(now)...)...).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("find abandoned letters: %w", err)
	}
	return found, nil
}

// Due reports whether an e-mail waits to be sent now.
func Due(ctx context.Context, q *database.Tx, now time.Time) (found bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM emails_letters WHERE status = 'queued' AND next_at <= ?)`, database.Micros(now)).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("find due letters: %w", err)
	}
	return found, nil
}

// Requeue queues an e-mail again that has failed or, when unknown says so, may have
// been sent; it lives until expires. It reports whether it did: not an e-mail in
// another status, nor one whose content is erased.
func Requeue(ctx context.Context, tx *database.Tx, id string, unknown bool, now, expires time.Time) (bool, error) {
	condition := `status = 'failed'`
	if unknown {
		condition = `(status = 'failed' OR status = 'unknown')`
	}
	result, err := tx.Exec(ctx, `UPDATE emails_letters SET status = 'queued', failure = '', attempts = 0, next_at = ?, expires_at = ?
		WHERE id = ? AND body_text <> '' AND `+condition, database.Micros(now), microsOrZero(expires), id)
	if err != nil {
		return false, fmt.Errorf("queue letter again: %w", err)
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// Backlog is what waits in the queue.
type Backlog struct {
	Letters map[Status]int // counted up to BacklogLimit; Sent is left out
	Oldest  time.Duration  // age of the oldest letter that is queued or being sent
}

// BacklogLimit is where Measure stops counting.
const BacklogLimit = 10_000

// Measure counts what waits.
func Measure(ctx context.Context, q *database.Tx, now time.Time) (Backlog, error) {
	b := Backlog{Letters: map[Status]int{}}
	for _, s := range []Status{Queued, Sending, Failed, Unknown} {
		var n int
		err := q.QueryRow(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM emails_letters WHERE status = ? LIMIT 10000) AS found`, string(s)).Scan(&n)
		if err != nil {
			return b, fmt.Errorf("measure letters: %w", err)
		}
		b.Letters[s] = n
	}
	var oldest *int64
	err := q.QueryRow(ctx, `SELECT MIN(created_at) FROM (SELECT created_at FROM emails_letters WHERE status = 'queued' OR status = 'sending' LIMIT 10000) AS found`).Scan(&oldest)
	if err != nil {
		return b, fmt.Errorf("measure letters: %w", err)
	}
	if oldest != nil {
		b.Oldest = now.Sub(database.Time(*oldest))
	}
	return b, nil
}
