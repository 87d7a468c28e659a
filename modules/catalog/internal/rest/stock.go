package rest

import (
	"context"

	"app/modules/catalog/internal/service"
	"app/platform/operation"
)

// Stock is the stock of a product as its merchant sees it: on_hand = available + held +
// sold.
type Stock struct {
	ProductID         string `json:"product_id"`
	OnHand            int64  `json:"on_hand" doc:"All units received, less corrections"`
	Held              int64  `json:"held" doc:"Units set aside for orders that wait for their payment"`
	Sold              int64  `json:"sold" doc:"Units paid for"`
	Available         int64  `json:"available" doc:"Units that can be bought now"`
	LowStockThreshold int64  `json:"low_stock_threshold" doc:"Available units at which the merchant is told"`
	Version           int64  `json:"version" doc:"Changes with each of the above"`
}

type stockOutput struct {
	operation.Tagged
	Body Stock
}

func stockReply(s service.Stock) *stockOutput {
	return &stockOutput{operation.Tagged{ETag: operation.ETag(s.Version)}, Stock{
		ProductID: s.ProductID, OnHand: s.OnHand, Held: s.Held, Sold: s.Sold, Available: s.Available(),
		LowStockThreshold: s.LowThreshold, Version: s.Version,
	}}
}

func (h handlers) getStock(ctx context.Context, in *idInput) (*stockOutput, error) {
	s, err := h.service().Stock(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return stockReply(s), nil
}

type correctInput struct {
	ID string `path:"id"`
	operation.Conditional
	Body struct {
		Delta  int64  `json:"delta" minimum:"-1000000000" maximum:"1000000000" doc:"Units to add, or to take away when negative; not 0"`
		Reason string `json:"reason" minLength:"1" maxLength:"200" example:"counted again" doc:"For the journal"`
	}
}

func (h handlers) correctStock(ctx context.Context, in *correctInput) (*stockOutput, error) {
	c := service.Correction{ProductID: in.ID, Delta: in.Body.Delta, Reason: in.Body.Reason}
	if in.IfMatch != "" {
		c.Match = in.Match
	}
	s, err := h.service().Correct(ctx, c)
	if err != nil {
		return nil, err
	}
	return stockReply(s), nil
}
