package refund_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"app/modules/payments/internal/payment"
	"app/modules/payments/internal/paymentstest"
	"app/modules/payments/internal/refund"
	"app/modules/payments/paymentsevents"
	"app/modules/payments/paymentsv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/money"
)

func TestRefund(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		ask := paymentstest.Refunder(s)
		t.Run("OK for a part, then the rest of the share", func(t *testing.T) {
			r := s.Captured()
			first, err := ask("usr_ann", r, paymentstest.Cents(500), "")
			s.Must(err)
			rest, err := ask("usr_ann", r, nil, "")
			s.Must(err)
			if first.Amount.Amount != 500 || rest.Amount.Amount != 990 || rest.MerchantID != paymentstest.MerchantA {
				t.Errorf("refunds are %+v and %+v", first, rest)
			}
			s.Work()
			s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 1490)
			_, err = ask("usr_ann", r, nil, "")
			paymentstest.WantReason(t, err, fault.FailedPrecondition, "refund_exceeds_capture")
			_, err = ask("usr_bob", r, nil, "")
			s.Must(err)
			s.Work()
			s.WantMoney(r.GetPaymentId(), payment.Refunded, 1990, 1990)
			s.WantTold(r.GetPaymentId(), []string{"payments.Succeeded", "payments.Refunded", "payments.Refunded", "payments.Refunded"})
		})
		t.Run("OK for an administrator", func(t *testing.T) {
			r := s.Captured()
			_, err := ask("usr_root", r, paymentstest.Cents(1600), "")
			s.Must(err)
			_, err = ask("usr_ann", r, nil, "") // what is left of the payment is less than the share
			s.Must(err)
			s.Work()
			s.WantMoney(r.GetPaymentId(), payment.Refunded, 1990, 1990)
		})
		t.Run("OK for whoever manages both, and says for which", func(t *testing.T) {
			r := s.Captured()
			_, err := ask("usr_both", r, nil, "")
			paymentstest.WantReason(t, err, fault.InvalidArgument, "validation_failed")
			got, err := ask("usr_both", r, nil, paymentstest.MerchantB)
			s.Must(err)
			if got.Amount.Amount != 500 {
				t.Errorf("refund of %d", got.Amount.Amount)
			}
		})
	})
}

// The notice of a refund is in the language of the order, also of one that was
// cancelled before its payment was heard of.
func TestRefundKnowsTheLanguage(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		r := s.Captured()
		s.Must(s.Cancel(r))
		s.Work()
		unheard := s.Request("ok")
		s.Must(s.Cancel(unheard))
		if got := s.Payment(unheard.GetPaymentId()).Locale; got != "de-AT" {
			t.Errorf("a payment that was never asked for is in %q", got)
		}
		var told paymentsevents.Refunded
		s.Must(s.DB.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
			var payload []byte
			err := q.QueryRow(ctx, `SELECT payload FROM events_outbox WHERE type = 'payments.Refunded' AND aggregate_id = ?`, r.GetPaymentId()).Scan(&payload)
			return errors.Join(err, proto.Unmarshal(payload, &told))
		}))
		if told.GetLocale() != "de-AT" || told.GetEmail() != "ada@example.com" {
			t.Errorf("told %v", &told)
		}
	})
}

func TestRefundRefuses(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		ask := paymentstest.Refunder(s)
		t.Run("ErrMoreThanTheShare", func(t *testing.T) {
			_, err := ask("usr_bob", s.Captured(), paymentstest.Cents(501), "")
			paymentstest.WantReason(t, err, fault.FailedPrecondition, "refund_exceeds_capture")
		})
		t.Run("ErrRole", func(t *testing.T) {
			_, err := ask("usr_viewer", s.Captured(), nil, "")
			paymentstest.WantReason(t, err, fault.PermissionDenied, "role_too_low")
		})
		t.Run("ErrSecondFactor", func(t *testing.T) {
			_, err := ask("usr_unproven", s.Captured(), nil, "")
			paymentstest.WantReason(t, err, fault.PermissionDenied, "second_factor_required")
		})
		t.Run("ErrBuyer", func(t *testing.T) {
			_, err := ask("usr_ada", s.Captured(), nil, "")
			paymentstest.WantReason(t, err, fault.PermissionDenied, "role_too_low")
		})
		t.Run("ErrAnothersShare", func(t *testing.T) {
			_, err := ask("usr_ann", s.Captured(), nil, paymentstest.MerchantB)
			paymentstest.WantReason(t, err, fault.InvalidArgument, "validation_failed")
			_, err = ask("usr_root", s.Captured(), nil, "mrc_0000000000000000000000000c")
			paymentstest.WantReason(t, err, fault.InvalidArgument, "validation_failed")
		})
		t.Run("ErrNotCaptured", func(t *testing.T) {
			r := s.Request("declined")
			s.Start(r)
			_, err := ask("usr_root", r, nil, "")
			paymentstest.WantReason(t, err, fault.FailedPrecondition, "payment_not_captured")
		})
		t.Run("ErrAmount", func(t *testing.T) {
			for _, wrong := range []money.Money{{Amount: 0, Currency: "EUR"}, {Amount: -1, Currency: "EUR"}, {Amount: 1, Currency: "USD"}} {
				_, err := ask("usr_root", s.Captured(), &wrong, "")
				paymentstest.WantReason(t, err, fault.InvalidArgument, "validation_failed")
			}
		})
	})
}

