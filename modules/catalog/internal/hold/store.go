package hold

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"app/platform/database"
	"app/platform/money"
)

// holdRow is a hold in the database.
type holdRow struct {
	bun.BaseModel `bun:"table:catalog_holds,alias:h"`

	OrderID   string             `bun:"order_id,pk"`
	State     string             `bun:"state"`
	ExpiresAt database.Timestamp `bun:"expires_at"`
	CreatedAt database.Timestamp `bun:"created_at"`
	Buyer     string             `bun:"buyer"`
	Network   string             `bun:"network"`
	Units     int64              `bun:"units"`
}

var holds = database.ModelOf[holdRow]()

func holdRowOf(h Hold) holdRow {
	return holdRow{
		OrderID: h.OrderID, State: string(h.State), ExpiresAt: database.Timestamp{Time: h.ExpiresAt},
		CreatedAt: database.Timestamp{Time: h.CreatedAt}, Buyer: h.Buyer, Network: h.Network, Units: h.Units,
	}
}

func (r holdRow) toHold() Hold {
	return Hold{
		OrderID: r.OrderID, State: State(r.State), ExpiresAt: r.ExpiresAt.Time, CreatedAt: r.CreatedAt.Time,
		Buyer: r.Buyer, Network: r.Network, Units: r.Units,
	}
}

// lineRow is a line of a hold in the database.
type lineRow struct {
	bun.BaseModel `bun:"table:catalog_hold_lines,alias:l"`

	OrderID     string `bun:"order_id,pk"`
	ProductID   string `bun:"product_id,pk"`
	Quantity    int64  `bun:"quantity"`
	PriceAmount int64  `bun:"price_amount"`
	Currency    string `bun:"currency"`
	Guest       bool   `bun:"guest"`
}

var holdLines = database.ModelOf[lineRow]()

func lineRowOf(orderID string, l Line) lineRow {
	return lineRow{
		OrderID: orderID, ProductID: l.ProductID, Quantity: l.Quantity,
		PriceAmount: l.Price.Amount, Currency: l.Price.Currency, Guest: l.Guest,
	}
}

func (r lineRow) toLine() Line {
	return Line{
		ProductID: r.ProductID, Quantity: r.Quantity,
		Price: money.Money{Amount: r.PriceAmount, Currency: r.Currency}, Guest: r.Guest,
	}
}

// All of these are on the way of a checkout or a payment, or look for what a sweep has
// to do.
const (
	updateState  = `UPDATE catalog_holds SET state = ? WHERE order_id = ? AND state = ?`
	updateExpiry = `UPDATE catalog_holds SET expires_at = ? WHERE order_id = ? AND state = 'held'`
	updateLapsed = `UPDATE catalog_holds SET state = 'released' WHERE order_id = ? AND state = 'held' AND expires_at <= ?`
	clampExpiry  = `UPDATE catalog_holds SET expires_at = ? WHERE order_id = ? AND state = 'held' AND expires_at > ?`
	selectDue    = `SELECT order_id FROM catalog_holds WHERE state = 'held' AND expires_at <= ? ORDER BY expires_at LIMIT ?`
	selectLate   = `SELECT order_id FROM catalog_holds WHERE state = 'held' AND expires_at > ? LIMIT ?`
	takeTurn     = `INSERT INTO catalog_turns (id, taken) VALUES (?, 1) ON DUPLICATE KEY UPDATE taken = taken + 1`
	selectUsage  = `SELECT COUNT(CASE WHEN buyer = ? THEN 1 END), COALESCE(SUM(CASE WHEN buyer = ? THEN units ELSE 0 END), 0), COUNT(*),
	COALESCE(SUM(units), 0), MIN(expires_at) FROM catalog_holds WHERE network = ? AND network <> '' AND state = 'held'`
)

// insertHold adds a hold without its lines. The error is database.ErrDuplicate when the
// order has one.
func insertHold(ctx context.Context, tx *database.Tx, h Hold) error {
	return holds.Insert(ctx, tx, "hold", holdRowOf(h))
}

// linesAtOnce bounds the rows of one INSERT, and with it the number of distinct
// statements to prepare.
const linesAtOnce = 25

var (
	lineColumns = strings.ReplaceAll(holdLines.Columns(), "l.", "")
	lineValues  = "(?" + strings.Repeat(", ?", strings.Count(lineColumns, ",")) + ")"
	insertInto  = "INSERT INTO catalog_hold_lines (" + lineColumns + ") VALUES "
)

