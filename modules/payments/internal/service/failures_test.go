package service_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/service"
	"app/modules/payments/internal/store"
	"app/modules/payments/paymentsv1"
	"app/platform/fault"
)

var (
	succeededOnce = []string{"payments.Succeeded"}
	givenBack     = []string{"payments.Succeeded", "payments.Refunded"}
)

func (s *till) wantTold(id string, want []string) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.told(id)); diff != "" {
		s.t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestFailure08_StartedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		r, twin := s.request("ok"), s.twin()
		s.must(together(12, func(i int) error {
			answer, err := []*service.Service{s.Service, twin}[i%2].Start(context.Background(), r)
			if answer.GetPaymentId() != r.GetPaymentId() && err == nil {
				return errors.New("another payment was answered")
			}
			return err
		})...)
		s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 0)
		s.wantTold(r.GetPaymentId(), succeededOnce)
		if s.company.captures != 1 || s.company.asked(r.GetPaymentId()) != 1 {
			t.Errorf("asked %d times, captured %d times", s.company.asked(r.GetPaymentId()), s.company.captures)
		}
	})
}

// The webhook is processed before the provider's answer to Charge is recorded.
func TestFailure08_WebhookFirst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		var early error
		s.company.chargeFn = func(r provider.ChargeRequest) (provider.Charge, error) {
			charge, err := s.company.charge(r)
			early = errors.Join(s.webhook(s.company.capture(r.Key, r.Amount)))
			_, worked := s.ProcessWebhooks(context.Background())
			early = errors.Join(early, worked)
			return charge, err
		}
		r := s.request("pending")
		s.start(r)
		s.must(early)
		s.work()
		s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 0)
		s.wantTold(r.GetPaymentId(), succeededOnce)
	})
}

func TestFailure09_SameWebhookThreeTimesAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		r, twin := s.request("pending"), s.twin()
		s.start(r)
		news := s.company.capture(r.GetPaymentId(), 1990)
		s.must(together(3, func(int) error { return s.webhook(news) })...)
		other := news
		other.ID = "the same, told under another id"
		s.must(s.webhook(other))
		s.must(together(4, func(i int) error {
			_, err := []*service.Service{s.Service, twin}[i%2].ProcessWebhooks(context.Background())
			return err
		})...)
		s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 0)
		s.wantTold(r.GetPaymentId(), succeededOnce)
		if n := s.count(`SELECT COUNT(*) FROM payments_webhooks WHERE result = 'processed'`); n != 2 {
			t.Errorf("%d events are kept and processed, want 2", n)
		}
	})
}

func TestFailure09_OutOfOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		r := s.request("pending")
		s.start(r)
		late := provider.Event{ID: "pending", Charge: provider.Charge{Key: r.GetPaymentId(), Status: provider.Pending, Currency: "EUR"}}
		s.must(s.webhook(s.company.capture(r.GetPaymentId(), 1990)))
		s.work()
		s.must(s.webhook(late))
		s.work()
		s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 0)
		declined := provider.Event{ID: "declined", Charge: provider.Charge{Key: r.GetPaymentId(), Status: provider.Declined, Currency: "EUR"}}
		s.must(s.webhook(declined))
		s.work()
		s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 0)
		s.wantTold(r.GetPaymentId(), succeededOnce)
	})
}

func TestFailure09_LateAfterARefund(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		r := s.captured()
		s.must(s.cancelled(r))
		s.work()
		s.wantMoney(r.GetPaymentId(), store.Refunded, 1990, 1990)
		s.must(s.webhook(s.company.capture(r.GetPaymentId(), 1990)))
		s.work()
		s.wantMoney(r.GetPaymentId(), store.Refunded, 1990, 1990)
		s.wantTold(r.GetPaymentId(), givenBack)
	})
}

func TestFailure09_UnknownPayment(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		s.must(s.webhook(provider.Event{ID: "e", Charge: provider.Charge{Key: "pay_nobody", Status: provider.Captured, Amount: 1, Currency: "EUR"}}))
		s.work()
		if n := s.count(`SELECT COUNT(*) FROM payments_webhooks WHERE result = 'unknown_payment' AND due_at IS NULL`); n != 1 {
			t.Errorf("%d events are put aside", n)
		}
		if n := s.count(`SELECT COUNT(*) FROM payments_payments`); n != 0 {
			t.Errorf("%d payments were made of it", n)
		}
	})
}

