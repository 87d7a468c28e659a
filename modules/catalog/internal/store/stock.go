package store

import (
	"context"
	"fmt"
	"time"

	"app/platform/database"
)

// MaxOnHand bounds the units of one product.
const MaxOnHand = 1_000_000_000

// Stock counts the units of one product.
type Stock struct {
	ProductID string
	// OnHand is all that was received, less corrections; Held waits for payments; Sold
	// is paid for.
	OnHand, Held, Sold int64
	// HeldGuests is what of Held is held for guests.
	HeldGuests int64
	// LowThreshold is the number of available units at which the merchant wants to be
	// told.
	LowThreshold int64
	// Version counts the changes, from 1.
	Version int64
}

// Available is how many units can be held now.
func (s Stock) Available() int64 { return s.OnHand - s.Held - s.Sold }

const (
	insertStock = `INSERT INTO catalog_stock (product_id, on_hand, held, sold, low_threshold, version) VALUES (?, ?, 0, 0, ?, 1)`
	shiftStock  = `UPDATE catalog_stock SET held = held + ?, sold = sold + ?, version = version + 1
	WHERE product_id = ? AND on_hand - held - sold >= ?`
	correctStock = `UPDATE catalog_stock SET on_hand = on_hand + ?, version = version + 1
	WHERE product_id = ? AND on_hand + ? >= held + sold AND on_hand + ? <= ? AND (? = 0 OR version = ?)`
	updateThreshold = `UPDATE catalog_stock SET low_threshold = ?, version = version + 1 WHERE product_id = ?`
	insertMovement  = `INSERT INTO catalog_movements (id, product_id, kind, delta, reason, actor, order_id, created_at)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
)

// InsertStock gives a new product its first units.
func InsertStock(ctx context.Context, tx *database.Tx, s Stock) error {
	return insertRow(ctx, tx, "stock", insertStock, s.ProductID, s.OnHand, s.LowThreshold)
}

// Shift is a change of what is held and sold of one product. Units of both together
// have to be available.
type Shift struct {
	ProductID  string
	Held, Sold int64
	// Guests is what of Held is for guests.
	Guests int64
	// Share bounds what guests hold after the change.
	Share Share
}

// Apply makes the change if the units are available at the very moment of the update,
// whatever anybody read before. False: they are not, guests would hold more than their
// share, or there is no such product.
func (s Shift) Apply(ctx context.Context, tx *database.Tx) (bool, error) {
	if s.Guests != 0 {
		return s.applyGuests(ctx, tx)
	}
	return updateRow(ctx, tx, "stock", shiftStock, s.Held, s.Sold, s.ProductID, s.Held+s.Sold)
}

// MustApply makes a change that needs no units to be available, so it cannot be
// refused.
func (s Shift) MustApply(ctx context.Context, tx *database.Tx) error {
	ok, err := s.Apply(ctx, tx)
	if err == nil && !ok {
		return fmt.Errorf("update stock of %s: %w", s.ProductID, ErrNotFound)
	}
	return err
}

// Correct adds delta, of either sign, to the units on hand; false when fewer would be
// left than are held and sold, when there would be more than MaxOnHand, when there is
// no such product, or when version is not 0 and not the current one.
func Correct(ctx context.Context, tx *database.Tx, productID string, delta, version int64) (bool, error) {
	return updateRow(ctx, tx, "stock", correctStock, delta, productID, delta, delta, MaxOnHand, version, version)
}

// SetThreshold changes Stock.LowThreshold.
func SetThreshold(ctx context.Context, tx *database.Tx, productID string, threshold int64) error {
	_, err := updateRow(ctx, tx, "stock threshold", updateThreshold, threshold, productID)
	return err
}

// Kind is why units moved.
type Kind string

// The kinds. The first two change what is on hand, the others what is sold; KindSold is
// negative.
const (
	KindReceived  Kind = "received"
	KindCorrected Kind = "corrected"
	KindSold      Kind = "sold"
	KindReturned  Kind = "returned"
)

// Movement is one entry of a product's journal.
type Movement struct {
	ID        string
	ProductID string
	Kind      Kind
	Delta     int64 // never 0
	Reason    string
	// Actor is the user who did it, or the module.
	Actor string
	// OrderID is empty for what no order caused.
	OrderID   string
	CreatedAt time.Time
}

// InsertMovement adds an entry. ErrDuplicate: the id exists.
func InsertMovement(ctx context.Context, tx *database.Tx, m Movement) error {
	return insertRow(ctx, tx, "movement", insertMovement, m.ID, m.ProductID, string(m.Kind), m.Delta, m.Reason, m.Actor, m.OrderID,
		database.Micros(m.CreatedAt))
}
