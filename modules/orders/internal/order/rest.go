package order

import (
	"context"
	"net/http"
	"strconv"

	"app/modules/orders/internal/caller"
	"app/platform/database"
	"app/platform/fault"
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
