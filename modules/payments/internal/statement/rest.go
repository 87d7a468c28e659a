package statement

import (
	"context"
	"net/http"
	"time"

	"app/modules/payments/internal/payment"
	"app/modules/payments/internal/refund"
	"app/platform/money"
	"app/platform/operation"
)

// Handlers answer who reads a payment.
type Handlers struct{ statements *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

// Register declares the operations, for the handlers that will lie at h when the module
// is open.
func Register(api *operation.API, h **Handlers) {
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/payments/{id}", ID: "get-payment", Summary: "Read a payment", Tags: []string{"Payments"},
		Description: "For the buyer, a guest with the Cart-Token, and the merchants with a share in it, who see their share and its refunds.",
		Access:      operation.Optional, Scope: "payments:read", Rate: operation.RateDefault, Errors: []int{http.StatusNotFound},
	}, operation.On(h, (*Handlers).GetPayment))
}

type paymentInput struct {
	ID        string `path:"id" maxLength:"64" example:"pay_01kan4v6e8fx2s1gq0vj5t3x7c"`
	CartToken string `header:"Cart-Token" maxLength:"200" doc:"A guest's secret, as it was answered when the cart was made"`
}

// Output is the answer: a payment.
type Output struct {
	Body Payment
}

// GetPayment answers a payment as the caller may see it.
func (h *Handlers) GetPayment(ctx context.Context, in *paymentInput) (*Output, error) {
	s, err := h.statements.Of(ctx, payment.NewCaller(ctx, in.CartToken), in.ID)
	if err != nil {
		return nil, err
	}
	return &Output{Body: newBody(s)}, nil
}

// Payment is a payment on the wire.
type Payment struct {
	ID        string         `json:"id"`
	OrderID   string         `json:"order_id"`
	Status    payment.Status `json:"status" enum:"pending,succeeded,failed,refunded"`
	Reason    string         `json:"reason,omitempty" doc:"Why it failed" example:"declined"`
	Amount    money.Money    `json:"amount" doc:"A merchant sees its share"`
	Refunded  money.Money    `json:"refunded"`
	Method    string         `json:"method"`
	Refunds   []refund.Body  `json:"refunds" doc:"Oldest first; a merchant sees its own"`
	CreatedAt time.Time      `json:"created_at"`
}

func newBody(s Statement) Payment {
	out := Payment{
		ID: s.ID, OrderID: s.OrderID, Status: s.Status, Reason: s.Reason, Amount: s.Amount, Refunded: s.Refunded,
		Method: s.Method, Refunds: make([]refund.Body, len(s.Refunds)), CreatedAt: s.CreatedAt,
	}
	for i, r := range s.Refunds {
		out.Refunds[i] = refund.NewBody(r)
	}
	return out
}
