package cart

import (
	"context"
	"net/http"
	"time"

	"app/modules/orders/internal/caller"
	"app/platform/money"
	"app/platform/operation"
)

var tags = []string{"Carts"}

// Handlers answer the operations on carts.
type Handlers struct{ Carts *Service }

// Register declares the operations on carts. at is where their handlers lie once the
// module is open.
func Register(api *operation.API, at *Handlers) {
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/carts", ID: "create-cart", Summary: "Make a cart", Tags: tags,
		Description: "A signed-in buyer's cart belongs to the account. " +
			"A guest's cart has a token, answered once: send it as Cart-Token from then on.",
		Access: operation.Optional, Rate: operation.RateDefault, Status: http.StatusCreated,
	}, operation.On(at, Handlers.createCart))
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/carts/{id}", ID: "get-cart", Summary: "Read a cart", Tags: tags,
		Access: operation.Optional, Rate: operation.RateDefault, Errors: []int{http.StatusNotFound},
	}, operation.On(at, Handlers.getCart))
	operation.Register(api, operation.Operation{
		Method: http.MethodPut, Path: "/v1/carts/{id}/lines/{product_id}", ID: "put-cart-line",
		Summary: "Set the quantity of a product", Tags: tags,
		Description: "Quantity 0 takes the product out. The price is the one of this moment; checkout compares it.",
		Access:      operation.Optional, Rate: operation.RateDefault,
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
	}, operation.On(at, Handlers.putLine))
	operation.Register(api, operation.Operation{
		Method: http.MethodDelete, Path: "/v1/carts/{id}/lines/{product_id}", ID: "delete-cart-line", Summary: "Take a product out", Tags: tags,
		Access: operation.Optional, Rate: operation.RateDefault, Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
	}, operation.On(at, Handlers.deleteLine))
}

func (h Handlers) createCart(ctx context.Context, in *struct{ caller.Input }) (*createdCart, error) {
	made, token, err := h.Carts.Create(ctx, in.Caller(ctx))
	if err != nil {
		return nil, err
	}
	out, err := h.renderCart(made)
	if err != nil {
		return nil, err
	}
	out.Body.Token = token
	return &createdCart{Location: "/v1/carts/" + made.ID, Tagged: out.Tagged, Body: out.Body}, nil
}

func (h Handlers) getCart(ctx context.Context, in *Input) (*cartOutput, error) {
	read, err := h.Carts.Get(ctx, in.Caller(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return h.renderCart(read)
}

func (h Handlers) putLine(ctx context.Context, in *putLineInput) (*cartOutput, error) {
	return h.editLine(ctx, in.LineInput, in.Body.Quantity)
}

func (h Handlers) deleteLine(ctx context.Context, in *LineInput) (*cartOutput, error) {
	return h.editLine(ctx, *in, 0)
}

func (h Handlers) editLine(ctx context.Context, in LineInput, quantity int64) (*cartOutput, error) {
	edited, err := h.Carts.EditLine(ctx, in.Caller(ctx), Edit{
		CartID: in.ID, ProductID: in.ProductID, Quantity: quantity, Match: in.Match,
	})
	if err != nil {
		return nil, err
	}
	return h.renderCart(edited)
}

func (h Handlers) renderCart(c Cart) (*cartOutput, error) {
	total, err := h.Carts.Total(c)
	if err != nil {
		return nil, err
	}
	body, err := cartOf(c, total)
	return &cartOutput{Tagged: operation.Tagged{ETag: operation.ETag(c.Version)}, Body: body}, err
}

// Input names a cart.
type Input struct {
	caller.Input
	ID string `path:"id" maxLength:"64" example:"crt_01kan4v6e8fx2s1gq0vj5t3x7c"`
}

// LineInput names a line of a cart.
type LineInput struct {
	Input
	operation.Conditional
	ProductID string `path:"product_id" maxLength:"64" example:"prd_01kan4v6e8fx2s1gq0vj5t3x7c"`
}

type putLineInput struct {
	LineInput
	Body struct {
		Quantity int64 `json:"quantity" minimum:"0" maximum:"10000" example:"2"`
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

// cart is a Cart on the wire. Its name is that of the schema in the OpenAPI document.
type cart struct {
	ID        string      `json:"id"`
	Token     string      `json:"token,omitempty" doc:"A guest's secret, answered when the cart is made and never again"`
	State     State       `json:"state" enum:"open,ordered"`
	OrderID   string      `json:"order_id,omitempty" doc:"The order that an ordered cart became"`
	Lines     []cartLine  `json:"lines"`
	Total     money.Money `json:"total" doc:"At the prices shown; checkout compares them with those of that moment"`
	CreatedAt time.Time   `json:"created_at"`
	UpdatedAt time.Time   `json:"updated_at"`
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

// cartOf is the cart on the wire, but for the token. An order id is shown once it is
// that of an order.
func cartOf(c Cart, total money.Money) (cart, error) {
	out := cart{ID: c.ID, State: c.State, Lines: make([]cartLine, len(c.Lines)), Total: total, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
	if c.State == Ordered {
		out.OrderID = c.OrderID
	}
	for i, l := range c.Lines {
		sum, err := l.Price.Times(l.Quantity)
		if err != nil {
			return cart{}, err
		}
		out.Lines[i] = cartLine{
			ProductID: l.ProductID, MerchantID: l.MerchantID, Title: l.Title, Quantity: l.Quantity,
			Price: l.Price, Total: sum, SoldIn: l.SoldIn,
		}
	}
	return out, nil
}
