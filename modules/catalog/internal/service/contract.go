package service

import (
	"context"
	"errors"
	"fmt"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/money/moneyv1"
)

// Products implements catalogv1.CatalogHandler. The answer is in the order of the
// request, each product once.
func (s *Service) Products(ctx context.Context, req *catalogv1.ProductsRequest) (*catalogv1.ProductsResponse, error) {
	wanted := req.GetProductIds()
	if len(wanted) > maxLines {
		return nil, fault.Invalid(fault.Field{Pointer: "/product_ids", Detail: fmt.Sprintf("at most %d at once", maxLines)})
	}
	out := &catalogv1.ProductsResponse{}
	if len(wanted) == 0 {
		return out, nil
	}
	var found map[string]Product
	err := s.db.ReadOne(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		found, err = store.ProductsByID(ctx, q, wanted)
		return err
	})
	for _, id := range wanted {
		if p, ok := found[id]; ok && !p.Archived {
			out.Products = append(out.Products, productToProto(p))
			delete(found, id)
		}
	}
	return out, err
}

// Ensure implements catalogv1.CatalogHandler.
func (s *Service) Ensure(ctx context.Context, req *catalogv1.EnsureRequest) (*catalogv1.EnsureResponse, error) {
	p, err := s.newProduct(ctx, Draft{
		MerchantID: req.GetMerchantId(), Title: req.GetTitle(), Description: req.GetDescription(), SKU: req.GetSku(),
		Price: req.GetPrice().Value(), Stock: req.GetStock(), LowStockThreshold: DefaultLowStock,
	})
	if err != nil {
		return nil, err
	}
	created := true
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		err := s.insertProduct(ctx, tx, p, identity.Caller(ctx))
		if created = !errors.Is(err, store.ErrDuplicate); created {
			return err
		}
		listed, err := store.ProductBySKU(ctx, tx, p.MerchantID, p.SKU)
		if errors.Is(err, store.ErrNotFound) {
			return nil // an earlier run of the same request made it, and its sku was changed since
		}
		p.ID = listed.ID
		return err
	})
	return &catalogv1.EnsureResponse{ProductId: p.ID, Created: created}, err
}

func productToProto(p Product) *catalogv1.Product {
	return &catalogv1.Product{
		Id: p.ID, MerchantId: p.MerchantID, Title: p.Title, Sku: p.SKU, Available: p.Stock.Available(), Price: moneyv1.Of(p.Price),
		MinQuantity: p.MinQuantity, MaxQuantity: p.MaxQuantity,
	}
}
