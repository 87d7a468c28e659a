package stock

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"app/platform/database"
)

// Row is the stock of a product in the database. It is exported, as Rows is, for the
// statement that reads a product together with its stock.
type Row struct {
	bun.BaseModel `bun:"table:catalog_stock,alias:s"`

	ProductID    string `bun:"product_id,pk"`
	OnHand       int64  `bun:"on_hand"`
	Held         int64  `bun:"held"`
	HeldGuests   int64  `bun:"held_guests"`
	Sold         int64  `bun:"sold"`
	LowThreshold int64  `bun:"low_threshold"`
	Version      int64  `bun:"version"`
}

// Rows is the model of Row.
var Rows = database.ModelOf[Row]()

func stockRowOf(s Stock) Row {
	return Row{
		ProductID: s.ProductID, OnHand: s.OnHand, Held: s.Held, HeldGuests: s.HeldGuests, Sold: s.Sold,
		LowThreshold: s.LowThreshold, Version: s.Version,
	}
}

// Stock is what the row says.
func (r Row) Stock() Stock {
	return Stock{
		ProductID: r.ProductID, OnHand: r.OnHand, Held: r.Held, HeldGuests: r.HeldGuests, Sold: r.Sold,
		LowThreshold: r.LowThreshold, Version: r.Version,
	}
}

// movementRow is an entry of the journal in the database.
type movementRow struct {
	bun.BaseModel `bun:"table:catalog_movements,alias:m"`

	ID        string             `bun:"id,pk"`
	ProductID string             `bun:"product_id"`
	Kind      string             `bun:"kind"`
	Delta     int64              `bun:"delta"`
	Reason    string             `bun:"reason"`
	Actor     string             `bun:"actor"`
	OrderID   string             `bun:"order_id"`
	CreatedAt database.Timestamp `bun:"created_at"`
}

var movements = database.ModelOf[movementRow]()

func movementRowOf(m Movement) movementRow {
	return movementRow{
		ID: m.ID, ProductID: m.ProductID, Kind: string(m.Kind), Delta: m.Delta, Reason: m.Reason, Actor: m.Actor, OrderID: m.OrderID,
		CreatedAt: database.Timestamp{Time: m.CreatedAt},
	}
}

const (
	shiftStock = `UPDATE catalog_stock SET held = held + ?, sold = sold + ?, version = version + 1
	WHERE product_id = ? AND on_hand - held - sold >= ?`

	// Guests hold no more than is held: a release that does not know held_guests may
	// have given units of theirs back.
	heldGuests = `CASE WHEN held_guests > held THEN held ELSE held_guests END`

	// held_guests comes first, because MySQL assigns from left to right.
	shiftGuests = `UPDATE catalog_stock SET held_guests = CASE WHEN ` + heldGuests + ` + ? < 0 THEN 0 ELSE ` + heldGuests + ` + ? END,
	held = held + ?, sold = sold + ?, version = version + 1 WHERE product_id = ? AND on_hand - held - sold >= ?`
	withinShare = ` AND (` + heldGuests + ` + ? <= ? OR (` + heldGuests + ` + ?) * 100 <= (on_hand - sold) * ?)`
)

// Insert gives a new product its first units, of which none is held or sold.
func Insert(ctx context.Context, tx *database.Tx, s Stock) error {
	first := Stock{ProductID: s.ProductID, OnHand: s.OnHand, LowThreshold: s.LowThreshold, Version: 1}
	return Rows.Insert(ctx, tx, "stock", stockRowOf(first))
}

// readStock reads the stock of a product, archived or not. The error is
// database.ErrNotFound when there is no such product.
func readStock(ctx context.Context, q *database.Tx, productID string) (Stock, error) {
	row, err := Rows.Get(ctx, q, "stock", "WHERE s.product_id = ?", productID)
	return row.Stock(), err
}

// Apply makes the change if the units are available at the very moment of the update,
// whatever anybody read before. False: they are not, guests would hold more than their
// share, or there is no such product.
func (s Shift) Apply(ctx context.Context, tx *database.Tx) (bool, error) {
	query, args := shiftStock, []any{s.Held, s.Sold, s.ProductID, s.Held + s.Sold}
	if s.Guests != 0 {
		query, args = shiftGuests, append([]any{s.Guests, s.Guests}, args...)
		if s.Share != (Share{}) {
			query, args = shiftGuests+withinShare, append(args, s.Guests, s.Share.Floor, s.Guests, s.Share.Percent)
		}
	}
	err := tx.One(ctx, "update stock", query, args...)
	if errors.Is(err, database.ErrChanged) {
		return false, nil
	}
	return err == nil, err
}

// MustApply makes a change that needs no units to be available, so it cannot be
// refused.
func (s Shift) MustApply(ctx context.Context, tx *database.Tx) error {
	ok, err := s.Apply(ctx, tx)
	if err == nil && !ok {
		return fmt.Errorf("update stock of %s: %w", s.ProductID, database.ErrNotFound)
	}
	return err
}

// adjustOnHand adds delta, of either sign, to the units on hand; false when fewer would
// be left than are held and sold, when there would be more than MaxOnHand, when there is
// no such product, or when version is not 0 and not the current one.
func adjustOnHand(ctx context.Context, tx *database.Tx, productID string, delta, version int64) (bool, error) {
	update := tx.Bun().NewUpdate().Model((*Row)(nil)).
		Set("on_hand = on_hand + ?", delta).Set("version = version + 1").
		Where("product_id = ?", productID).
		Where("on_hand + ? >= held + sold", delta).Where("on_hand + ? <= ?", delta, MaxOnHand)
	if version != 0 {
		update.Where("version = ?", version)
	}
	result, err := update.Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("update stock: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// SetThreshold changes Stock.LowThreshold.
func SetThreshold(ctx context.Context, tx *database.Tx, productID string, threshold int64) error {
	_, err := tx.Bun().NewUpdate().Model((*Row)(nil)).
		Set("low_threshold = ?", threshold).Set("version = version + 1").
		Where("product_id = ?", productID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("update stock threshold: %w", err)
	}
	return nil
}

// InsertMovement adds an entry to the journal. The error is database.ErrDuplicate when
// the id exists.
func InsertMovement(ctx context.Context, tx *database.Tx, m Movement) error {
	return movements.Insert(ctx, tx, "movement", movementRowOf(m))
}
