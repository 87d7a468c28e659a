package price

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"app/platform/database"
	"app/platform/money"
)

// formerRow is a former price in the database.
type formerRow struct {
	bun.BaseModel `bun:"table:catalog_price_history,alias:h"`

	VariantID string             `bun:"variant_id,pk"`
	Currency  string             `bun:"currency,pk"`
	From      database.Timestamp `bun:"from_at,pk"`
	To        database.Timestamp `bun:"to_at"`
	Amount    int64              `bun:"amount"`
}

var history = database.ModelOf[formerRow]()

func formerRowOf(f Former) formerRow {
	return formerRow{
		VariantID: variantOf(f.ProductID), Currency: f.Price.Currency, Amount: f.Price.Amount,
		From: database.Timestamp{Time: f.From}, To: database.Timestamp{Time: f.To},
	}
}

func (r formerRow) toFormer() Former {
	return Former{
		ProductID: productOf(r.VariantID), Price: money.Money{Amount: r.Amount, Currency: r.Currency}, From: r.From.Time, To: r.To.Time,
	}
}

// Record adds a price that has ended to the history.
func Record(ctx context.Context, tx *database.Tx, f Former) error {
	return history.Insert(ctx, tx, "former price", formerRowOf(f))
}

// Lowest is the lowest amount that a product cost in a currency in the 30 days before a
// price of it ended, that one included; nil when it had no price in the currency then.
func Lowest(ctx context.Context, q *database.Tx, ended Former, currency string) (*int64, error) {
	var lowest sql.NullInt64
	err := q.QueryRow(ctx, `SELECT MIN(amount) FROM catalog_price_history WHERE variant_id = ? AND currency = ? AND to_at > ?`,
		variantOf(ended.ProductID), currency, database.Micros(ended.To.Add(-Before))).Scan(&lowest)
	if err != nil {
		return nil, fmt.Errorf("find lowest price: %w", err)
	}
	if ended.Price.Currency == currency && (!lowest.Valid || ended.Price.Amount < lowest.Int64) {
		return &ended.Price.Amount, nil
	}
	if !lowest.Valid {
		return nil, nil //nolint:nilnil // no price is no error
	}
	return &lowest.Int64, nil
}

// listFormer reads former prices of a product that ended before a time, the last ones
// first.
func listFormer(ctx context.Context, q *database.Tx, productID string, before time.Time, limit int) ([]Former, error) {
	rows, err := history.List(ctx, q, "former prices", "WHERE h.variant_id = ? AND h.to_at < ? ORDER BY h.to_at DESC LIMIT ?",
		variantOf(productID), database.Micros(before), limit)
	out := make([]Former, len(rows))
	for i, r := range rows {
		out[i] = r.toFormer()
	}
	return out, err
}
