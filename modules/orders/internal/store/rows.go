package store

import (
	"github.com/uptrace/bun"

	"app/platform/database"
	"app/platform/money"
)

// orderRow is an order as it is stored, without its lines and its timeline.
type orderRow struct {
	bun.BaseModel `bun:"table:orders_orders,alias:o"`

	ID            string             `bun:"id,pk"`
	CartID        string             `bun:"cart_id"`
	BuyerID       string             `bun:"buyer_id"`
	TokenHash     string             `bun:"token_hash"`
	Email         string             `bun:"email"`
	Status        Status             `bun:"status"`
	Currency      string             `bun:"currency"`
	Total         int64              `bun:"total"`
	CheckoutKey   string             `bun:"checkout_key"`
	PaymentID     string             `bun:"payment_id"`
	PaymentMethod string             `bun:"payment_method"`
	PaymentStatus PaymentStatus      `bun:"payment_status"`
	ExpiresAt     database.Timestamp `bun:"expires_at"`
	DueAt         database.Timestamp `bun:"due_at,nullzero"`
	Version       int64              `bun:"version"`
	CreatedAt     database.Timestamp `bun:"created_at"`
	UpdatedAt     database.Timestamp `bun:"updated_at"`
	Locale        string             `bun:"locale"`
}

// lineRow is a line of an order as it is stored. Its currency is the order's.
type lineRow struct {
	bun.BaseModel `bun:"table:orders_lines,alias:l"`

	OrderID    string `bun:"order_id,pk"`
	LineNo     int    `bun:"line_no,pk"`
	ProductID  string `bun:"product_id"`
	MerchantID string `bun:"merchant_id"`
	Title      string `bun:"title"`
	SKU        string `bun:"sku"`
	Quantity   int64  `bun:"quantity"`
	Price      int64  `bun:"price"`
	Total      int64  `bun:"total"`
}

// partRow is one merchant's part of an order, for the merchant's list.
type partRow struct {
	bun.BaseModel `bun:"table:orders_order_merchants,alias:m"`

	MerchantID string             `bun:"merchant_id,pk"`
	CreatedAt  database.Timestamp `bun:"created_at,pk"`
	OrderID    string             `bun:"order_id,pk"`
	Total      int64              `bun:"total"`
	Refunded   int64              `bun:"refunded"`
}

// entryRow is an entry of an order's timeline as it is stored.
type entryRow struct {
	bun.BaseModel `bun:"table:orders_timeline,alias:t"`

	OrderID    string             `bun:"order_id,pk"`
	Version    int64              `bun:"version,pk"`
	At         database.Timestamp `bun:"at"`
	Event      string             `bun:"event"`
	Detail     string             `bun:"detail"`
	MerchantID string             `bun:"merchant_id"`
	Amount     int64              `bun:"amount"`
}

var (
	orderModel = database.ModelOf[orderRow]()
	lineModel  = database.ModelOf[lineRow]()
	partModel  = database.ModelOf[partRow]()
	entryModel = database.ModelOf[entryRow]()
)

func rowOfOrder(o Order) orderRow {
	return orderRow{
		ID: o.ID, CartID: o.CartID, BuyerID: o.BuyerID, TokenHash: o.TokenHash, Email: o.Email, Status: o.Status,
		Currency: o.Total.Currency, Total: o.Total.Amount, CheckoutKey: o.CheckoutKey,
		PaymentID: o.PaymentID, PaymentMethod: o.PaymentMethod, PaymentStatus: o.PaymentStatus,
		ExpiresAt: database.Timestamp{Time: o.ExpiresAt}, DueAt: database.Timestamp{Time: o.DueAt}, Version: o.Version,
		CreatedAt: database.Timestamp{Time: o.CreatedAt}, UpdatedAt: database.Timestamp{Time: o.UpdatedAt}, Locale: o.Locale,
	}
}

func orderOfRow(r orderRow) Order {
	return Order{
		ID: r.ID, CartID: r.CartID, BuyerID: r.BuyerID, TokenHash: r.TokenHash, Email: r.Email, Locale: r.Locale, Status: r.Status,
		Total: money.Money{Amount: r.Total, Currency: r.Currency}, CheckoutKey: r.CheckoutKey,
		PaymentID: r.PaymentID, PaymentMethod: r.PaymentMethod, PaymentStatus: r.PaymentStatus,
		ExpiresAt: r.ExpiresAt.Time, DueAt: r.DueAt.Time, Version: r.Version, CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
}

func rowOfLine(orderID string, number int, l Line) lineRow {
	return lineRow{
		OrderID: orderID, LineNo: number, ProductID: l.ProductID, MerchantID: l.MerchantID, Title: l.Title, SKU: l.SKU,
		Quantity: l.Quantity, Price: l.Price.Amount, Total: l.Total.Amount,
	}
}

func lineOfRow(r lineRow, currency string) Line {
	return Line{
		ProductID: r.ProductID, MerchantID: r.MerchantID, Title: r.Title, SKU: r.SKU, Quantity: r.Quantity,
		Price: money.Money{Amount: r.Price, Currency: currency}, Total: money.Money{Amount: r.Total, Currency: currency},
	}
}

func rowOfEntry(orderID string, e Entry) entryRow {
	return entryRow{
		OrderID: orderID, Version: e.Version, At: database.Timestamp{Time: e.At}, Event: e.Event, Detail: e.Detail,
		MerchantID: e.MerchantID, Amount: e.Amount,
	}
}

func entryOfRow(r entryRow) Entry {
	return Entry{
		Version: r.Version, At: r.At.Time, Event: r.Event, Detail: r.Detail, MerchantID: r.MerchantID, Amount: r.Amount,
	}
}
