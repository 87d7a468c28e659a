package service_test

import (
	"testing"

	"app/modules/catalog/internal/service"
	"app/platform/callctx"
)

// A crash between an effect and the storing of its reply makes the same request run
// again under the same key.
func TestRepeatedRequestsMeetTheirFirstEffect(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		ctx := callctx.WithIdempotency(s.manager(), callctx.Idempotency{Key: "k", At: start})
		draft := service.Draft{MerchantID: merchant, Title: "Chair", SKU: "CH-1", Price: euro, Stock: 7, LowStockThreshold: 2}
		ids := make([]string, 6)
		s.must(together(len(ids), func(i int) error {
			p, err := s.Create(ctx, draft)
			ids[i] = p.ID
			return err
		})...)
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("one request made the products %v", ids)
				break
			}
		}
		version := s.version(ids[0])
		s.must(together(6, func(int) error {
			_, err := s.Correct(ctx, service.Correction{ProductID: ids[0], Delta: 3, Reason: "delivery", Match: version})
			return err
		})...)
		s.wantStock(ids[0], count{OnHand: 10})
	})
}

// version is an If-Match for the stock as it is now.
func (s *shop) version(product string) service.Match {
	s.t.Helper()
	stock, err := s.Stock(s.manager(), product)
	s.must(err)
	return func(version int64) error {
		if version != stock.Version {
			return errStale
		}
		return nil
	}
}
