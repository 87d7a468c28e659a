package order

import (
	"time"

	"github.com/uptrace/bun"
	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/ordersevents"
	"app/platform/database"
	"app/platform/money"
	"app/platform/money/moneyv1"
)

// This file has an order, its lines and its timeline in their other forms: rows, what
// clients are shown, what events carry, and a line as catalog holds it. Whoever adds a
// field to one of them adds it here to each form; mapping_test.go notices what is
// forgotten.

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
	Event      Event              `bun:"event"`
	Detail     string             `bun:"detail"`
	MerchantID string             `bun:"merchant_id"`
	Amount     int64              `bun:"amount"`
	Reason     CancelReason       `bun:"reason"`
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
		OrderID: orderID, Version: e.Version, At: database.Timestamp{Time: e.At}, Event: e.Event, Detail: e.Sentence,
		MerchantID: e.MerchantID, Amount: e.Amount, Reason: e.Reason,
	}
}

func entryOfRow(r entryRow) Entry {
	return Entry{
		Version: r.Version, At: r.At.Time, Event: r.Event, Reason: r.Reason, Amount: r.Amount, MerchantID: r.MerchantID,
		Sentence: r.Detail,
	}
}

// order is an Order on the wire. Its name is that of the schema in the OpenAPI document.
type order struct {
	ID            string       `json:"id"`
	Status        Status       `json:"status" enum:"pending_payment,paid,cancelled,refunded"`
	Email         string       `json:"email"`
	CartID        string       `json:"cart_id"`
	Lines         []orderLine  `json:"lines" doc:"A merchant sees its own only"`
	Total         money.Money  `json:"total" doc:"Of the lines shown"`
	MerchantTotal *money.Money `json:"merchant_total,omitempty" doc:"The same, for merchants only"`
	Payment       payment      `json:"payment"`
	Timeline      []entry      `json:"timeline,omitempty" doc:"Oldest first; lists leave it out"`
	CreatedAt     time.Time    `json:"created_at"`
	ExpiresAt     time.Time    `json:"expires_at" doc:"Not paid by then, the order is cancelled"`
}

type orderLine struct {
	ProductID  string      `json:"product_id"`
	MerchantID string      `json:"merchant_id"`
	Title      string      `json:"title"`
	SKU        string      `json:"sku"`
	Quantity   int64       `json:"quantity"`
	Price      money.Money `json:"price"`
	Total      money.Money `json:"total"`
}

type payment struct {
	ID     string        `json:"id"`
	Status PaymentStatus `json:"status" enum:"pending,succeeded,failed,refunded"`
}

// entry is an Entry on the wire. Its fields but detail are for programs.
type entry struct {
	At     time.Time    `json:"at"`
	Event  Event        `json:"event" example:"paid"`
	Reason CancelReason `json:"reason,omitempty" enum:"by_buyer,by_merchant,payment_failed,payment_timeout,stock_short" doc:"Of a cancellation"`
	Amount *money.Money `json:"amount,omitempty" doc:"What was to pay, was paid or was given back"`
	Detail string       `json:"detail,omitempty" doc:"Reason or amount in English, for people" example:"69.90 EUR"`
}

// orderOf is the order on the wire.
func orderOf(v View) order {
	out := order{
		ID: v.ID, Status: v.Status, Email: v.Email, CartID: v.CartID, Total: v.Total, Lines: make([]orderLine, len(v.Lines)),
		Payment: payment{ID: v.PaymentID, Status: v.PaymentStatus}, CreatedAt: v.CreatedAt, ExpiresAt: v.ExpiresAt,
	}
	if v.Merchant {
		out.MerchantTotal = &v.Total
	}
	for i, l := range v.Lines {
		out.Lines[i] = orderLine(l)
	}
	for _, e := range v.Timeline {
		out.Timeline = append(out.Timeline, entryOf(e, v.Total.Currency))
	}
	return out
}

// cancelTexts are the reasons of a cancellation in English.
var cancelTexts = map[CancelReason]string{
	CancelledByBuyer:       "by the buyer",
	CancelledByMerchant:    "by the merchant",
	CancelledPaymentFailed: "the payment failed",
	CancelledPaymentLate:   "the payment did not come in time",
	CancelledStockShort:    "the goods were gone when the payment came",
}

// entryOf is an entry of a timeline on the wire. The sentence of an earlier release is
// passed on as it is.
func entryOf(e Entry, currency string) entry {
	out := entry{At: e.At, Event: e.Event, Reason: e.Reason, Detail: cancelTexts[e.Reason]}
	if e.hasAmount() {
		amount := money.Money{Amount: e.Amount, Currency: currency}
		out.Amount, out.Detail = &amount, amount.String()
	}
	if e.Sentence != "" {
		out.Detail = e.Sentence
	}
	return out
}

// LineOf is a line of the order for which catalog holds a product, at the price the
// buyer saw. The error is a price that is too much for so many units.
func LineOf(p *catalogv1.Product, quantity int64, price money.Money) (Line, error) {
	total, err := price.Times(quantity)
	return Line{
		ProductID: p.GetId(), MerchantID: p.GetMerchantId(), Title: p.GetTitle(), SKU: p.GetSku(),
		Quantity: quantity, Price: price, Total: total,
	}, err
}

// eventOrder is the order as events carry it.
func eventOrder(o Order) *ordersevents.Order {
	out := &ordersevents.Order{
		Id: o.ID, BuyerId: o.BuyerID, Email: o.Email, Total: moneyv1.Of(o.Total), PaymentId: o.PaymentID, Locale: o.Locale,
		PlacedAt: timestamppb.New(o.CreatedAt), Lines: make([]*ordersevents.Line, len(o.Lines)),
	}
	for i, l := range o.Lines {
		out.Lines[i] = &ordersevents.Line{
			ProductId: l.ProductID, MerchantId: l.MerchantID, Title: l.Title, Sku: l.SKU,
			Quantity: l.Quantity, Price: moneyv1.Of(l.Price), Total: moneyv1.Of(l.Total),
		}
	}
	return out
}
