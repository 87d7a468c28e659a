// Package contract serves what other modules may ask catalog: it turns messages into
// what the subjects of the module know, and back.
package contract

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/hold"
	"app/modules/catalog/internal/product"
	"app/platform/fault"
	"app/platform/money/moneyv1"
)

// Handler serves the contract. It is safe for concurrent use.
type Handler struct {
	products *product.Service
	holds    *hold.Service
}

var _ catalogv1.CatalogHandler = (*Handler)(nil)

// New makes a handler of two services.
func New(products *product.Service, holds *hold.Service) *Handler { return &Handler{products, holds} }

// Products implements catalogv1.CatalogHandler. The answer is in the order of the
// request, each product once.
func (h *Handler) Products(ctx context.Context, req *catalogv1.ProductsRequest) (*catalogv1.ProductsResponse, error) {
	wanted := req.GetProductIds()
	if len(wanted) > hold.MaxLines {
		return nil, fault.Invalid(fault.Field{Pointer: "/product_ids", Detail: fmt.Sprintf("at most %d at once", hold.MaxLines)})
	}
	found, err := h.products.Listed(ctx, wanted)
	if err != nil {
		return nil, err
	}
	out := &catalogv1.ProductsResponse{}
	for _, p := range found {
		out.Products = append(out.Products, product.MessageOf(p))
	}
	return out, nil
}

// Reserve implements catalogv1.CatalogHandler.
func (h *Handler) Reserve(ctx context.Context, req *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
	reservation, err := h.holds.Reserve(ctx, requestOf(req))
	if err != nil {
		return nil, explainRefusal(err)
	}
	out := &catalogv1.ReserveResponse{
		ExpiresAt: timestamppb.New(reservation.ExpiresAt), Products: make([]*catalogv1.Product, len(req.GetLines())),
	}
	for i, l := range req.GetLines() {
		p := reservation.Products[l.GetProductId()]
		p.Price = l.GetExpectedPrice().Value() // the price it is held at, whatever it became since
		out.Products[i] = product.MessageOf(p)
	}
	return out, nil
}

// Release implements catalogv1.CatalogHandler.
func (h *Handler) Release(ctx context.Context, req *catalogv1.ReleaseRequest) (*catalogv1.ReleaseResponse, error) {
	return &catalogv1.ReleaseResponse{}, h.holds.Release(ctx, req.GetOrderId())
}

// Ensure implements catalogv1.CatalogHandler.
func (h *Handler) Ensure(ctx context.Context, req *catalogv1.EnsureRequest) (*catalogv1.EnsureResponse, error) {
	id, created, err := h.products.Ensure(ctx, product.Draft{
		MerchantID: req.GetMerchantId(), Title: req.GetTitle(), Description: req.GetDescription(), SKU: req.GetSku(),
		Price: req.GetPrice().Value(), Stock: req.GetStock(), LowStockThreshold: product.DefaultLowStock,
	})
	if err != nil {
		return nil, err
	}
	return &catalogv1.EnsureResponse{ProductId: id, Created: created}, nil
}

func requestOf(req *catalogv1.ReserveRequest) hold.Request {
	out := hold.Request{OrderID: req.GetOrderId(), Replaces: req.GetReplacesOrderId(), Lines: make([]hold.Line, len(req.GetLines()))}
	if b := req.GetBuyer(); b != nil {
		out.Buyer = &hold.Buyer{AccountID: b.GetAccountId(), Mark: b.GetMark(), Network: b.GetNetwork()}
	}
	for i, l := range req.GetLines() {
		out.Lines[i] = hold.Line{ProductID: l.GetProductId(), Quantity: l.GetQuantity(), Price: l.GetExpectedPrice().Value()}
	}
	return out
}

// explainRefusal gives a hold.RefusedError its reason and its details; every other error
// stays as it is.
func explainRefusal(err error) error {
	var refused *hold.RefusedError
	switch {
	case !errors.As(err, &refused):
		return err
	case len(refused.Gone) > 0:
		return catalogv1.ProductGone.New().With(&catalogv1.Gone{ProductIds: refused.Gone})
	case len(refused.Repriced) > 0:
		return catalogv1.PriceChanged.New().With(priceChangeOf(refused.Repriced))
	case len(refused.OutOfBounds) > 0:
		return catalogv1.QuantityRefused.New().With(quantitiesOf(refused.OutOfBounds))
	default:
		return catalogv1.StockShort.New().With(shortageOf(refused.Short))
	}
}

func priceChangeOf(changed []hold.Repriced) *catalogv1.PriceChange {
	out := &catalogv1.PriceChange{}
	for _, r := range changed {
		out.Lines = append(out.Lines, &catalogv1.NewPrice{
			ProductId: r.ProductID, Expected: moneyv1.Of(r.Expected), Current: moneyv1.Of(r.Current),
		})
	}
	return out
}

func quantitiesOf(refused []hold.OutOfBounds) *catalogv1.Quantities {
	out := &catalogv1.Quantities{}
	for _, b := range refused {
		out.Lines = append(out.Lines, &catalogv1.Bounds{
			ProductId: b.ProductID, Requested: b.Requested, MinQuantity: b.MinQuantity, MaxQuantity: b.MaxQuantity,
		})
	}
	return out
}

func shortageOf(short []hold.Shortage) *catalogv1.Shortage {
	out := &catalogv1.Shortage{}
	for _, s := range short {
		out.Lines = append(out.Lines, &catalogv1.Short{
			ProductId: s.ProductID, Requested: s.Requested, Available: s.Available, Guests: s.Guests,
		})
	}
	return out
}
