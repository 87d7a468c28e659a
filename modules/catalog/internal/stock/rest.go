package stock

import (
	"context"
	"net/http"

	"app/platform/operation"
)

// Handlers serve the operations.
type Handlers struct{ service *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

var tags = []string{"Products"}

// Register declares the operations. The handlers lie at the address by the time that a
// request comes.
func Register(api *operation.API, at **Handlers) {
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/products/{id}/stock", ID: "get-stock", Summary: "Read a product's stock", Tags: tags,
		Description: "Any member of the merchant may.",
		Access:      operation.Member, Scope: "catalog:read", Rate: operation.RateDefault, Errors: []int{404},
	}, operation.On(at, (*Handlers).getStock))
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/products/{id}/stock", ID: "correct-stock", Summary: "Add or take away units", Tags: tags,
		Description: "A manager of the merchant may. The movement is kept for ever. Units that are held or sold cannot be taken away. With If-Match, the ETag of the stock, nothing happens if it has changed since.",
		Access:      operation.Member, Scope: "catalog:write", Rate: operation.RateDefault, Errors: []int{403, 404, 409, 412},
	}, operation.On(at, (*Handlers).correctStock))
}

// Body is the stock of a product as its merchant sees it: on_hand = available + held +
// sold.
type Body = stock

// stock has the name of its schema in the public document: clients are generated from
// it.
type stock struct {
	ProductID         string `json:"product_id"`
	OnHand            int64  `json:"on_hand" doc:"All units received, less corrections"`
	Held              int64  `json:"held" doc:"Units set aside for orders that wait for their payment"`
	Sold              int64  `json:"sold" doc:"Units paid for"`
	Available         int64  `json:"available" doc:"Units that can be bought now"`
	LowStockThreshold int64  `json:"low_stock_threshold" doc:"Available units at which the merchant is told"`
	Version           int64  `json:"version" doc:"Changes with each of the above"`
}

func newBody(s Stock) stock {
	return stock{
		ProductID: s.ProductID, OnHand: s.OnHand, Held: s.Held, Sold: s.Sold, Available: s.Available(),
		LowStockThreshold: s.LowThreshold, Version: s.Version,
	}
}

type levelsReply struct {
	operation.Tagged
	Body stock
}

func replyWith(s Stock, err error) (*levelsReply, error) {
	if err != nil {
		return nil, err
	}
	return &levelsReply{operation.Tagged{ETag: operation.ETag(s.Version)}, newBody(s)}, nil
}

type getInput struct {
	ID string `path:"id"`
}

func (h *Handlers) getStock(ctx context.Context, in *getInput) (*levelsReply, error) {
	return replyWith(h.service.ByProduct(ctx, in.ID))
}

type correctInput struct {
	ID string `path:"id"`
	operation.Conditional
	Body struct {
		Delta  int64  `json:"delta" minimum:"-1000000000" maximum:"1000000000" doc:"Units to add, or to take away when negative; not 0"`
		Reason string `json:"reason" minLength:"1" maxLength:"200" example:"counted again" doc:"For the journal"`
	}
}

func (h *Handlers) correctStock(ctx context.Context, in *correctInput) (*levelsReply, error) {
	c := Correction{ProductID: in.ID, Delta: in.Body.Delta, Reason: in.Body.Reason}
	if in.IfMatch != "" {
		c.Match = in.Match
	}
	return replyWith(h.service.Correct(ctx, c))
}
