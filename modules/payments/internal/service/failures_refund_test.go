package service_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"app/modules/merchants/merchantsv1"
	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/service"
	"app/modules/payments/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/money"
)

func TestFailure13_DoubleClickOnRefund(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		s.merchants[merchantA+"/usr_ann"] = merchantsv1.Role_ROLE_MANAGER
		t.Run("the same request", func(t *testing.T) {
			r := s.captured()
			in := service.RefundRequest{PaymentID: r.GetPaymentId(), Amount: &money.Money{Amount: 400, Currency: "EUR"}, Reason: "broken"}
			s.must(together(8, func(int) error {
				_, err := s.RequestRefund(keyed("one click "+r.GetPaymentId(), s.clock.Now()), user("usr_ann"), in)
				return err
			})...)
			s.work()
			s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 400)
			s.wantTold(r.GetPaymentId(), givenBack)
		})
		t.Run("two requests for all of it", func(t *testing.T) {
			r := s.captured()
			refused := 0
			for _, err := range together(8, func(int) error {
				_, err := s.RequestRefund(context.Background(), root, service.RefundRequest{PaymentID: r.GetPaymentId(), Reason: "gone"})
				return err
			}) {
				if err != nil {
					wantReason(t, err, fault.FailedPrecondition, "refund_exceeds_capture")
					refused++
				}
			}
			s.work()
			if refused != 7 {
				t.Errorf("%d of 8 were refused", refused)
			}
			s.wantMoney(r.GetPaymentId(), store.Refunded, 1990, 1990)
		})
		t.Run("many parts at once never exceed the share", func(t *testing.T) {
			r := s.captured()
			_ = together(8, func(int) error {
				_, err := s.RequestRefund(context.Background(), user("usr_ann"), service.RefundRequest{
					PaymentID: r.GetPaymentId(), Amount: &money.Money{Amount: 400, Currency: "EUR"}, Reason: "broken",
				})
				return err
			})
			s.work()
			s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 1200)
		})
		t.Run("many parts of the whole at once are refused beyond it", func(t *testing.T) {
			r := s.captured()
			for _, err := range together(8, func(int) error {
				_, err := s.RequestRefund(context.Background(), root, service.RefundRequest{
					PaymentID: r.GetPaymentId(), Amount: &money.Money{Amount: 400, Currency: "EUR"}, Reason: "broken",
				})
				return err
			}) {
				if err != nil {
					wantReason(t, err, fault.FailedPrecondition, "refund_exceeds_capture")
				}
			}
			s.work()
			s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 1600)
		})
		t.Run("while the order is cancelled", func(t *testing.T) {
			r := s.captured()
			_ = together(6, func(i int) error {
				if i%2 == 0 {
					return s.cancelled(r)
				}
				_, err := s.RequestRefund(context.Background(), root, service.RefundRequest{PaymentID: r.GetPaymentId(), Reason: "gone"})
				return err
			})
			s.work()
			s.wantMoney(r.GetPaymentId(), store.Refunded, 1990, 1990)
		})
	})
}

func TestFailure13_TwoProcessesAskOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		var asked atomic.Int64
		s.company.refundFn = func(r provider.RefundRequest) error {
			asked.Add(1)
			return s.company.refund(r)
		}
		for range 5 {
			s.must(s.cancelled(s.captured()))
		}
		twin := s.twin()
		s.must(together(4, func(i int) error {
			_, err := []*service.Service{s.Service, twin}[i%2].SendRefunds(context.Background())
			return err
		})...)
		if n := asked.Load(); n != 5 {
			t.Errorf("asked %d times for 5 refunds", n)
		}
	})
}

