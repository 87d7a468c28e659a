package service_test

import (
	"context"
	"testing"

	"app/modules/payments/internal/service"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/money"
)

func apiKey(merchant string, scopes ...identity.Scope) service.Visitor {
	return service.Visitor{Principal: identity.Principal{Method: identity.APIKey, KeyID: "key_1", Merchant: merchant, Scopes: scopes}}
}

// An API key sees its merchant's share, gives back of it with the scope for that, and
// sees nothing of any other merchant's.
func TestAPIKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		ctx := context.Background()
		id := s.captured().GetPaymentId()
		in := service.RefundRequest{PaymentID: id, Amount: &money.Money{Amount: 400, Currency: "EUR"}, Reason: "broken"}
		reads := apiKey(merchantA, identity.PaymentsRead)
		_, err := s.Payment(ctx, reads, id)
		s.must(err)
		_, err = s.RequestRefund(ctx, reads, in)
		wantReason(t, err, fault.PermissionDenied, "role_too_low")
		for _, stranger := range []service.Visitor{
			apiKey("mrc_other", identity.PaymentsRead, identity.PaymentsRefund), apiKey(merchantA, identity.OrdersRead),
		} {
			_, err = s.Payment(ctx, stranger, id)
			wantReason(t, err, fault.NotFound, "payment_not_found")
			_, err = s.RequestRefund(ctx, stranger, in)
			wantReason(t, err, fault.NotFound, "payment_not_found")
		}
		r, err := s.RequestRefund(ctx, apiKey(merchantA, identity.PaymentsRefund), in)
		s.must(err)
		if r.MerchantID != merchantA || r.Amount != 400 {
			t.Errorf("%+v", r)
		}
	})
}
