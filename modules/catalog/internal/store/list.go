package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"app/platform/database"
)

// Filter says which listed products to read. The zero value of a field does not restrict.
type Filter struct {
	MerchantID string
	// Words must all occur in title, sku or description, in any case.
	Words []string
	// Before is the last product of the page before.
	Before struct {
		CreatedAt time.Time
		ID        string
	}
	Limit int
}

// List reads listed products, newest first.
func List(ctx context.Context, tx *database.Tx, f Filter) ([]Product, error) {
	query, args := f.query()
	return selectRows(ctx, tx, "products", scanProduct, query, args...)
}

// query puts the statement together from constant parts; all values but the limit are arguments.
func (f Filter) query() (string, []any) {
	var q strings.Builder
	q.WriteString(selectProducts + ` WHERE p.archived_at = ?`)
	args := []any{0}
	if f.MerchantID != "" {
		q.WriteString(` AND p.merchant_id = ?`)
		args = append(args, f.MerchantID)
	}
	if f.Before.ID != "" {
		// The first condition alone bounds the index; the second breaks ties.
		q.WriteString(` AND p.created_at <= ? AND (p.created_at < ? OR p.id < ?)`)
		at := database.Micros(f.Before.CreatedAt)
		args = append(args, at, at, f.Before.ID)
	}
	for _, word := range f.Words {
		q.WriteString(` AND p.search LIKE ? ESCAPE '!'`)
		args = append(args, pattern(word))
	}
	// A number in the text: SQLite prepares a statement again whenever an argument of LIMIT is bound. Without any argument it would
	// not be kept prepared, hence that of archived_at.
	q.WriteString(` ORDER BY p.created_at DESC, p.id DESC LIMIT ` + strconv.Itoa(f.Limit))
	return q.String(), args
}

// wildcards escapes what LIKE gives a meaning to. The escape is not a backslash because MySQL takes that out of texts.
var wildcards = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

func pattern(word string) string { return "%" + wildcards.Replace(strings.ToLower(word)) + "%" }
