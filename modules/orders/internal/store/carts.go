package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

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

// cartRow is a cart as it is stored, without its lines.
type cartRow struct {
	bun.BaseModel `bun:"table:orders_carts,alias:c"`

	ID        string             `bun:"id,pk"`
	BuyerID   string             `bun:"buyer_id"`
	TokenHash string             `bun:"token_hash"`
	Currency  string             `bun:"currency"`
	State     CartState          `bun:"state"`
	OrderID   string             `bun:"order_id"`
	Version   int64              `bun:"version"`
	CreatedAt database.Timestamp `bun:"created_at"`
	UpdatedAt database.Timestamp `bun:"updated_at"`
}

// cartLineRow is a line of a cart as it is stored. Its currency is the cart's.
type cartLineRow struct {
	bun.BaseModel `bun:"table:orders_cart_lines,alias:l"`

	CartID     string             `bun:"cart_id,pk"`
	ProductID  string             `bun:"product_id,pk"`
	MerchantID string             `bun:"merchant_id"`
	Title      string             `bun:"title"`
	Quantity   int64              `bun:"quantity"`
	Price      int64              `bun:"price"`
	AddedAt    database.Timestamp `bun:"added_at"`
	SoldIn     string             `bun:"sold_in"`
}

var (
	carts     = database.ModelOf[cartRow]()
	cartLines = database.ModelOf[cartLineRow]()
)

func rowOfCart(c Cart) cartRow {
	return cartRow{
		ID: c.ID, BuyerID: c.BuyerID, TokenHash: c.TokenHash, Currency: c.Currency, State: c.State, OrderID: c.OrderID,
		Version: c.Version, CreatedAt: database.Timestamp{Time: c.CreatedAt}, UpdatedAt: database.Timestamp{Time: c.UpdatedAt},
	}
}

func cartOfRow(r cartRow) Cart {
	return Cart{
		ID: r.ID, BuyerID: r.BuyerID, TokenHash: r.TokenHash, Currency: r.Currency, State: r.State, OrderID: r.OrderID,
		Version: r.Version, CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
}

func rowOfCartLine(cartID string, l CartLine) cartLineRow {
	return cartLineRow{
		CartID: cartID, ProductID: l.ProductID, MerchantID: l.MerchantID, Title: l.Title, Quantity: l.Quantity,
		Price: l.Price.Amount, AddedAt: database.Timestamp{Time: l.AddedAt}, SoldIn: l.SoldIn,
	}
}

func cartLineOfRow(r cartLineRow, currency string) CartLine {
	return CartLine{
		ProductID: r.ProductID, MerchantID: r.MerchantID, Title: r.Title, Quantity: r.Quantity,
		Price: money.Money{Amount: r.Price, Currency: currency}, AddedAt: r.AddedAt.Time, SoldIn: r.SoldIn,
	}
}

// InsertCart adds a cart without lines. ErrDuplicate when the id is taken.
func InsertCart(ctx context.Context, tx *database.Tx, c Cart) error {
	return carts.Insert(ctx, tx, "cart", rowOfCart(c))
}

// CartByID reads a cart with its lines. ErrNotFound.
func CartByID(ctx context.Context, tx *database.Tx, id string) (Cart, error) {
	return readCart(ctx, tx, "WHERE c.id = ?", id)
}

// LockCart is CartByID for a change: the cart stays as it is until the transaction
// ends.
func LockCart(ctx context.Context, tx *database.Tx, id string) (Cart, error) {
	return readCart(ctx, tx, "WHERE c.id = ?"+tx.ForUpdate(), id)
}

func readCart(ctx context.Context, tx *database.Tx, tail, id string) (Cart, error) {
	row, err := carts.Get(ctx, tx, "cart", tail, id)
	if err != nil {
		return Cart{}, err
	}
	lines, err := cartLines.List(ctx, tx, "cart lines", "WHERE l.cart_id = ? ORDER BY l.added_at, l.product_id", id)
	if err != nil {
		return Cart{}, err
	}
	c := cartOfRow(row)
	for _, line := range lines {
		c.Lines = append(c.Lines, cartLineOfRow(line, c.Currency))
	}
	return c, nil
}

// InsertCartLine adds a line for a product that the cart does not have.
func InsertCartLine(ctx context.Context, tx *database.Tx, cartID string, l CartLine) error {
	return cartLines.Insert(ctx, tx, "cart line", rowOfCartLine(cartID, l))
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
