package checkout

import (
	"context"
	"net/http"

	"app/modules/orders/internal/cart"
	"app/modules/orders/internal/order"
	"app/platform/callctx"
	"app/platform/operation"
)

// Handlers answer the operation of a checkout.
type Handlers struct{ Checkouts *Service }

// Register declares the operation of a checkout. at is where its handlers lie once the
// module is open.
func Register(api *operation.API, at *Handlers) {
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/carts/{id}/checkout", ID: "checkout-cart",
		Summary: "Turn a cart into an order", Tags: []string{"Carts"},
		Description: "Holds the stock, makes the order and asks for the payment. " +
			"Repeated with the same Idempotency-Key it answers the same order. The order may still be waiting for its payment: read it until its status says more.",
		Access: operation.Optional, Rate: operation.RateCostly, Idempotency: operation.KeyRequired, Status: http.StatusCreated,
		Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, operation.On(at, Handlers.placeOrder))
}

func (h Handlers) placeOrder(ctx context.Context, in *checkoutInput) (*order.Created, error) {
	key, _ := callctx.IdempotencyOf(ctx)
	placed, err := h.Checkouts.Place(ctx, in.Caller(ctx), Request{
		CartID: in.ID, Email: in.Body.Email, Method: in.Body.PaymentMethod, Key: key.Key,
	})
	if err != nil {
		return nil, err
	}
	return order.NewCreated(placed), nil
}

type checkoutInput struct {
	cart.Input
	Body struct {
		Email         string `json:"email" minLength:"3" maxLength:"254" example:"ada@example.com" doc:"Where the receipt goes"`
		PaymentMethod string `json:"payment_method" minLength:"1" maxLength:"64" example:"test_ok"`
	}
}
