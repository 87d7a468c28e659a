package withheld

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"app/platform/database"
)

// withheldRow is a row of emails_withheld.
type withheldRow struct {
	bun.BaseModel `bun:"table:emails_withheld,alias:w"`

	Recipient string             `bun:"recipient,pk"`
	Template  string             `bun:"template,pk"`
	Reason    Reason             `bun:"reason,pk"`
	Day       int64              `bun:"day,pk"`
	Emails    int                `bun:"letters"`
	LastAt    database.Timestamp `bun:"last_at"`
}

var rows = database.ModelOf[withheldRow]()

func newWithheldRow(w Withheld) withheldRow {
	return withheldRow{
		Recipient: w.Recipient, Template: w.Template, Reason: w.Reason, Day: w.day(), Emails: w.Emails,
		LastAt: database.Timestamp{Time: w.LastAt},
	}
}

func (r withheldRow) toWithheld() Withheld {
	return Withheld{Recipient: r.Recipient, Template: r.Template, Reason: r.Reason, Emails: r.Emails, LastAt: r.LastAt.Time}
}

// raiseCount counts one more of a day. database.ErrChanged when there is none yet.
func raiseCount(ctx context.Context, tx *database.Tx, w Withheld) error {
	return tx.One(ctx, "count withheld e-mail",
		`UPDATE emails_withheld SET letters = letters + 1, last_at = ? WHERE recipient = ? AND template = ? AND reason = ? AND day = ?`,
		database.Micros(w.LastAt), w.Recipient, w.Template, w.Reason, w.day())
}

// insertWithheld adds the first of a day. Error: database.ErrDuplicate.
func insertWithheld(ctx context.Context, tx *database.Tx, w Withheld) error {
	return rows.Insert(ctx, tx, "withheld e-mail", newWithheldRow(w))
}

// listNewest lists what was withheld, newest first.
func listNewest(ctx context.Context, q *database.Tx, limit int) ([]Withheld, error) {
	var found []withheldRow
	if err := q.Bun().NewSelect().Model(&found).OrderExpr("w.last_at DESC, w.recipient").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list withheld e-mails: %w", err)
	}
	var list []Withheld
	for _, row := range found {
		list = append(list, row.toWithheld())
	}
	return list, nil
}

// deleteBefore removes what was last counted before a time.
func deleteBefore(ctx context.Context, tx *database.Tx, before time.Time) error {
	_, err := tx.Bun().NewDelete().Model((*withheldRow)(nil)).Where("last_at < ?", database.Micros(before)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("delete withheld e-mails: %w", err)
	}
	return nil
}
