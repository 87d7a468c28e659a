package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"app/platform/database"
	"app/platform/money"
)

// State is where a hold stands.
type State string

// The states.
const (
	// Held units wait for the order's payment.
	Held State = "held"
	// Sold units are paid for.
	Sold State = "sold"
	// Released units went back because the order was never placed or the hold lapsed; a
	// payment may still come.
	Released State = "released"
	// Short is a hold whose payment came when the units were gone.
	Short State = "short"
	// Cancelled is final.
	Cancelled State = "cancelled"
)

// Hold is the stock of one order.
type Hold struct {
	OrderID   string
	State     State
	ExpiresAt time.Time
	CreatedAt time.Time
	// Buyer is whom the hold is counted for while it is held, and Network what it is
	// looked up by; empty when it is not.
	Buyer, Network string
	// Units are those of all lines together.
	Units int64
}

// Line is one product of a hold.
type Line struct {
	ProductID string
	Quantity  int64
	// Price is what one unit was held at.
	Price money.Money
	// Guest reports that the units count in Stock.HeldGuests while they are held.
	Guest bool
}

const (
	insertHold  = `INSERT INTO catalog_holds (order_id, state, expires_at, created_at, buyer, network, units) VALUES (?, ?, ?, ?, ?, ?, ?)`
	selectHold  = `SELECT order_id, state, expires_at, created_at FROM catalog_holds WHERE order_id = ?`
	moveHold    = `UPDATE catalog_holds SET state = ? WHERE order_id = ? AND state = ?`
	renewHold   = `UPDATE catalog_holds SET expires_at = ? WHERE order_id = ? AND state = 'held'`
	lapseHold   = `UPDATE catalog_holds SET state = 'released' WHERE order_id = ? AND state = 'held' AND expires_at <= ?`
	selectDue   = `SELECT order_id FROM catalog_holds WHERE state = 'held' AND expires_at <= ? ORDER BY expires_at LIMIT ?`
	insertLines = `INSERT INTO catalog_hold_lines (order_id, product_id, quantity, price_amount, currency, guest) VALUES `
	selectLines = `SELECT product_id, quantity, price_amount, currency, guest FROM catalog_hold_lines WHERE order_id IN `
)

// InsertHold adds a hold without its lines. ErrDuplicate: the order has one.
func InsertHold(ctx context.Context, tx *database.Tx, h Hold) error {
	return insertRow(ctx, tx, "hold", insertHold, h.OrderID, string(h.State), database.Micros(h.ExpiresAt), database.Micros(h.CreatedAt),
		h.Buyer, h.Network, h.Units)
}

// linesAtOnce bounds the rows of one INSERT, and with it the number of distinct
// statements to prepare.
const linesAtOnce = 25

// InsertLines adds all lines of a hold, up to 25 in one statement.
func InsertLines(ctx context.Context, tx *database.Tx, orderID string, lines []Line) error {
	for some := range slices.Chunk(lines, linesAtOnce) {
		args := make([]any, 0, 6*len(some))
		for _, l := range some {
			args = append(args, orderID, l.ProductID, l.Quantity, l.Price.Amount, l.Price.Currency, l.Guest)
		}
		query := insertLines + strings.Repeat("(?, ?, ?, ?, ?, ?), ", len(some)-1) + "(?, ?, ?, ?, ?, ?)"
		if err := insertRow(ctx, tx, "hold lines", query, args...); err != nil {
			return err
		}
	}
	return nil
}

// HoldOf reads the hold of an order. ErrNotFound: it has none.
func HoldOf(ctx context.Context, tx *database.Tx, orderID string) (h Hold, err error) {
	var expires, created int64
	err = tx.QueryRow(ctx, selectHold, orderID).Scan(&h.OrderID, &h.State, &expires, &created)
	h.ExpiresAt, h.CreatedAt = database.Time(expires), database.Time(created)
	return h, wrapStoreError("select hold", err)
}

// LinesOf reads the lines of the holds of the orders, by product id. orderIDs must not
// be empty.
func LinesOf(ctx context.Context, tx *database.Tx, orderIDs ...string) ([]Line, error) {
	query, args := anyOf(selectLines, orderIDs)
	return selectRows(ctx, tx, "hold lines", scanLine, query+` ORDER BY product_id`, args...)
}

// MoveHold changes the state of an order's hold, if it is from; who gets true does what
// belongs to the change.
func MoveHold(ctx context.Context, tx *database.Tx, orderID string, from, to State) (bool, error) {
	return updateRow(ctx, tx, "hold", moveHold, string(to), orderID, string(from))
}

// RenewHold gives a hold that is still held more time; false when it is not.
func RenewHold(ctx context.Context, tx *database.Tx, orderID string, expires time.Time) (bool, error) {
	return updateRow(ctx, tx, "hold", renewHold, database.Micros(expires), orderID)
}

// LapseHold releases a hold whose time has passed; false when it was not held any more
// or has time left.
func LapseHold(ctx context.Context, tx *database.Tx, orderID string, now time.Time) (bool, error) {
	return updateRow(ctx, tx, "hold", lapseHold, orderID, database.Micros(now))
}

// Due lists the orders of up to limit holds whose time has passed, the oldest first.
func Due(ctx context.Context, tx *database.Tx, now time.Time, limit int) ([]string, error) {
	return selectRows(ctx, tx, "holds due", func(row scanner, id *string) error { return row.Scan(id) }, selectDue, database.Micros(now), limit)
}

func scanLine(row scanner, l *Line) error {
	return row.Scan(&l.ProductID, &l.Quantity, &l.Price.Amount, &l.Price.Currency, &l.Guest)
}