// Another amount than asked for is never taken as the payment.
func TestFailure09_AnotherAmount(t *testing.T) {
	t.Parallel()
	s := newTill(t)
	r := s.request("pending")
	s.start(r)
	s.must(s.webhook(s.company.capture(r.GetPaymentId(), 19_900)))
	s.work()
	if p := s.payment(r.GetPaymentId()); p.Status != store.Pending || p.Captured != 0 {
		t.Errorf("payment is %s with %d captured", p.Status, p.Captured)
	}
	if n := s.count(`SELECT COUNT(*) FROM payments_webhooks WHERE tries > 0 AND processed_at IS NULL`); n != 1 {
		t.Errorf("%d events wait with an error", n)
	}
}

func TestFailure09_ForgedAndUnreadable(t *testing.T) {
	t.Parallel()
	s := newTill(t)
	ctx := context.Background()
	wantReason(t, s.Webhook(ctx, "company", http.Header{"Forged": {"yes"}}, []byte("0")), fault.Unauthenticated, "signature_invalid")
	wantReason(t, s.Webhook(ctx, "company", http.Header{}, []byte("nonsense")), fault.InvalidArgument, "validation_failed")
	wantReason(t, s.Webhook(ctx, "nobody", http.Header{}, []byte("0")), fault.NotFound, "provider_not_found")
	if n := s.count(`SELECT COUNT(*) FROM payments_webhooks`); n != 0 {
		t.Errorf("%d events were kept", n)
	}
}

// The order is cancelled while its money is on the way, in every order of things:
// whatever was taken goes back, once.
func TestFailure10_MoneyOfCancelledOrdersGoesBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		t.Run("captured, then cancelled, twice", func(t *testing.T) {
			r := s.captured()
			s.must(together(3, func(int) error { return s.cancelled(r) })...)
			s.work()
			s.wantMoney(r.GetPaymentId(), store.Refunded, 1990, 1990)
			s.wantTold(r.GetPaymentId(), givenBack)
		})
		t.Run("cancelled while pending, then captured", func(t *testing.T) {
			r := s.request("pending")
			s.start(r)
			s.must(s.cancelled(r), s.webhook(s.company.capture(r.GetPaymentId(), 1990)))
			s.work()
			s.wantMoney(r.GetPaymentId(), store.Refunded, 1990, 1990)
			s.wantTold(r.GetPaymentId(), givenBack)
		})
		t.Run("cancelled before Start", func(t *testing.T) {
			r := s.request("ok")
			s.must(s.cancelled(r))
			if got := s.start(r); got != paymentsv1.Status_STATUS_FAILED {
				t.Errorf("payment is %s", got)
			}
			s.work()
			s.wantMoney(r.GetPaymentId(), store.Failed, 0, 0)
			s.wantTold(r.GetPaymentId(), nil)
			if n := s.company.asked(r.GetPaymentId()); n != 0 {
				t.Errorf("the provider was asked %d times", n)
			}
		})
		t.Run("cancelled while the provider is asked", func(t *testing.T) {
			r := s.request("ok")
			s.company.chargeFn = func(ask provider.ChargeRequest) (provider.Charge, error) {
				s.company.chargeFn = nil
				s.must(s.cancelled(r))
				return s.company.charge(ask)
			}
			s.start(r)
			s.work()
			s.wantMoney(r.GetPaymentId(), store.Refunded, 1990, 1990)
			s.wantTold(r.GetPaymentId(), givenBack)
		})
		t.Run("captured after it was given up", func(t *testing.T) {
			r := s.request("ok")
			s.company.chargeFn = func(provider.ChargeRequest) (provider.Charge, error) { return provider.Charge{}, errLost }
			s.start(r)
			s.company.chargeFn = nil
			s.must(s.cancelled(r))
			s.clock.advance(time.Minute)
			s.work()
			s.wantMoney(r.GetPaymentId(), store.Failed, 0, 0)
			s.must(s.webhook(s.company.capture(r.GetPaymentId(), 1990)))
			s.work()
			s.wantMoney(r.GetPaymentId(), store.Refunded, 1990, 1990)
			s.wantTold(r.GetPaymentId(), []string{"payments.Failed", "payments.Refunded"})
		})
		t.Run("declined, then cancelled", func(t *testing.T) {
			r := s.request("declined")
			if got := s.start(r); got != paymentsv1.Status_STATUS_FAILED {
				t.Errorf("payment is %s", got)
			}
			s.must(s.cancelled(r))
			s.work()
			s.wantMoney(r.GetPaymentId(), store.Failed, 0, 0)
			s.wantTold(r.GetPaymentId(), []string{"payments.Failed"})
		})
	})
}

