package contract_test

import (
	"context"
	"testing"

	"app/modules/merchants/internal/merchantstest"
	"app/modules/merchants/merchantsv1"
)

func TestEnsureIsIdempotent(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		s.Merchants.AutoApprove = false
		request := &merchantsv1.EnsureRequest{Slug: "lamp-lane", Name: "Lamp Lane", OwnerId: "usr_ada"}
		first, err := s.Contract.Ensure(context.Background(), request)
		if err != nil || !first.GetCreated() {
			t.Fatalf("%v, %v", first, err)
		}
		again, err := s.Contract.Ensure(context.Background(), request)
		if err != nil || again.GetCreated() || again.GetMerchantId() != first.GetMerchantId() {
			t.Errorf("%v, %v", again, err)
		}
	})
}
