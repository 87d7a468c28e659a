package product

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"app/modules/catalog/internal/status"
	"app/platform/database"
	"app/platform/text"
)

// Filter says which products to read. The zero value of a field does not restrict,
// except that of Status.
type Filter struct {
	MerchantID string
	// Names are those of one product of the merchant.
	Names Names
	// CategoryID is a category that they are in, or above one that they are in.
	CategoryID string
	// CollectionID is a collection that they are in; they come in its order then.
	CollectionID string
	// Status is what the products have at the time At; empty is active.
	Status status.Status
	At     time.Time
	// Words must all occur in title, sku or description, in any spelling that text.Key
	// makes one.
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

// listProducts reads products, newest first.
func listProducts(ctx context.Context, q *database.Tx, f Filter) ([]Product, error) {
	query, args := f.buildQuery(q.Engine(), selectProducts, strconv.Itoa(f.Limit))
	return readProducts(ctx, q, query, args...)
}

// placeOf is the place of the nth product that listProducts would look at, whether it
// has the words or not; none when there are fewer.
func placeOf(ctx context.Context, q *database.Tx, f Filter, nth int) (Place, error) {
	f.Words = nil
	query, args := f.buildQuery(q.Engine(), `SELECT p.created_at, p.id FROM catalog_products p`, `1 OFFSET `+strconv.Itoa(nth-1))
	var at Place
	var created database.Timestamp
	err := database.Found("place in list", q.QueryRow(ctx, query, args...).Scan(&created, &at.ID))
	if errors.Is(err, database.ErrNotFound) {
		return Place{}, nil
	}
	at.CreatedAt = created.Time
	return at, err
}

// buildQuery puts the statement together from constant parts; all values but the limit
// are arguments.
func (f Filter) buildQuery(on database.Engine, what, limit string) (string, []any) {
	c := conditions{engine: on}
	created, id := f.addIndex(&c)
	// The first condition alone bounds the index; the second breaks ties.
	if f.Before.ID != "" {
		at := database.Micros(f.Before.CreatedAt)
		c.addCondition(created+` <= ? AND (`+created+` < ? OR `+id+` < ?)`, at, at, f.Before.ID)
	}
	if f.Until.ID != "" {
		at := database.Micros(f.Until.CreatedAt)
		c.addCondition(created+` >= ? AND (`+created+` > ? OR `+id+` >= ?)`, at, at, f.Until.ID)
	}
	for _, word := range f.Words {
		c.addWordMatch(word)
	}
	// A number in the text: SQLite prepares a statement again whenever an argument of
	// LIMIT is bound. Without any argument it would not be kept prepared, hence that of
	// archived_at.
	return what + c.join + ` WHERE ` + c.text + ` ORDER BY ` + c.order + created + ` DESC, ` + id + ` DESC LIMIT ` + limit, c.args
}

// addIndex wants what the first columns of an index are equal to, and names its two
// columns behind them, by which products are ordered.
func (f Filter) addIndex(c *conditions) (created, id string) {
	if f.CategoryID != "" {
		c.join = ` JOIN catalog_category_listings l ON l.product_id = p.id`
		if f.MerchantID != "" {
			c.addEquality(`l.merchant_id`, f.MerchantID)
		}
		c.addEquality(`l.category_id`, f.CategoryID)
		c.addCondition(`p.archived_at = ? AND p.public_from <= ?`, 0, f.atMicros())
		return `l.created_at`, `l.product_id`
	}
	if f.MerchantID != "" {
		c.addEquality(`p.merchant_id`, f.MerchantID)
	}
	f.addStatus(c)
	return `p.created_at`, `p.id`
}

// addStatus wants products to have the status.
func (f Filter) addStatus(c *conditions) {
	if f.Status == status.Archived {
		// An expression, which no index begins with: the order of the list has one.
		c.addCondition(`(p.archived_at > 0) = 1`)
		return
	}
	c.addEquality(`p.archived_at`, 0)
	if f.Status == status.Draft {
		c.addCondition(`p.public_from > ?`, f.atMicros())
	} else {
		c.addCondition(`p.public_from <= ?`, f.atMicros())
	}
}

// atMicros is At as public_from is compared with it.
func (f Filter) atMicros() int64 { return max(0, database.Micros(f.At)) }

// conditions are what a product must meet, and the first columns of the index that
// finds those that do.
type conditions struct {
	engine      database.Engine
	join        string // of the table that has the index
	text, order string
	args        []any
}

func (c *conditions) addCondition(text string, args ...any) {
	if c.text != "" {
		c.text += ` AND `
	}
	c.text += text
	c.args = append(c.args, args...)
}

// addWordMatch wants a word in the search text, spelt one way or another. A product
// that FoldOnce has not come to yet has its text in lower case only, and is found as it
// was before.
func (c *conditions) addWordMatch(word string) {
	key, lower := text.Key(word), strings.ToLower(word)
	switch {
	case key == lower:
		c.addCondition(`INSTR(p.search, ?) > 0`, key)
	case key != "":
		c.addCondition(`(INSTR(p.search, ?) > 0 OR INSTR(p.search, ?) > 0)`, key, lower)
	}
}

// addEquality wants a column to have a value. MariaDB looks up an index by the columns
// that are equal to something, and then walks from the newest product to the place
// where a page begins, however far that is. Where none is equal it begins at the page,
// if the order names all columns of the index. SQLite begins there for equal ones only.
func (c *conditions) addEquality(column string, value any) {
	if c.engine == database.MySQL {
		c.addCondition(column+` <= ? AND `+column+` >= ?`, value, value)
	} else {
		c.addCondition(column+` = ?`, value)
	}
	c.order += column + ` DESC, `
}
