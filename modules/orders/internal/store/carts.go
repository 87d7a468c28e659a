package store

import (
	"context"
	"fmt"
	"time"

	"app/platform/database"
	"app/platform/money"
)

// CartState is where a cart is in its life.
type CartState string

// The states. An ordered cart is open again when its payment failed.
const (
	CartOpen    CartState = "open"
	CartOrdered CartState = "ordered"
)

// Cart is what somebody means to buy. Exactly one of BuyerID and TokenHash is set.
type Cart struct {
	ID        string
	BuyerID   string
	TokenHash string // hex SHA-256 of a guest's token
	Currency  string // of all lines, empty without lines
	State     CartState
	OrderID   string // the order that the next checkout makes, or the last one made
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
	Lines     []CartLine // in the order they were added
}

// CartLine is one product in a cart as the buyer was shown it.
type CartLine struct {
	ProductID  string
	MerchantID string
	Title      string
	Quantity   int64
	Price      money.Money
	AddedAt    time.Time
	// SoldIn is the currency that the product is sold in now, when the cart's keeps the
	// line from its price; else empty.
	SoldIn string
}

// InsertCart adds a cart without lines. ErrDuplicate when the id is taken.
func InsertCart(ctx context.Context, tx *database.Tx, c Cart) error {
	_, err := tx.Exec(ctx, `INSERT INTO orders_carts (id, buyer_id, token_hash, currency, state, order_id, version, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, c.BuyerID, c.TokenHash, c.Currency, c.State, c.OrderID, c.Version, database.Micros(c.CreatedAt), database.Micros(c.UpdatedAt))
	return database.Inserted("cart", err)
}

const cartByID = `SELECT id, buyer_id, token_hash, currency, state, order_id, version, created_at, updated_at
	FROM orders_carts WHERE id = ?`

// CartByID reads a cart with its lines. ErrNotFound.
func CartByID(ctx context.Context, tx *database.Tx, id string) (Cart, error) {
	return readCart(ctx, tx, cartByID, id)
}

// LockCart is CartByID for a change: the cart stays as it is until the transaction
// ends.
func LockCart(ctx context.Context, tx *database.Tx, id string) (Cart, error) {
	return readCart(ctx, tx, cartByID+tx.ForUpdate(), id)
}

func readCart(ctx context.Context, tx *database.Tx, query, id string) (Cart, error) {
	var c Cart
	var created, updated int64
	err := tx.QueryRow(ctx, query, id).
		Scan(&c.ID, &c.BuyerID, &c.TokenHash, &c.Currency, &c.State, &c.OrderID, &c.Version, &created, &updated)
	if err != nil {
		return Cart{}, database.Found("cart", err)
	}
	c.CreatedAt, c.UpdatedAt = database.Time(created), database.Time(updated)
	c.Lines, err = cartLines(ctx, tx, c)
	return c, err
}

func cartLines(ctx context.Context, tx *database.Tx, c Cart) ([]CartLine, error) {
	rows, err := tx.Query(ctx, `SELECT product_id, merchant_id, title, quantity, price, added_at, sold_in
		FROM orders_cart_lines WHERE cart_id = ? ORDER BY added_at, product_id`, c.ID)
	if err != nil {
		return nil, fmt.Errorf("read cart lines: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var lines []CartLine
	for rows.Next() {
		l := CartLine{Price: money.Money{Currency: c.Currency}}
		var added int64
		if err := rows.Scan(&l.ProductID, &l.MerchantID, &l.Title, &l.Quantity, &l.Price.Amount, &added, &l.SoldIn); err != nil {
			return nil, fmt.Errorf("read cart line: %w", err)
		}
		l.AddedAt = database.Time(added)
		lines = append(lines, l)
	}
	return lines, rows.Err()
}

// InsertCartLine adds a line for a product that the cart does not have.
func InsertCartLine(ctx context.Context, tx *database.Tx, cartID string, l CartLine) error {
	_, err := tx.Exec(ctx, `INSERT INTO orders_cart_lines (cart_id, product_id, merchant_id, title, quantity, price, added_at, sold_in)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		cartID, l.ProductID, l.MerchantID, l.Title, l.Quantity, l.Price.Amount, database.Micros(l.AddedAt), l.SoldIn)
	return database.Inserted("cart line", err)
}

// UpdateCartLine replaces quantity, price and title of a line that the cart has.
func UpdateCartLine(ctx context.Context, tx *database.Tx, cartID string, l CartLine) error {
	return tx.One(ctx, "update cart line",
		`UPDATE orders_cart_lines SET merchant_id = ?, title = ?, quantity = ?, price = ?, sold_in = ? WHERE cart_id = ? AND product_id = ?`,
		l.MerchantID, l.Title, l.Quantity, l.Price.Amount, l.SoldIn, cartID, l.ProductID)
}

// DeleteCartLine takes a product out of a cart.
func DeleteCartLine(ctx context.Context, tx *database.Tx, cartID, productID string) error {
	return tx.One(ctx, "delete cart line",
		`DELETE FROM orders_cart_lines WHERE cart_id = ? AND product_id = ?`, cartID, productID)
}

// UpdateCart stores currency, state, order id and time of a cart and raises its
// version, provided that it still has the version and the order id given; ErrChanged
// otherwise.
func UpdateCart(ctx context.Context, tx *database.Tx, c Cart, orderID string) error {
	return tx.One(ctx, "update cart",
		`UPDATE orders_carts SET currency = ?, state = ?, order_id = ?, version = version + 1, updated_at = ?
		WHERE id = ? AND version = ? AND order_id = ?`,
		c.Currency, c.State, c.OrderID, database.Micros(c.UpdatedAt), c.ID, c.Version, orderID)
}
