package service

import (
	"context"

	"app/modules/catalog/catalogevents"
	"app/modules/catalog/internal/store"
	"app/platform/database"
	"app/platform/events"
)

// tellLow emits StockLow for each product whose available units the transaction took
// across its threshold. taken are the units it took; after are the products as they are
// now, read in this transaction after the units were taken: the rows are locked then,
// so exactly one transaction sees the crossing.
func (s *Service) tellLow(ctx context.Context, tx *database.Tx, taken []store.Line, after map[string]Product) error {
	for _, l := range taken {
		p := after[l.ProductID]
		left, threshold := p.Stock.Available(), p.Stock.LowThreshold
		if left > threshold || left+l.Quantity <= threshold {
			continue
		}
		key := events.Key{Aggregate: "product", ID: p.ID, Version: p.Stock.Version}
		err := events.Emit(ctx, tx, key, &catalogevents.StockLow{ProductId: p.ID, MerchantId: p.MerchantID, Sku: p.SKU, Available: left})
		if err != nil {
			return err
		}
	}
	return nil
}
