package email

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"app/platform/database"
)

// claimDue takes up to limit e-mails that are due for sending, for the time of the
// lease, and returns them. The claim is a name nobody used before. Two workers never
// get the same e-mail: the update is conditional and counts by the claim.
func claimDue(ctx context.Context, tx *database.Tx, claim string, now time.Time, lease time.Duration, limit int) ([]Email, error) {
	var ids []any
	for _, p := range []Priority{First, Normal, Last} {
		found, err := dueIDs(ctx, tx, p, now, limit-len(ids))
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
		return nil, fmt.Errorf("claim e-mails: %w", err)
	}
	return byClaim(ctx, tx, claim)
}

// dueIDs finds e-mails of a priority. On MySQL it passes over those that another worker
// is about to claim, so that workers share the queue instead of waiting for one
// another.
func dueIDs(ctx context.Context, tx *database.Tx, p Priority, now time.Time, limit int) (ids []any, err error) {
	statement := `SELECT id FROM emails_letters WHERE status = 'queued' AND priority = ? AND next_at <= ? ORDER BY next_at LIMIT ?`
	if tx.Engine() == database.MySQL {
		statement += ` FOR UPDATE SKIP LOCKED`
	}
	rows, err := tx.Query(ctx, statement, int(p), database.Micros(now), limit)
	if err != nil {
		return nil, fmt.Errorf("find due e-mails: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("find due e-mails: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// existsDue reports whether an e-mail waits to be sent now.
func existsDue(ctx context.Context, q *database.Tx, now time.Time) (found bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM emails_letters WHERE status = 'queued' AND next_at <= ?)`,
		database.Micros(now)).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("find due e-mails: %w", err)
	}
	return found, nil
}

// markOffered notes that the e-mail is about to be handed to the transport and renews
// the lease. It reports whether the claim still holds; whoever learns that it does not
// must not send.
func markOffered(ctx context.Context, tx *database.Tx, claim, id string, now time.Time, lease time.Duration) (bool, error) {
	return rowMatched(tx.One(ctx, "offer e-mail",
		`UPDATE emails_letters SET offered_at = ?, next_at = ? WHERE id = ? AND claim = ? AND status = 'sending'`,
		database.Micros(now), database.Micros(now.Add(lease)), id, claim))
}

// recordOutcome writes down what became of an e-mail that the claim still holds; an
// e-mail that another has taken over is left alone. An e-mail whose reply was lost
// counts as sent when the transport has told meanwhile that it took it.
func recordOutcome(ctx context.Context, tx *database.Tx, claim string, o outcome, now time.Time) error {
	next, sent, untried := now, int64(0), 0
	if o.Status == Queued {
		next = o.DueAt
	}
	if o.Status == Sent {
		sent = database.Micros(now)
	}
	if o.Untried {
		untried = 1
	}
	_, err := tx.Exec(ctx, `UPDATE emails_letters SET status = ?, failure = ?, claim = '', next_at = ?, last_error = ?,
		transport = ?, transport_id = ?, sent_at = ?, attempts = attempts - ? WHERE id = ? AND claim = ? AND status = 'sending'`,
		o.Status, o.Failure, database.Micros(next), cutError(o.Error),
		o.Transport, cutTransportID(o.TransportID), sent, untried, o.EmailID, claim)
	if err == nil && o.Status == Unknown {
		_, err = tx.Exec(ctx, `UPDATE emails_letters SET status = 'sent', last_error = '', sent_at = ?
			WHERE id = ? AND status = 'unknown' AND delivery <> ''`, database.Micros(now), o.EmailID)
	}
	if err != nil {
		return fmt.Errorf("record e-mail: %w", err)
	}
	if o.Erase && o.Status != Queued {
		return eraseContent(ctx, tx, o.EmailID)
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
		return fmt.Errorf("erase e-mail: %w", err)
	}
	return nil
}

// queueAgain queues an e-mail again that has failed or, when unknown says so, may have
// been sent; it lives until expires. It reports whether it did: not an e-mail in
// another status, nor one whose content is erased.
func queueAgain(ctx context.Context, tx *database.Tx, id string, unknown bool, now, expires time.Time) (bool, error) {
	condition := `status = 'failed'`
	if unknown {
		condition = `(status = 'failed' OR status = 'unknown')`
	}
	return rowMatched(tx.One(ctx, "queue e-mail again",
		`UPDATE emails_letters SET status = 'queued', failure = '', attempts = 0, next_at = ?, expires_at = ?
		WHERE id = ? AND body_text <> '' AND `+condition, database.Micros(now), microsOrZero(expires), id))
}

// rowMatched makes an answer of the error of a conditional update: false when the row was
// no longer what the update was made for.
func rowMatched(err error) (bool, error) {
	if errors.Is(err, database.ErrChanged) {
		return false, nil
	}
	return err == nil, err
}
