package refund

import (
	"context"
	"net/http"
	"time"

	"app/modules/payments/internal/payment"
	"app/platform/money"
	"app/platform/operation"
)

// Handlers answer requests for refunds.
type Handlers struct{ refunds *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

// Register declares the operations, for the handlers that will lie at h when the module
// is open.
func Register(api *operation.API, h **Handlers) {
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/payments/{id}/refund", ID: "refund-payment", Summary: "Give money back", Tags: []string{"Payments"},
		Description: "By a manager of a merchant, up to the merchant's share; by an administrator, up to what was captured. " +
			"Without an amount, all that is left. The money goes back a moment later: the payment shows the refund's status.",
		Access: operation.Member, Scope: "payments:refund", Rate: operation.RateCostly, Idempotency: operation.KeyRequired, Status: http.StatusCreated,
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusForbidden},
	}, operation.On(h, (*Handlers).RefundPayment))
}

type refundInput struct {
	ID   string `path:"id" maxLength:"64" example:"pay_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Body struct {
		Amount     *money.Money `json:"amount,omitempty" doc:"All that is left when it is not given"`
		MerchantID string       `json:"merchant_id,omitempty" maxLength:"64" doc:"From whose share; needed by whoever manages several"`
		Reason     string       `json:"reason" minLength:"1" maxLength:"250" example:"Arrived broken"`
	}
}

// Output is the answer: a refund and where its payment is.
type Output struct {
	Location string `header:"Location"`
	Body     refund
}

// RefundPayment queues a refund and answers it.
func (h *Handlers) RefundPayment(ctx context.Context, in *refundInput) (*Output, error) {
	r, err := h.refunds.Request(ctx, payment.NewCaller(ctx, ""), Request{
		PaymentID: in.ID, Amount: in.Body.Amount, MerchantID: in.Body.MerchantID, Reason: in.Body.Reason,
	})
	if err != nil {
		return nil, err
	}
	return &Output{Location: "/v1/payments/" + in.ID, Body: NewBody(r)}, nil
}

// refund is a refund on the wire. The public document names its schema after the type.
type refund struct {
	ID         string      `json:"id"`
	PaymentID  string      `json:"payment_id"`
	MerchantID string      `json:"merchant_id,omitempty"`
	Amount     money.Money `json:"amount"`
	Reason     string      `json:"reason"`
	Status     string      `json:"status" enum:"pending,succeeded,failed"`
	CreatedAt  time.Time   `json:"created_at"`
}

// Body is a refund on the wire, for the replies that list refunds.
type Body = refund

// NewBody renders a refund. Whoever asks sees of its states whether it is over, and how
// it ended.
func NewBody(r Refund) Body {
	out := refund{
		ID: r.ID, PaymentID: r.PaymentID, MerchantID: r.MerchantID, Amount: r.Amount,
		Reason: r.Reason, Status: "pending", CreatedAt: r.CreatedAt,
	}
	switch r.State {
	case Done:
		out.Status = "succeeded"
	case Failed:
		out.Status = "failed"
	case Queued, Sending, Unknown:
	}
	return out
}
