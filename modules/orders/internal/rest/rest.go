// Package rest publishes carts and orders: each handler parses, calls the service and
// renders.
package rest

import (
	"context"

	"app/modules/orders/internal/reason"
	"app/modules/orders/internal/service"
	"app/platform/operation"
)

// Register declares the operations. The service is asked for when a request comes, not
// before.
func Register(api *operation.API, s func() *service.Service) {
	registerCarts(api, s)
	registerOrders(api, s)
	api.Problems(reason.All()...)
}

// Guest is embedded in the input of every operation on a cart or an order (exported, or
// Huma would not look into it): a guest shows the cart's token.
type Guest struct {
	CartToken string `header:"Cart-Token" maxLength:"200" doc:"A guest's secret, as it was answered when the cart was made"`
}

func (g Guest) toVisitor(ctx context.Context) service.Visitor {
	return service.NewVisitor(ctx, g.CartToken)
}
