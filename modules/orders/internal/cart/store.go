package cart

import (
	"context"

	"github.com/uptrace/bun"

	"app/platform/database"
	"app/platform/money"
)

// cartRow is a cart as it is stored, without its lines.
type cartRow struct {
	bun.BaseModel `bun:"table:orders_carts,alias:c"`

	ID        string             `bun:"id,pk"`
	BuyerID   string             `bun:"buyer_id"`
	TokenHash string             `bun:"token_hash"`
	Currency  string             `bun:"currency"`
	State     State              `bun:"state"`
	OrderID   string             `bun:"order_id"`
	Version   int64              `bun:"version"`
	CreatedAt database.Timestamp `bun:"created_at"`
	UpdatedAt database.Timestamp `bun:"updated_at"`
	Replaced  string             `bun:"replaced_order_id"`
}

// lineRow is a line of a cart as it is stored. Its currency is the cart's.
type lineRow struct {
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
	cartModel = database.ModelOf[cartRow]()
	lineModel = database.ModelOf[lineRow]()
)

func rowOf(c Cart) cartRow {
	return cartRow{
		ID: c.ID, BuyerID: c.BuyerID, TokenHash: c.TokenHash, Currency: c.Currency, State: c.State, OrderID: c.OrderID,
		Version: c.Version, CreatedAt: database.Timestamp{Time: c.CreatedAt}, UpdatedAt: database.Timestamp{Time: c.UpdatedAt},
		Replaced: c.ReplacedOrderID,
	}
}

func fromRow(r cartRow) Cart {
	return Cart{
		ID: r.ID, BuyerID: r.BuyerID, TokenHash: r.TokenHash, Currency: r.Currency, State: r.State, OrderID: r.OrderID,
		Version: r.Version, CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
		ReplacedOrderID: r.Replaced,
	}
}

func rowOfLine(cartID string, l Line) lineRow {
	return lineRow{
		CartID: cartID, ProductID: l.ProductID, MerchantID: l.MerchantID, Title: l.Title, Quantity: l.Quantity,
		Price: l.Price.Amount, AddedAt: database.Timestamp{Time: l.AddedAt}, SoldIn: l.SoldIn,
	}
}

func lineOfRow(r lineRow, currency string) Line {
	return Line{
		ProductID: r.ProductID, MerchantID: r.MerchantID, Title: r.Title, Quantity: r.Quantity,
		Price: money.Money{Amount: r.Price, Currency: currency}, AddedAt: r.AddedAt.Time, SoldIn: r.SoldIn,
	}
}

// insertCart adds a cart without lines. The error is database.ErrDuplicate when the id is
// taken.
func insertCart(ctx context.Context, tx *database.Tx, c Cart) error {
	return cartModel.Insert(ctx, tx, "cart", rowOf(c))
}

// byID reads a cart with its lines. The error is database.ErrNotFound when there is
// none.
func byID(ctx context.Context, tx *database.Tx, id string) (Cart, error) {
	return readCart(ctx, tx, "WHERE c.id = ?", id)
}

// lockCart is byID for a change: the cart stays as it is until the transaction
// ends.
func lockCart(ctx context.Context, tx *database.Tx, id string) (Cart, error) {
	return readCart(ctx, tx, "WHERE c.id = ?"+tx.ForUpdate(), id)
}

func readCart(ctx context.Context, tx *database.Tx, tail, id string) (Cart, error) {
	row, err := cartModel.Get(ctx, tx, "cart", tail, id)
	if err != nil {
		return Cart{}, err
	}
	lines, err := lineModel.List(ctx, tx, "cart lines", "WHERE l.cart_id = ? ORDER BY l.added_at, l.product_id", id)
	if err != nil {
		return Cart{}, err
	}
	c := fromRow(row)
	for _, line := range lines {
		c.Lines = append(c.Lines, lineOfRow(line, c.Currency))
	}
	return c, nil
}

// insertLine adds a line for a product that the cart does not have.
func insertLine(ctx context.Context, tx *database.Tx, cartID string, l Line) error {
	return lineModel.Insert(ctx, tx, "cart line", rowOfLine(cartID, l))
}

// updateLine replaces quantity, price and title of a line that the cart has.
func updateLine(ctx context.Context, tx *database.Tx, cartID string, l Line) error {
	return tx.One(ctx, "update cart line",
		`UPDATE orders_cart_lines SET merchant_id = ?, title = ?, quantity = ?, price = ?, sold_in = ? WHERE cart_id = ? AND product_id = ?`,
		l.MerchantID, l.Title, l.Quantity, l.Price.Amount, l.SoldIn, cartID, l.ProductID)
}

// deleteLine takes a product out of a cart.
func deleteLine(ctx context.Context, tx *database.Tx, cartID, productID string) error {
	return tx.One(ctx, "delete cart line",
		`DELETE FROM orders_cart_lines WHERE cart_id = ? AND product_id = ?`, cartID, productID)
}

// Update stores currency, state, order ids and time of a cart and raises its
// version, provided that it still has the version and the order id given;
// database.ErrChanged otherwise.
func Update(ctx context.Context, tx *database.Tx, c Cart, orderID string) error {
	return tx.One(ctx, "update cart",
		`UPDATE orders_carts SET currency = ?, state = ?, order_id = ?, replaced_order_id = ?, version = version + 1, updated_at = ?
		WHERE id = ? AND version = ? AND order_id = ?`,
		c.Currency, c.State, c.OrderID, c.ReplacedOrderID, database.Micros(c.UpdatedAt), c.ID, c.Version, orderID)
}
