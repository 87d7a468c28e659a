// Package rest publishes carts and orders: each handler parses, calls the service and
// renders.
package rest

import (
	"context"
	"net/http"

	"app/modules/orders/internal/service"
	"app/platform/fault"
	"app/platform/operation"
)

// Register declares the operations. The service is asked for when a request comes, not
// before.
func Register(api *operation.API, s func() *service.Service) {
	registerCarts(api, s)
	registerOrders(api, s)
	api.Problems(
		fault.Reason{Code: "cart_not_found", Status: http.StatusNotFound, Title: "No such cart", Help: "The cart does not exist, or the Cart-Token or account is not the one it belongs to."},
		fault.Reason{Code: "cart_already_ordered", Status: http.StatusConflict, Title: "Cart already ordered", Help: "The cart has become the order that errors names. Make a new cart to buy more."},
		fault.Reason{Code: "cart_empty", Status: http.StatusConflict, Title: "Cart empty", Help: "Put something in the cart first."},
		fault.Reason{Code: "cart_full", Status: http.StatusConflict, Title: "Cart full", Help: "A cart holds 200 different products."},
		fault.Reason{Code: "cart_changed", Status: http.StatusConflict, Title: "Cart changed", Help: "The cart was changed while it was checked out. Read it and check out again; the same Idempotency-Key may be used."},
		fault.Reason{Code: "currency_mixed", Status: http.StatusConflict, Title: "Two currencies", Help: "All products of a cart are sold in one currency. errors names the lines that are not, and the cart shows what they are sold in: take them out, or use a second cart."},
		fault.Reason{Code: "total_too_high", Status: http.StatusConflict, Title: "Too much for one order", Help: "One order can cost 9,007,199,254,740,991 minor units of its currency. Put less into the cart."},
		fault.Reason{Code: "price_changed", Status: http.StatusConflict, Title: "Prices changed", Help: "Prices are not those the cart showed; errors lists them. The cart has the new ones now: show them, and check out again with a new Idempotency-Key."},
		fault.Reason{Code: "quantity_out_of_bounds", Status: http.StatusConflict, Title: "Not sold in this quantity", Help: "errors names the products and how many of each one order may have. Change the cart, and check out again with a new Idempotency-Key."},
		fault.Reason{Code: "too_many_unpaid", Status: http.StatusTooManyRequests, Title: "Too much unpaid", Help: "Orders that wait for their payment hold stock, and one buyer, and one network of guests, may hold so much of it. Pay or cancel them, or come back after Retry-After seconds; without that header the cart alone is too large: sign in, or put less into it."},
		fault.Reason{Code: "stock_short", Status: http.StatusConflict, Title: "Not enough stock", Help: "errors lists what is left. Change the cart, and check out again with a new Idempotency-Key."},
		fault.Reason{Code: "product_gone", Status: http.StatusConflict, Title: "No longer sold", Help: "errors lists the products. Take them out of the cart."},
		fault.Reason{Code: "order_not_found", Status: http.StatusNotFound, Title: "No such order", Help: "The order does not exist, or you may not see it."},
		fault.Reason{Code: "order_shared", Status: http.StatusConflict, Title: "Other merchants' lines", Help: "The order has lines of other merchants: refund your own part instead of cancelling it."},
		fault.Reason{Code: "order_not_cancellable", Status: http.StatusConflict, Title: "Too late to cancel", Help: "The order has been refunded."},
	)
}

// Guest is embedded in the input of every operation on a cart or an order (exported, or
// Huma would not look into it): a guest shows the cart's token.
type Guest struct {
	CartToken string `header:"Cart-Token" maxLength:"200" doc:"A guest's secret, as it was answered when the cart was made"`
}

func (g Guest) toVisitor(ctx context.Context) service.Visitor {
	return service.NewVisitor(ctx, g.CartToken)
}
