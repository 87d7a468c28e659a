package store

import (
	"context"
	"errors"
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
	// Before is the last product of the page before, Until the last product to look at.
	Before, Until Place
	Limit         int
}

// Place is where a product is in the list; none when ID is empty.
type Place struct {
	CreatedAt time.Time
	ID        string
}

// List reads listed products, newest first.
func List(ctx context.Context, tx *database.Tx, f Filter) ([]Product, error) {
	query, args := f.query(selectProducts, strconv.Itoa(f.Limit))
	return selectRows(ctx, tx, "products", scanProduct, query, args...)
}

// PlaceOf is the place of the nth product that List would look at, whether it has the words or not; none when there are
// fewer.
func PlaceOf(ctx context.Context, tx *database.Tx, f Filter, nth int) (at Place, err error) {
	f.Words = nil
	query, args := f.query(`SELECT p.created_at, p.id FROM catalog_products p`, `1 OFFSET `+strconv.Itoa(nth-1))
	var created int64
	err = wrap("select place in list", tx.QueryRow(ctx, query, args...).Scan(&created, &at.ID))
	if errors.Is(err, ErrNotFound) {
		return Place{}, nil
	}
	at.CreatedAt = database.Time(created)
	return at, err
}

// query puts the statement together from constant parts; all values but the limit are arguments.
func (f Filter) query(what, limit string) (string, []any) {
	var q strings.Builder
	q.WriteString(what + ` WHERE p.archived_at = ?`)
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
	if f.Until.ID != "" {
		q.WriteString(` AND p.created_at >= ? AND (p.created_at > ? OR p.id >= ?)`)
		at := database.Micros(f.Until.CreatedAt)
		args = append(args, at, at, f.Until.ID)
	}
	for _, word := range f.Words {
		q.WriteString(` AND INSTR(p.search, ?) > 0`)
		args = append(args, strings.ToLower(word))
	}
	// A number in the text: SQLite prepares a statement again whenever an argument of LIMIT is bound. Without any argument it would
	// not be kept prepared, hence that of archived_at.
	q.WriteString(` ORDER BY p.created_at DESC, p.id DESC LIMIT ` + limit)
	return q.String(), args
}
