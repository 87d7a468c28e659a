package product_test

import (
	"testing"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/stock"
	"app/platform/callctx"
)

// A crash between an effect and the storing of its reply makes the same request run
// again under the same key.
func TestRepeatedRequestsMeetTheirFirstEffect(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		ctx := callctx.WithIdempotency(s.Manager(), callctx.Idempotency{Key: "k", At: catalogtest.Start})
		draft := product.Draft{MerchantID: catalogtest.Merchant, Title: "Chair", SKU: "CH-1", Price: catalogtest.Euro, Stock: 7, LowStockThreshold: 2}
		ids := make([]string, 6)
		s.Must(catalogtest.Together(len(ids), func(i int) error {
			p, err := s.Products.Create(ctx, draft)
			ids[i] = p.ID
			return err
		})...)
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("one request made the products %v", ids)
				break
			}
		}
		version := s.StockVersion(ids[0])
		s.Must(catalogtest.Together(6, func(int) error {
			_, err := s.Stock.Correct(ctx, stock.Correction{ProductID: ids[0], Delta: 3, Reason: "delivery", Match: version})
			return err
		})...)
		s.WantStock(ids[0], catalogtest.Count{OnHand: 10})
	})
}
