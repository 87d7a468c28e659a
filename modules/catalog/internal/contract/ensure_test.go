package contract_test

import (
	"context"
	"testing"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/catalogtest"
	"app/platform/identity"
	"app/platform/money/moneyv1"
)

func TestEnsure(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		ctx := identity.WithCaller(t.Context(), "seed")
		ensure := func(ctx context.Context, title string) *catalogv1.EnsureResponse {
			out, err := s.Contract.Ensure(ctx, &catalogv1.EnsureRequest{MerchantId: catalogtest.Merchant, Sku: "A-1", Title: title, Stock: 4,
				Price: &moneyv1.Money{Amount: 100, Currency: "EUR"}})
			s.Must(err)
			return out
		}
		first, second := ensure(ctx, "Lamp"), ensure(ctx, "Another lamp")
		if !first.GetCreated() || second.GetCreated() || first.GetProductId() != second.GetProductId() {
			t.Errorf("first %v, then %v", first, second)
		}
		p, err := s.Products.ByID(ctx, first.GetProductId())
		if err != nil || p.Title != "Lamp" {
			t.Errorf("%+v, %v", p, err)
		}
		s.WantStock(first.GetProductId(), catalogtest.Count{OnHand: 4})
	})
}