// One order's cancellation leaves another's capture alone, also of the same buyer and
// amount.
func TestFailure10_OthersCapturesAreLeftAlone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		failed, good := s.request("pending"), s.request("ok")
		s.start(failed)
		s.start(good)
		s.must(s.cancelled(failed))
		s.work()
		s.wantMoney(good.GetPaymentId(), store.Succeeded, 1990, 0)
		s.wantTold(good.GetPaymentId(), succeededOnce)
	})
}

func TestFailure12_ProviderTimesOutAfterCapturing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		t.Run("found by looking it up", func(t *testing.T) {
			r := s.request("lost")
			if got := s.start(r); got != paymentsv1.Status_STATUS_PENDING {
				t.Errorf("payment is %s", got)
			}
			s.work()
			if p := s.payment(r.GetPaymentId()); p.Status != store.Pending || p.Attempt != store.AttemptUnknown {
				t.Errorf("payment is %s, attempt %s", p.Status, p.Attempt)
			}
			s.clock.advance(retry)
			twin := s.twin()
			s.must(together(4, func(i int) error {
				_, err := []*service.Service{s.Service, twin}[i%2].Reconcile(context.Background())
				return err
			})...)
			s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 0)
			s.wantTold(r.GetPaymentId(), succeededOnce)
			if n := s.company.asked(r.GetPaymentId()); n != 1 {
				t.Errorf("the money was asked for %d times", n)
			}
		})
		t.Run("asked again under the same key when it never arrived", func(t *testing.T) {
			r := s.request("ok")
			var key atomic.Value
			s.company.chargeFn = func(ask provider.ChargeRequest) (provider.Charge, error) {
				key.Store(ask.Key)
				return provider.Charge{}, errLost
			}
			s.start(r)
			s.company.chargeFn = nil
			s.clock.advance(retry)
			s.work()
			s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 0)
			if key.Load() != r.GetPaymentId() || s.company.asked(r.GetPaymentId()) != 1 {
				t.Errorf("asked under %v, then %d times under %s", key.Load(), s.company.asked(r.GetPaymentId()), r.GetPaymentId())
			}
		})
		t.Run("not asked again once the time is over", func(t *testing.T) {
			r := s.request("ok")
			s.company.chargeFn = func(provider.ChargeRequest) (provider.Charge, error) { return provider.Charge{}, errLost }
			s.start(r)
			s.company.chargeFn = nil
			s.clock.advance(time.Hour)
			s.work()
			s.wantMoney(r.GetPaymentId(), store.Failed, 0, 0)
			s.wantTold(r.GetPaymentId(), []string{"payments.Failed"})
		})
		t.Run("a retry of Start does not ask again", func(t *testing.T) {
			r := s.request("lost")
			s.start(r)
			s.start(r)
			if n := s.company.asked(r.GetPaymentId()); n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	})
}

// The process dies between the row and the provider's answer: the row is all there is.
func TestFailure11_KilledWhileTheProviderIsAsked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		for name, reached := range map[string]bool{"before it was reached": false, "after it captured": true} {
			t.Run(name, func(t *testing.T) {
				r := s.request("ok")
				func() {
					defer func() { _ = recover() }()
					s.company.chargeFn = func(ask provider.ChargeRequest) (provider.Charge, error) {
						s.company.chargeFn = nil
						if reached {
							_, _ = s.company.charge(ask)
						}
						panic("killed")
					}
					_, _ = s.Start(context.Background(), r)
				}()
				s.clock.advance(2 * timeout)
				s.work()
				s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 0)
				s.wantTold(r.GetPaymentId(), succeededOnce)
			})
		}
	})
}
