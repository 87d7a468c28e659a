package email

import (
	"context"
	"fmt"
	"strings"
	"time"

	"app/platform/database"
)

// late are e-mails that wait for longer than any: since they were put off the clock has
// gone back. One that was not tried yet waits for a transport that is left alone, for a
// minute at most; one that failed for an hour at most.
const late = `status = 'queued' AND next_at > ? AND (attempts = 0 OR next_at > ?)`

// lateAt are the arguments of late.
func lateAt(now time.Time) []any {
	return []any{database.Micros(now.Add(longestBlock + database.ClockSkew)), database.Micros(now.Add(longestPause + database.ClockSkew))}
}

// existsAbandoned reports whether freeAbandoned would find anything.
func existsAbandoned(ctx context.Context, q *database.Tx, now time.Time) (found bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM emails_letters WHERE status = 'sending' AND next_at <= ?)
		OR EXISTS (SELECT 1 FROM emails_letters WHERE `+late+`)`, append([]any{database.Micros(now)}, lateAt(now)...)...).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("find abandoned e-mails: %w", err)
	}
	return found, nil
}

// freed counts what became of e-mails whose worker vanished.
type freed struct{ requeued, unknown int64 }

// freeAbandoned frees the e-mails whose worker vanished while sending. An e-mail that
// was not offered yet is queued again, and so is any when the transport takes an e-mail
// once however often it is offered; the rest may have been sent and is unknown.
func freeAbandoned(ctx context.Context, tx *database.Tx, now time.Time, repeatable bool) (f freed, err error) {
	at := database.Micros(now)
	offered := ` AND offered_at = 0`
	if repeatable {
		offered = ""
	}
	f.requeued, err = updateAbandoned(ctx, tx, `status = 'queued', claim = '', next_at = ?, offered_at = 0`, offered, at)
	if err == nil && !repeatable {
		f.unknown, err = updateAbandoned(ctx, tx, `status = CASE WHEN delivery = '' THEN 'unknown' ELSE 'sent' END, claim = '', next_at = ?,
			last_error = 'the worker vanished while sending'`, "", at)
	}
	if err == nil {
		_, err = tx.Exec(ctx, `UPDATE emails_letters SET next_at = ? WHERE `+late, append([]any{at}, lateAt(now)...)...)
	}
	if err != nil {
		return f, fmt.Errorf("free abandoned e-mails: %w", err)
	}
	return f, nil
}

// updateAbandoned sets columns, of which one is the time, of the e-mails whose lease is
// over and for which the condition holds, and counts them.
func updateAbandoned(ctx context.Context, tx *database.Tx, columns, condition string, at int64) (int64, error) {
	result, err := tx.Exec(ctx, `UPDATE emails_letters SET `+columns+` WHERE status = 'sending' AND next_at <= ?`+condition, at, at)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// eraseUnknown erases what e-mails of these templates say of which it is not known
// whether they were sent.
func eraseUnknown(ctx context.Context, tx *database.Tx, templates []string) error {
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
		return fmt.Errorf("erase e-mails: %w", err)
	}
	return nil
}