// The answer of a refund is lost: it is asked for again under the same key.
func TestFailure13_LostAnswerOfARefund(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		r := s.captured()
		s.must(s.cancelled(r))
		s.company.refundFn = func(ask provider.RefundRequest) error {
			s.company.refundFn = nil
			s.must(s.company.refund(ask))
			return errLost
		}
		s.work()
		if p := s.payment(r.GetPaymentId()); p.Status != store.Succeeded || p.Refunds[0].State != store.RefundUnknown {
			t.Errorf("payment is %s, refund %s", p.Status, p.Refunds[0].State)
		}
		s.clock.advance(time.Minute)
		s.work()
		s.wantMoney(r.GetPaymentId(), store.Refunded, 1990, 1990)
		s.wantTold(r.GetPaymentId(), givenBack)
	})
}

// The event is kept before it is acknowledged: whoever starts after the crash processes
// it.
func TestFailure15_AcknowledgedThenCrashed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		r := s.request("pending")
		s.start(r)
		s.must(s.webhook(s.company.capture(r.GetPaymentId(), 1990)))
		if p := s.payment(r.GetPaymentId()); p.Status != store.Pending {
			t.Fatalf("payment is %s before anybody processed the event", p.Status)
		}
		after := s.twin()
		_, err := after.ProcessWebhooks(context.Background())
		s.must(err)
		s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 0)
	})
}

// What could not be kept is not acknowledged: the provider sends it again.
func TestFailure15_NotKeptIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	s := newTill(t)
	r := s.request("pending")
	s.start(r)
	news := s.company.capture(r.GetPaymentId(), 1990)
	s.must(s.db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, `ALTER TABLE payments_webhooks RENAME TO payments_elsewhere`)
		return err
	}))
	if err := s.webhook(news); err == nil {
		t.Error("acknowledged, though it was kept nowhere")
	}
	s.must(s.db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, `ALTER TABLE payments_elsewhere RENAME TO payments_webhooks`)
		return err
	}))
	s.must(s.webhook(news))
	s.work()
	s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 0)
}

// Effect and mark are one write: an event whose effect failed is not lost.
func TestFailure15_EffectAndMarkTogether(t *testing.T) {
	t.Parallel()
	s := newTill(t)
	r := s.request("pending")
	s.start(r)
	s.must(s.webhook(s.company.capture(r.GetPaymentId(), 1990)))
	s.must(s.db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error { // nobody can tell it for now
		_, err := tx.Exec(ctx, `ALTER TABLE events_outbox RENAME TO events_elsewhere`)
		return err
	}))
	s.work()
	if n := s.count(`SELECT COUNT(*) FROM payments_webhooks WHERE processed_at IS NULL AND tries = 1`); n != 1 {
		t.Fatalf("%d events wait to be tried again", n)
	}
	s.must(s.db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, `ALTER TABLE events_elsewhere RENAME TO events_outbox`)
		return err
	}))
	s.clock.advance(time.Minute)
	s.work()
	s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 0)
	s.wantTold(r.GetPaymentId(), succeededOnce)
}

// The webhook never comes: the provider is asked.
func TestFailure15_LostWebhook(t *testing.T) {
	t.Parallel()
	s := newTill(t)
	r := s.request("pending")
	s.start(r)
	s.company.capture(r.GetPaymentId(), 1990)
	s.work()
	if p := s.payment(r.GetPaymentId()); p.Status != store.Pending {
		t.Fatalf("payment is %s before it was time to ask", p.Status)
	}
	s.clock.advance(poll)
	s.work()
	s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 0)
}

func TestFailure18_AnothersPaymentsAreNotFound(t *testing.T) {
	t.Parallel()
	s := newTill(t)
	ctx := context.Background()
	r := s.captured()
	s.merchants["mrc_other/usr_eve"] = merchantsv1.Role_ROLE_OWNER
	for name, v := range map[string]service.Visitor{"member of another merchant": user("usr_eve"), "nobody": {}, "a guest": service.NewVisitor(ctx, "token")} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Payment(ctx, v, r.GetPaymentId())
			wantReason(t, err, fault.NotFound, "payment_not_found")
			_, err = s.RequestRefund(ctx, v, service.RefundRequest{PaymentID: r.GetPaymentId(), Reason: "mine"})
			wantReason(t, err, fault.NotFound, "payment_not_found")
		})
	}
	s.work()
	s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 0)
}
