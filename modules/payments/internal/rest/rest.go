// Package rest publishes payments: each handler parses, calls the service and renders.
package rest

import (
	"context"
	"net/http"
	"time"

	"app/modules/payments/internal/service"
	"app/modules/payments/internal/store"
	"app/modules/payments/internal/testprovider"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/money"
	"app/platform/operation"
	"app/platform/problem"
)

var tags = []string{"Payments"}

// Register declares the operations. The service is asked for when a request comes, not
// before.
func Register(api *operation.API, s func() *service.Service) {
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/payments/{id}", ID: "get-payment", Summary: "Read a payment", Tags: tags,
		Description: "For the buyer, a guest with the Cart-Token, and the merchants with a share in it, who see their share and its refunds.",
		Access:      operation.Optional, Scope: identity.PaymentsRead, Rate: operation.RateDefault, Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *paymentInput) (*paymentOutput, error) {
		view, err := s().Payment(ctx, service.NewVisitor(ctx, in.CartToken), in.ID)
		if err != nil {
			return nil, err
		}
		return &paymentOutput{Body: renderPayment(view)}, nil
	})
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/payments/{id}/refund", ID: "refund-payment", Summary: "Give money back", Tags: tags,
		Description: "By a manager of a merchant, up to the merchant's share; by an administrator, up to what was captured. " +
			"Without an amount, all that is left. The money goes back a moment later: the payment shows the refund's status.",
		Access: operation.Member, Scope: identity.PaymentsRefund, Rate: operation.RateCostly, Idempotency: operation.KeyRequired, Status: http.StatusCreated,
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusForbidden},
	}, func(ctx context.Context, in *refundInput) (*refundOutput, error) {
		r, err := s().RequestRefund(ctx, service.NewVisitor(ctx, ""), service.RefundRequest{
			PaymentID: in.ID, Amount: in.Body.Amount, MerchantID: in.Body.MerchantID, Reason: in.Body.Reason,
		})
		if err != nil {
			return nil, err
		}
		view, err := s().Payment(ctx, service.NewVisitor(ctx, ""), in.ID)
		if err != nil {
			return nil, err
		}
		return &refundOutput{Location: "/v1/payments/" + in.ID, Body: renderRefund(r, view.Amount.Currency)}, nil
	})
	api.Raw(operation.Operation{
		Method: http.MethodPost, Path: "/v1/payments/webhooks/{provider}", ID: "receive-webhook", Summary: "Take news from a payment provider", Tags: tags,
		Description: "Called by providers. The signature covers the very bytes of the body; an event is kept before it is acknowledged and acted upon once.",
		Access:      operation.Public, Rate: operation.RateWebhook, MaxBody: 256 << 10, Headers: []string{testprovider.SignatureHeader},
		Errors: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusUnprocessableEntity},
	}, webhookHandler(s))
	api.Problems(
		fault.Reason{Code: "payment_not_found", Status: http.StatusNotFound, Title: "No such payment", Help: "The payment does not exist, or you may not see it."},
		fault.Reason{Code: "payment_not_captured", Status: http.StatusConflict, Title: "No money taken", Help: "The payment is pending or failed: there is nothing to give back."},
		fault.Reason{Code: "refund_exceeds_capture", Status: http.StatusConflict, Title: "More than is left", Help: "Refunds together cannot be more than what was captured, nor a merchant's more than its share. Read the payment."},
		fault.Reason{Code: "signature_invalid", Status: http.StatusUnauthorized, Title: "Signature invalid", Help: "The webhook is not signed with the provider's secret, or more than five minutes old."},
		fault.Reason{Code: "provider_not_found", Status: http.StatusNotFound, Title: "No such provider", Help: "No payment provider has this name."},
	)
}

// webhookHandler hands the bytes of the body on as they came.
func webhookHandler(s func() *service.Service) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := operation.ReadBody(r)
		if err == nil {
			err = s().Webhook(r.Context(), r.PathValue("provider"), r.Header, body)
		}
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
}

type paymentInput struct {
	ID        string `path:"id" maxLength:"64" example:"pay_01kan4v6e8fx2s1gq0vj5t3x7c"`
	CartToken string `header:"Cart-Token" maxLength:"200" doc:"A guest's secret, as it was answered when the cart was made"`
}

type paymentOutput struct {
	Body payment
}

type refundInput struct {
	ID   string `path:"id" maxLength:"64" example:"pay_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Body struct {
		Amount     *money.Money `json:"amount,omitempty" doc:"All that is left when it is not given"`
		MerchantID string       `json:"merchant_id,omitempty" maxLength:"64" doc:"From whose share; needed by whoever manages several"`
		Reason     string       `json:"reason" minLength:"1" maxLength:"250" example:"Arrived broken"`
	}
}

type refundOutput struct {
	Location string `header:"Location"`
	Body     refund
}

// payment is a payment on the wire.
type payment struct {
	ID        string       `json:"id"`
	OrderID   string       `json:"order_id"`
	Status    store.Status `json:"status" enum:"pending,succeeded,failed,refunded"`
	Reason    string       `json:"reason,omitempty" doc:"Why it failed" example:"declined"`
	Amount    money.Money  `json:"amount" doc:"A merchant sees its share"`
	Refunded  money.Money  `json:"refunded"`
	Method    string       `json:"method"`
	Refunds   []refund     `json:"refunds" doc:"Oldest first; a merchant sees its own"`
	CreatedAt time.Time    `json:"created_at"`
}

type refund struct {
	ID         string      `json:"id"`
	PaymentID  string      `json:"payment_id"`
	MerchantID string      `json:"merchant_id,omitempty"`
	Amount     money.Money `json:"amount"`
	Reason     string      `json:"reason"`
	Status     string      `json:"status" enum:"pending,succeeded,failed"`
	CreatedAt  time.Time   `json:"created_at"`
}

func renderPayment(v service.View) payment {
	out := payment{
		ID: v.ID, OrderID: v.OrderID, Status: v.Status, Reason: v.Reason, Amount: v.Amount, Refunded: v.Refunded,
		Method: v.Method, Refunds: make([]refund, len(v.Refunds)), CreatedAt: v.CreatedAt,
	}
	for i, r := range v.Refunds {
		out.Refunds[i] = renderRefund(r, v.Currency)
	}
	return out
}

func renderRefund(r store.Refund, currency string) refund {
	out := refund{
		ID: r.ID, PaymentID: r.PaymentID, MerchantID: r.MerchantID, Amount: money.Money{Amount: r.Amount, Currency: currency},
		Reason: r.Reason, Status: "pending", CreatedAt: r.CreatedAt,
	}
	switch r.State {
	case store.RefundDone:
		out.Status = "succeeded"
	case store.RefundFailed:
		out.Status = "failed"
	case store.RefundQueued, store.RefundSending, store.RefundUnknown:
	}
	return out
}
