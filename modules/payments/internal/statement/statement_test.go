package statement_test

import (
	"context"
	"testing"

	"app/modules/merchants/merchantsv1"
	"app/modules/payments/internal/payment"
	"app/modules/payments/internal/paymentstest"
	"app/modules/payments/internal/refund"
	"app/modules/payments/paymentsv1"
	"app/platform/fault"
)

func TestViews(t *testing.T) {
	t.Parallel()
	s := paymentstest.NewTill(t)
	ctx := context.Background()
	s.Merchants[paymentstest.MerchantA+"/usr_ann"] = merchantsv1.Role_ROLE_VIEWER
	s.Merchants[paymentstest.MerchantB+"/usr_bob"] = merchantsv1.Role_ROLE_MANAGER
	r := s.Captured()
	_, err := s.Refunds.Request(ctx, paymentstest.User("usr_bob"), refund.Request{PaymentID: r.GetPaymentId(), Reason: "broken"})
	s.Must(err)
	s.Work()
	for who, want := range map[string]struct{ amount, refunded, refunds int64 }{
		"usr_ada": {1990, 500, 1}, "usr_ann": {1490, 0, 0}, "usr_bob": {500, 500, 1},
	} {
		got, err := s.Statements.Of(ctx, paymentstest.User(who), r.GetPaymentId())
		s.Must(err)
		if got.Amount.Amount != want.amount || got.Refunded.Amount != want.refunded || int64(len(got.Refunds)) != want.refunds {
			t.Errorf("%s sees %s with %s refunded by %d refunds", who, got.Amount, got.Refunded, len(got.Refunds))
		}
	}
	guest := s.Request("ok")
	guest.BuyerId, guest.GuestTokenHash = "", "3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0" // of "token"
	s.Start(guest)
	_, err = s.Statements.Of(ctx, payment.NewCaller(ctx, "token"), guest.GetPaymentId())
	s.Must(err)
	_, err = s.Statements.Of(ctx, payment.NewCaller(ctx, "another"), guest.GetPaymentId())
	paymentstest.WantReason(t, err, fault.NotFound, "payment_not_found")
}

func TestFailure18_AnothersPaymentsAreNotFound(t *testing.T) {
	t.Parallel()
	s := paymentstest.NewTill(t)
	ctx := context.Background()
	r := s.Captured()
	s.Merchants["mrc_other/usr_eve"] = merchantsv1.Role_ROLE_OWNER
	for name, v := range map[string]payment.Caller{"member of another merchant": paymentstest.User("usr_eve"), "nobody": {}, "a guest": payment.NewCaller(ctx, "token")} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Statements.Of(ctx, v, r.GetPaymentId())
			paymentstest.WantReason(t, err, fault.NotFound, "payment_not_found")
			_, err = s.Refunds.Request(ctx, v, refund.Request{PaymentID: r.GetPaymentId(), Reason: "mine"})
			paymentstest.WantReason(t, err, fault.NotFound, "payment_not_found")
		})
	}
	s.Work()
	s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 0)
}

// wantSeen checks what a user reads of a payment.
func wantSeen(s *paymentstest.Till, r *paymentsv1.StartRequest, who string, status payment.Status, amount, refunded int64, refunds int) {
	s.T.Helper()
	v, err := s.Statements.Of(context.Background(), paymentstest.User(who), r.GetPaymentId())
	s.Must(err)
	if v.Status != status || v.Amount.Amount != amount || v.Refunded.Amount != refunded || len(v.Refunds) != refunds {
		s.T.Errorf("%s sees %s, %d of %d refunded in %d, want %s, %d of %d in %d", who,
			v.Status, v.Refunded.Amount, v.Amount.Amount, len(v.Refunds), status, refunded, amount, refunds)
	}
}

func TestFault11_MerchantsSeeTheirShareOfAPayment(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		ask := paymentstest.Refunder(s)
		t.Run("one's own share is refunded with it", func(t *testing.T) {
			r := s.Captured()
			_, err := ask("usr_ann", r, nil, "")
			s.Must(err)
			s.Work()
			wantSeen(s, r, "usr_ann", payment.Refunded, 1490, 1490, 1)
			wantSeen(s, r, "usr_bob", payment.Succeeded, 500, 0, 0)
			wantSeen(s, r, "usr_ada", payment.Succeeded, 1990, 1490, 1)
		})
		t.Run("another's refund changes nothing", func(t *testing.T) {
			r := s.Captured()
			_, err := ask("usr_bob", r, nil, "")
			s.Must(err)
			s.Work()
			wantSeen(s, r, "usr_ann", payment.Succeeded, 1490, 0, 0)
		})
		t.Run("the shop gives all back", func(t *testing.T) {
			r := s.Captured()
			_, err := ask("usr_root", r, paymentstest.Cents(100), "")
			s.Must(err)
			s.Work()
			wantSeen(s, r, "usr_ann", payment.Succeeded, 1490, 0, 0)
			s.Must(s.Cancel(r))
			s.Work()
			wantSeen(s, r, "usr_ann", payment.Refunded, 1490, 1490, 0)
			wantSeen(s, r, "usr_bob", payment.Refunded, 500, 500, 0)
		})
	})
}
