package rest

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"app/modules/orders/internal/service"
	"app/modules/orders/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/money"
	"app/platform/operation"
)

var orderTags = []string{"Orders"}

func registerOrders(api *operation.API, s func() *service.Service) {
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/orders", ID: "list-orders", Summary: "List orders, newest first", Tags: orderTags,
		Description: "One's own; with merchant_id those with lines of the merchant, for its members, with its lines and their sum only.",
		Access:      operation.User, Scope: identity.OrdersRead, Rate: operation.RateDefault, Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *listInput) (*listOutput, error) {
		list, err := in.toListQuery()
		if err != nil {
			return nil, err
		}
		views, err := s().Orders(ctx, service.NewVisitor(ctx, ""), list)
		if err != nil {
			return nil, err
		}
		return renderPage(views, in.Limit), nil
	})
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/orders/{id}", ID: "get-order", Summary: "Read an order", Tags: orderTags,
		Description: "For its buyer, a guest with its Cart-Token, and the merchants with lines in it, who see their own lines and their sum.",
		Access:      operation.Optional, Scope: identity.OrdersRead, Rate: operation.RateDefault, Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *orderInput) (*orderOutput, error) {
		view, err := s().Order(ctx, in.toVisitor(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return &orderOutput{Body: renderOrder(view)}, nil
	})
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/orders/{id}/cancel", ID: "cancel-order", Summary: "Cancel an order", Tags: orderTags,
		Description: "By its buyer, or by a manager of the merchant when all lines are the merchant's. What was paid goes back.",
		Access:      operation.Optional, Scope: identity.OrdersWrite, Rate: operation.RateDefault, Status: http.StatusOK,
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusForbidden},
	}, func(ctx context.Context, in *orderInput) (*orderOutput, error) {
		view, err := s().Cancel(ctx, in.toVisitor(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return &orderOutput{Body: renderOrder(view)}, nil
	})
}

type orderInput struct {
	Guest
	ID string `path:"id" maxLength:"64" example:"ord_01kan4v6e8fx2s1gq0vj5t3x7c"`
}

type listInput struct {
	operation.Paging
	MerchantID string `query:"merchant_id" maxLength:"64" doc:"Orders with lines of this merchant, for its members"`
}

// toListQuery reads the cursor: time and id of the last order seen.
func (in listInput) toListQuery() (service.List, error) {
	out := service.List{MerchantID: in.MerchantID, Limit: in.Want()}
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

type createdOrder struct {
	Location string `header:"Location"`
	Body     order
}

// order is an order on the wire.
type order struct {
	ID            string       `json:"id"`
	Status        store.Status `json:"status" enum:"pending_payment,paid,cancelled,refunded"`
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
	ID     string              `json:"id"`
	Status store.PaymentStatus `json:"status" enum:"pending,succeeded,failed,refunded"`
}

type entry struct {
	At     time.Time `json:"at"`
	Event  string    `json:"event" example:"paid"`
	Detail string    `json:"detail,omitempty"`
}

func renderPage(views []service.View, limit int) *listOutput {
	page := operation.NewPage(views, limit, func(last service.View) []string {
		return []string{strconv.FormatInt(database.Micros(last.CreatedAt), 10), last.ID}
	})
	out := operation.Page[order]{Data: make([]order, len(page.Data)), HasMore: page.HasMore, Next: page.Next}
	for i, v := range page.Data {
		out.Data[i] = renderOrder(v)
	}
	return &listOutput{Body: out}
}

func renderOrder(v service.View) order {
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
