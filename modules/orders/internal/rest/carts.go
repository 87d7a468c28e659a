package rest

import (
	"context"
	"net/http"
	"time"

	"app/modules/orders/internal/service"
	"app/modules/orders/internal/store"
	"app/platform/callctx"
	"app/platform/money"
	"app/platform/operation"
)

var cartTags = []string{"Carts"}

func registerCarts(api *operation.API, s func() *service.Service) {
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/carts", ID: "create-cart", Summary: "Make a cart", Tags: cartTags,
		Description: "A signed-in buyer's cart belongs to the account. A guest's cart has a token, answered once: send it as Cart-Token from then on.",
		Access:      operation.Optional, Rate: operation.RateDefault, Status: http.StatusCreated,
	}, func(ctx context.Context, in *struct{ Guest }) (*createdCart, error) {
		cart, token, err := s().CreateCart(ctx, in.toVisitor(ctx))
		if err != nil {
			return nil, err
		}
		out, err := renderCart(s(), cart)
		if err != nil {
			return nil, err
		}
		out.Body.Token = token
		return &createdCart{Location: "/v1/carts/" + cart.ID, Tagged: out.Tagged, Body: out.Body}, nil
	})
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/carts/{id}", ID: "get-cart", Summary: "Read a cart", Tags: cartTags,
		Access: operation.Optional, Rate: operation.RateDefault, Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *CartInput) (*cartOutput, error) {
		cart, err := s().Cart(ctx, in.toVisitor(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return renderCart(s(), cart)
	})
	registerLines(api, s)
	registerCheckout(api, s)
}

func registerLines(api *operation.API, s func() *service.Service) {
	operation.Register(api, operation.Operation{
		Method: http.MethodPut, Path: "/v1/carts/{id}/lines/{product_id}", ID: "put-cart-line", Summary: "Set the quantity of a product", Tags: cartTags,
		Description: "Quantity 0 takes the product out. The price is the one of this moment; checkout compares it.",
		Access:      operation.Optional, Rate: operation.RateDefault, Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
	}, func(ctx context.Context, in *putLineInput) (*cartOutput, error) {
		cart, err := s().EditLine(ctx, in.toVisitor(ctx), in.toEdit(in.Body.Quantity))
		if err != nil {
			return nil, err
		}
		return renderCart(s(), cart)
	})
	operation.Register(api, operation.Operation{
		Method: http.MethodDelete, Path: "/v1/carts/{id}/lines/{product_id}", ID: "delete-cart-line", Summary: "Take a product out", Tags: cartTags,
		Access: operation.Optional, Rate: operation.RateDefault, Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
	}, func(ctx context.Context, in *LineInput) (*cartOutput, error) {
		cart, err := s().EditLine(ctx, in.toVisitor(ctx), in.toEdit(0))
		if err != nil {
			return nil, err
		}
		return renderCart(s(), cart)
	})
}

func registerCheckout(api *operation.API, s func() *service.Service) {
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/carts/{id}/checkout", ID: "checkout-cart", Summary: "Turn a cart into an order", Tags: cartTags,
		Description: "Holds the stock, makes the order and asks for the payment. Repeated with the same Idempotency-Key it answers the same order. " +
			"The order may still be waiting for its payment: read it until its status says more.",
		Access: operation.Optional, Rate: operation.RateCostly, Idempotency: operation.KeyRequired, Status: http.StatusCreated,
		Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, func(ctx context.Context, in *checkoutInput) (*createdOrder, error) {
		key, _ := callctx.IdempotencyOf(ctx)
		order, err := s().Checkout(ctx, in.toVisitor(ctx), service.Checkout{
			CartID: in.ID, Email: in.Body.Email, Method: in.Body.PaymentMethod, Key: key.Key,
		})
		if err != nil {
			return nil, err
		}
		return &createdOrder{Location: "/v1/orders/" + order.ID, Body: renderOrder(service.View{Order: order})}, nil
	})
}

// CartInput names a cart.
type CartInput struct {
	Guest
	ID string `path:"id" maxLength:"64" example:"crt_01kan4v6e8fx2s1gq0vj5t3x7c"`
}

// LineInput names a line of a cart.
type LineInput struct {
	CartInput
	operation.Conditional
	ProductID string `path:"product_id" maxLength:"64" example:"prd_01kan4v6e8fx2s1gq0vj5t3x7c"`
}

func (in LineInput) toEdit(quantity int64) service.Edit {
	return service.Edit{CartID: in.ID, ProductID: in.ProductID, Quantity: quantity, Match: in.Match}
}

type putLineInput struct {
	LineInput
	Body struct {
		Quantity int64 `json:"quantity" minimum:"0" maximum:"10000" example:"2"`
	}
}

type checkoutInput struct {
	CartInput
	Body struct {
		Email         string `json:"email" minLength:"3" maxLength:"254" example:"ada@example.com" doc:"Where the receipt goes"`
		PaymentMethod string `json:"payment_method" minLength:"1" maxLength:"64" example:"test_ok"`
	}
}

type cartOutput struct {
	operation.Tagged
	Body cart
}

type createdCart struct {
	operation.Tagged
	Location string `header:"Location"`
	Body     cart
}

// cart is a cart on the wire.
type cart struct {
	ID        string          `json:"id"`
	Token     string          `json:"token,omitempty" doc:"A guest's secret, answered when the cart is made and never again"`
	State     store.CartState `json:"state" enum:"open,ordered"`
	OrderID   string          `json:"order_id,omitempty" doc:"The order that an ordered cart became"`
	Lines     []cartLine      `json:"lines"`
	Total     money.Money     `json:"total" doc:"At the prices shown; checkout compares them with those of that moment"`
	CreatedAt time.Time       `json:"created_at"`
	UpdatedAt time.Time       `json:"updated_at"`
}

type cartLine struct {
	ProductID  string      `json:"product_id"`
	MerchantID string      `json:"merchant_id"`
	Title      string      `json:"title"`
	Quantity   int64       `json:"quantity"`
	Price      money.Money `json:"price"`
	Total      money.Money `json:"total"`
	SoldIn     string      `json:"sold_in,omitempty" example:"USD" doc:"The currency the product is sold in by now, where it is not the cart's: take the line out, or the other ones"`
}

func renderCart(s *service.Service, c store.Cart) (*cartOutput, error) {
	total, err := s.CartTotal(c)
	if err != nil {
		return nil, err
	}
	out := cart{ID: c.ID, State: c.State, Lines: make([]cartLine, len(c.Lines)), Total: total, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
	if c.State == store.CartOrdered {
		out.OrderID = c.OrderID
	}
	for i, l := range c.Lines {
		sum, err := l.Price.Times(l.Quantity)
		if err != nil {
			return nil, err //nolint:wrapcheck // CartTotal would have failed before
		}
		out.Lines[i] = cartLine{ProductID: l.ProductID, MerchantID: l.MerchantID, Title: l.Title, Quantity: l.Quantity, Price: l.Price, Total: sum, SoldIn: l.SoldIn}
	}
	return &cartOutput{Tagged: operation.Tagged{ETag: operation.ETag(c.Version)}, Body: out}, nil
}
