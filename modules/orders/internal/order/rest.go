package order

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"app/modules/orders/internal/caller"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/money"
	"app/platform/operation"
)

var tags = []string{"Orders"}

// Handlers answer the operations on orders.
type Handlers struct{ Orders *Service }

// Register declares the operations on orders. at is where their handlers lie once the
// module is open.
func Register(api *operation.API, at *Handlers) {
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/orders", ID: "list-orders", Summary: "List orders, newest first", Tags: tags,
		Description: "One's own; with merchant_id those with lines of the merchant, for its members, with its lines and their sum only.",
		Access:      operation.User, Scope: "orders:read", Rate: operation.RateDefault, Errors: []int{http.StatusNotFound},
	}, operation.On(at, Handlers.listOrders))
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/orders/{id}", ID: "get-order", Summary: "Read an order", Tags: tags,
		Description: "For its buyer, a guest with its Cart-Token, and the merchants with lines in it, who see their own lines and their sum.",
		Access:      operation.Optional, Scope: "orders:read", Rate: operation.RateDefault, Errors: []int{http.StatusNotFound},
	}, operation.On(at, Handlers.getOrder))
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/orders/{id}/cancel", ID: "cancel-order", Summary: "Cancel an order", Tags: tags,
		Description: "By its buyer, or by a manager of the merchant when all lines are the merchant's. What was paid goes back.",
		Access:      operation.Optional, Scope: "orders:write", Rate: operation.RateDefault, Status: http.StatusOK,
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusForbidden},
	}, operation.On(at, Handlers.cancelOrder))
}

func (h Handlers) listOrders(ctx context.Context, in *listInput) (*listOutput, error) {
	filter, err := in.toFilter()
	if err != nil {
		return nil, err
	}
	views, err := h.Orders.List(ctx, caller.New(ctx, ""), filter)
	if err != nil {
		return nil, err
	}
	return renderPage(views, in.Limit), nil
}

func (h Handlers) getOrder(ctx context.Context, in *orderInput) (*orderOutput, error) {
	view, err := h.Orders.Get(ctx, in.Caller(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &orderOutput{Body: orderOf(view)}, nil
}

func (h Handlers) cancelOrder(ctx context.Context, in *orderInput) (*orderOutput, error) {
	view, err := h.Orders.Cancel(ctx, in.Caller(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &orderOutput{Body: orderOf(view)}, nil
}

type orderInput struct {
	caller.Input
	ID string `path:"id" maxLength:"64" example:"ord_01kan4v6e8fx2s1gq0vj5t3x7c"`
}

type listInput struct {
	operation.Paging
	MerchantID string `query:"merchant_id" maxLength:"64" doc:"Orders with lines of this merchant, for its members"`
}

// toFilter reads the cursor: time and id of the last order seen.
func (in listInput) toFilter() (Filter, error) {
	out := Filter{MerchantID: in.MerchantID, Limit: in.Want()}
	parts, err := operation.DecodeCursor(in.After, 2)
	if err != nil || parts == nil {
		return out, err
	}
	at, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || parts[1] == "" {
		return out, fault.Invalid(fault.Field{Pointer: "/after", Detail: "is not a cursor of this list"})
	}
	out.BeforeAt, out.BeforeID = database.Time(at), parts[1]
	return out, nil
}

type listOutput struct {
	Body operation.Page[order]
}

type orderOutput struct {
	Body order
}

// Created answers the checkout that placed an order.
type Created struct {
	Location string `header:"Location"`
	Body     order
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

type entry struct {
	At     time.Time `json:"at"`
	Event  Event     `json:"event" example:"paid"`
	Detail string    `json:"detail,omitempty"`
}

func renderPage(views []View, limit int) *listOutput {
	page := operation.NewPage(views, limit, func(last View) []string {
		return []string{strconv.FormatInt(database.Micros(last.CreatedAt), 10), last.ID}
	})
	out := operation.Page[order]{Data: make([]order, len(page.Data)), HasMore: page.HasMore, Next: page.Next}
	for i, v := range page.Data {
		out.Data[i] = orderOf(v)
	}
	return &listOutput{Body: out}
}

// NewCreated renders an order just placed, for its buyer.
func NewCreated(o Order) *Created {
	return &Created{Location: "/v1/orders/" + o.ID, Body: orderOf(View{Order: o})}
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
		out.Timeline = append(out.Timeline, entry{At: e.At, Event: e.Event, Detail: e.Detail})
	}
	return out
}