// insertLines adds all lines of a hold, up to 25 in one statement.
func insertLines(ctx context.Context, tx *database.Tx, orderID string, lines []Line) error {
	for some := range slices.Chunk(lines, linesAtOnce) {
		args := make([]any, 0, len(some)*strings.Count(lineValues, "?"))
		for _, l := range some {
			row := lineRowOf(orderID, l)
			args = append(args, holdLines.Values(&row)...)
		}
		_, err := tx.Exec(ctx, insertInto+strings.Repeat(lineValues+", ", len(some)-1)+lineValues, args...)
		if err != nil {
			return database.Inserted("hold lines", err)
		}
	}
	return nil
}

// holdOf reads the hold of an order. The error is database.ErrNotFound when it has none.
func holdOf(ctx context.Context, q *database.Tx, orderID string) (Hold, error) {
	row, err := holds.Get(ctx, q, "hold", "WHERE h.order_id = ?", orderID)
	return row.toHold(), err
}

// linesOf reads the lines of the holds of the orders, by product id. The number of
// orders is filled up to a power of two by repeating the last one, so that there are few
// distinct statements to prepare. orderIDs must not be empty.
func linesOf(ctx context.Context, q *database.Tx, orderIDs ...string) ([]Line, error) {
	size := 1
	for size < len(orderIDs) {
		size *= 2
	}
	args := make([]any, size)
	for i := range args {
		args[i] = orderIDs[min(i, len(orderIDs)-1)]
	}
	tail := "WHERE l.order_id IN (?" + strings.Repeat(", ?", size-1) + ") ORDER BY l.product_id"
	rows, err := holdLines.List(ctx, q, "hold lines", tail, args...)
	lines := make([]Line, len(rows))
	for i := range rows {
		lines[i] = rows[i].toLine()
	}
	return lines, err
}

// moveHold changes the state of an order's hold, if it is from; who gets true does what
// belongs to the change.
func moveHold(ctx context.Context, tx *database.Tx, orderID string, from, to State) (bool, error) {
	return updateHold(ctx, tx, updateState, string(to), orderID, string(from))
}

// renewHold gives a hold that is still held more time; false when it is not.
func renewHold(ctx context.Context, tx *database.Tx, orderID string, expires time.Time) (bool, error) {
	return updateHold(ctx, tx, updateExpiry, database.Micros(expires), orderID)
}

// lapseHold releases a hold whose time has passed; false when it was not held any more
// or has time left.
func lapseHold(ctx context.Context, tx *database.Tx, orderID string, now time.Time) (bool, error) {
	return updateHold(ctx, tx, updateLapsed, orderID, database.Micros(now))
}

// clampHold lets a hold last until longest at most.
func clampHold(ctx context.Context, tx *database.Tx, orderID string, longest time.Time) error {
	_, err := updateHold(ctx, tx, clampExpiry, database.Micros(longest), orderID, database.Micros(longest))
	return err
}

// updateHold reports whether there was a hold to update.
func updateHold(ctx context.Context, tx *database.Tx, query string, args ...any) (bool, error) {
	err := tx.One(ctx, "update hold", query, args...)
	if errors.Is(err, database.ErrChanged) {
		return false, nil
	}
	return err == nil, err
}

// dueHolds lists the orders of up to 64 holds whose time has passed, the oldest
// first.
func dueHolds(ctx context.Context, q *database.Tx, now time.Time) ([]string, error) {
	return orderIDs(ctx, q, selectDue, database.Micros(now), sweepBatch)
}

// lateHolds lists the orders of up to 64 holds that last longer than any made now
// would: the clock has gone back since.
func lateHolds(ctx context.Context, q *database.Tx, longest time.Time) ([]string, error) {
	return orderIDs(ctx, q, selectLate, database.Micros(longest.Add(database.ClockSkew)), sweepBatch)
}

func orderIDs(ctx context.Context, q *database.Tx, query string, args ...any) (list []string, err error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list holds: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("list holds: %w", err)
		}
		list = append(list, id)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list holds: %w", err)
	}
	return list, nil
}

// turns is how many rows there are to lock, at most.
const turns = 1024

// countUnpaid counts the holds of a buyer and of the network around it. Nobody else
// takes one in this network until the transaction ends: on MySQL a row keeps the others
// waiting, and SQLite has one writer at a time.
func countUnpaid(ctx context.Context, tx *database.Tx, buyer, network string) (used usage, err error) {
	if tx.Engine() == database.MySQL {
		h := fnv.New32a()
		_, _ = h.Write([]byte(network)) // never fails
		if _, err := tx.Exec(ctx, takeTurn, h.Sum32()%turns); err != nil {
			return usage{}, fmt.Errorf("take turn: %w", err)
		}
	}
	var frees sql.NullInt64
	err = tx.QueryRow(ctx, selectUsage, buyer, buyer, network).
		Scan(&used.holds, &used.units, &used.networkHolds, &used.networkUnits, &frees)
	if err != nil {
		return usage{}, fmt.Errorf("count unpaid holds: %w", err)
	}
	used.frees = database.NullTime(frees)
	return used, nil
}
