package suppression

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"app/platform/database"
	"app/platform/text"
)

// suppressionRow is a suppression in the database.
type suppressionRow struct {
	bun.BaseModel `bun:"table:emails_suppressions,alias:s"`

	Address   string             `bun:"address,pk"`
	Reason    Reason             `bun:"reason"`
	Detail    string             `bun:"detail"`
	EmailID   string             `bun:"letter_id"`
	CreatedAt database.Timestamp `bun:"created_at"`
}

var suppressions = database.ModelOf[suppressionRow]()

// rowOf cuts what others said to what the columns hold.
func rowOf(s Suppression) suppressionRow {
	return suppressionRow{
		Address: s.Address, Reason: s.Reason, Detail: text.Cut(text.Valid(s.Detail), 200), EmailID: text.Cut(text.Valid(s.EmailID), 40),
		CreatedAt: database.Timestamp{Time: s.CreatedAt},
	}
}

func (r suppressionRow) suppression() Suppression {
	return Suppression{Address: r.Address, Reason: r.Reason, Detail: r.Detail, EmailID: r.EmailID, CreatedAt: r.CreatedAt.Time}
}

// insertSuppression adds an address. Error: database.ErrDuplicate.
func insertSuppression(ctx context.Context, tx *database.Tx, s Suppression) error {
	return suppressions.Insert(ctx, tx, "suppression", rowOf(s))
}

// replaceReport puts another report in place of the one that is there.
func replaceReport(ctx context.Context, tx *database.Tx, s Suppression) error {
	row := rowOf(s)
	_, err := tx.Bun().NewUpdate().Model(&row).Column("reason", "detail", "letter_id").WherePK().Exec(ctx)
	if err != nil {
		return fmt.Errorf("update suppression: %w", err)
	}
	return nil
}

// byAddress reads the suppression of an address. Error: database.ErrNotFound.
func byAddress(ctx context.Context, q *database.Tx, address string) (Suppression, error) {
	row, err := suppressions.Get(ctx, q, "suppression", "WHERE s.address = ?", address)
	return row.suppression(), err
}

// listAfter lists suppressions, newest first, those after a given one only; the zero
// value for the first page.
func listAfter(ctx context.Context, q *database.Tx, after Suppression, limit int) ([]Suppression, error) {
	var rows []suppressionRow
	query := q.Bun().NewSelect().Model(&rows).OrderExpr("s.created_at DESC, s.address DESC").Limit(int64(limit))
	if after.Address != "" {
		at := database.Micros(after.CreatedAt)
		query = query.Where("s.created_at <= ? AND (s.created_at < ? OR s.address < ?)", at, at, after.Address)
	}
	if err := query.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list suppressions: %w", err)
	}
	found := make([]Suppression, len(rows))
	for i, row := range rows {
		found[i] = row.suppression()
	}
	return found, nil
}

// deleteByAddress forgets an address. Error: database.ErrNotFound.
func deleteByAddress(ctx context.Context, tx *database.Tx, address string) error {
	result, err := tx.Bun().NewDelete().Model((*suppressionRow)(nil)).Where("address = ?", address).Exec(ctx)
	if err != nil {
		return fmt.Errorf("delete suppression: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return database.ErrNotFound
}