func apiKey(merchant string, scopes ...identity.Scope) payment.Caller {
	return payment.Caller{Principal: identity.Principal{Method: identity.APIKey, KeyID: "key_1", Merchant: merchant, Scopes: scopes}}
}

// An API key sees its merchant's share, gives back of it with the scope for that, and
// sees nothing of any other merchant's.
func TestAPIKeys(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		ctx := context.Background()
		id := s.Captured().GetPaymentId()
		in := refund.Request{PaymentID: id, Amount: &money.Money{Amount: 400, Currency: "EUR"}, Reason: "broken"}
		reads := apiKey(paymentstest.MerchantA, "payments:read")
		_, err := s.Statements.Of(ctx, reads, id)
		s.Must(err)
		_, err = s.Refunds.Request(ctx, reads, in)
		paymentstest.WantReason(t, err, fault.PermissionDenied, "role_too_low")
		for _, stranger := range []payment.Caller{
			apiKey("mrc_other", "payments:read", "payments:refund"), apiKey(paymentstest.MerchantA, "orders:read"),
		} {
			_, err = s.Statements.Of(ctx, stranger, id)
			paymentstest.WantReason(t, err, fault.NotFound, "payment_not_found")
			_, err = s.Refunds.Request(ctx, stranger, in)
			paymentstest.WantReason(t, err, fault.NotFound, "payment_not_found")
		}
		r, err := s.Refunds.Request(ctx, apiKey(paymentstest.MerchantA, "payments:refund"), in)
		s.Must(err)
		if r.MerchantID != paymentstest.MerchantA || r.Amount.Amount != 400 {
			t.Errorf("%+v", r)
		}
	})
}

func TestFault26_ReasonsOfRefunds(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"a\u200bb", "a\u202eb", "a\nb", "\x00", strings.Repeat("x", 251)} {
		in := refund.Request{Reason: bad}
		if err := refund.CheckRequest(&in); fault.CodeOf(err) != fault.InvalidArgument {
			t.Errorf("%+q: %v", bad, err)
		}
	}
	in := refund.Request{Reason: " خراب\u200cشده\u3000"}
	if err := refund.CheckRequest(&in); err != nil || in.Reason != "خراب\u200cشده" {
		t.Errorf("%+q, %v", in.Reason, err)
	}
}

func TestFault30_TheHighestPaymentIsRefundedInParts(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		ask := paymentstest.Refunder(s)
		r := s.Request("ok")
		r.Amount, r.Shares = paymentstest.Euro(money.Max), []*paymentsv1.Share{{MerchantId: paymentstest.MerchantA, Amount: paymentstest.Euro(money.Max)}}
		if got := s.Start(r); got != paymentsv1.Status_STATUS_SUCCEEDED {
			t.Fatalf("payment is %s", got)
		}
		for _, part := range []int64{1_000_000_000_001, money.Max - 1_000_000_000_002} {
			_, err := ask("usr_ann", r, paymentstest.Cents(part), "")
			s.Must(err)
		}
		_, err := ask("usr_ann", r, paymentstest.Cents(2), "")
		paymentstest.WantReason(t, err, fault.FailedPrecondition, "refund_exceeds_capture")
		_, err = ask("usr_ann", r, paymentstest.Cents(1), "")
		s.Must(err)
		s.Work()
		s.WantMoney(r.GetPaymentId(), payment.Refunded, money.Max, money.Max)
	})
}
