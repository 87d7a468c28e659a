package payment_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"app/modules/payments/internal/payment"
	"app/modules/payments/internal/paymentstest"
	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/refund"
	"app/modules/payments/internal/statement"
	"app/modules/payments/paymentsv1"
	"app/platform/money"
)

// TestMoneyAlwaysAddsUp throws at a payment whatever may happen to it, in any order and
// more than once: the bounds hold at each moment, and when everything has come to rest
// the company's ledger and ours agree, every capture is either paid or given back, and
// each thing was told once.
func TestMoneyAlwaysAddsUp(t *testing.T) {
	t.Parallel()
	s := paymentstest.NewTill(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := moves{rt: rt, s: s, r: s.Request(rapid.SampledFrom([]string{"ok", "declined", "pending", "lost"}).Draw(rt, "method"))}
		s.Company.OnCharge, s.Company.OnRefund, s.Company.OnLookup = nil, nil, nil
		for _, what := range rapid.SliceOfN(rapid.SampledFrom([]string{
			"start", "start", "start without an answer", "start that never arrives", "captured", "told again", "declined", "cancelled",
			"refund a part", "refund all", "refund without an answer", "reconcile", "process", "send", "time passes",
		}), 1, 14).Draw(rt, "moves") {
			m.move(what)
			m.bounds(what)
		}
		m.rest()
	})
}

type moves struct {
	rt        *rapid.T
	s         *paymentstest.Till
	r         *paymentsv1.StartRequest
	cancelled bool
	lied      bool // the company told of a refusal that there was not
	events    int
}

func (m *moves) move(what string) {
	ctx, id := context.Background(), m.r.GetPaymentId()
	switch what {
	case "start":
		m.s.Start(m.r)
	case "start without an answer":
		m.s.Company.OnCharge = func(r provider.ChargeRequest) (provider.Charge, error) {
			_, _ = m.s.Company.TakeCharge(r)
			return provider.Charge{}, paymentstest.ErrLost
		}
		m.s.Start(m.r)
		m.s.Company.OnCharge = nil
	case "start that never arrives":
		m.s.Company.OnCharge = func(provider.ChargeRequest) (provider.Charge, error) { return provider.Charge{}, paymentstest.ErrLost }
		m.s.Start(m.r)
		m.s.Company.OnCharge = nil
	case "captured", "told again":
		if charge, _ := m.s.Company.Lookup(ctx, id); charge.Status == provider.Pending || charge.Status == provider.Captured {
			news := m.s.Company.Capture(id, 1990)
			if m.events++; what == "captured" {
				news.ID = fmt.Sprint(news.ID, m.events)
			}
			m.s.Must(m.s.Deliver(news))
		}
	case "declined":
		charge, _ := m.s.Company.Lookup(ctx, id)
		m.lied = m.lied || charge.Status != provider.Declined
		m.s.Must(m.s.Deliver(provider.Event{ID: "declined " + id, Charge: provider.Charge{Key: id, Status: provider.Declined, Currency: "EUR"}}))
	case "cancelled":
		m.cancelled = true
		m.s.Must(m.s.Cancel(m.r))
	case "refund a part", "refund all", "refund without an answer":
		m.refund(what)
	default:
		m.work(what)
	}
}

func (m *moves) refund(what string) {
	in := refund.Request{PaymentID: m.r.GetPaymentId(), Reason: "any"}
	if what == "refund a part" {
		in.Amount = &money.Money{Amount: int64(rapid.IntRange(1, 2500).Draw(m.rt, "cents")), Currency: "EUR"}
	}
	_, _ = m.s.Refunds.Request(context.Background(), paymentstest.Root, in) // may be refused: the bounds decide
	if what == "refund without an answer" {
		m.s.Company.LoseAnswer()
	}
}

func (m *moves) work(what string) {
	var err error
	switch ctx := context.Background(); what {
	case "reconcile":
		_, err = m.s.Payments.Reconcile(ctx)
	case "process":
		_, err = m.s.Webhooks.Process(ctx)
	case "send":
		_, err = m.s.Refunds.Send(ctx)
	case "time passes":
		m.s.Clock.Advance(time.Duration(rapid.IntRange(1, 900).Draw(m.rt, "seconds")) * time.Second)
	}
	m.s.Must(err)
}

// bounds hold at each moment.
func (m *moves) bounds(what string) {
	captured, refunded := m.s.Company.Sums(m.r.GetPaymentId())
	if refunded > captured || captured > 1990 {
		m.rt.Fatalf("%s: the company took %d and gave back %d", what, captured, refunded)
	}
	if n := strings.Count(strings.Join(m.s.Told(m.r.GetPaymentId()), " "), "Succeeded"); n > 1 {
		m.rt.Fatalf("%s: success was told %d times", what, n)
	}
}

// rest lets everything come to rest, and adds up.
func (m *moves) rest() {
	for range 5 {
		m.s.Clock.Advance(11 * time.Minute)
		m.s.Work()
	}
	id := m.r.GetPaymentId()
	if m.s.Count(`SELECT COUNT(*) FROM payments_payments WHERE id = ?`, id) == 0 {
		return // never started
	}
	p := m.s.Payment(id)
	captured, refunded := m.s.Company.Sums(id)
	charge, _ := m.s.Company.Lookup(context.Background(), id)
	switch {
	case p.Captured != captured && !m.lied:
		m.rt.Fatalf("payment is %s: we have %d captured, the company %d", p.Status, p.Captured, captured)
	case p.Payment.Refunded != refunded || p.Refunding != 0:
		m.rt.Fatalf("we have %d refunded and %d under way, the company %d", p.Payment.Refunded, p.Refunding, refunded)
	case m.cancelled && p.Captured != p.Payment.Refunded:
		m.rt.Fatalf("the order is cancelled, but %d of %d went back", p.Payment.Refunded, p.Captured)
	case p.Status == payment.Pending && charge.Status != provider.Pending:
		m.rt.Fatalf("payment is pending, the charge %s", charge.Status)
	}
	m.refundsTold(p)
}

// refundsTold: each refund done was told once.
func (m *moves) refundsTold(p statement.Statement) {
	done, told := 0, 0
	for _, e := range m.s.Told(p.ID) {
		if e == "payments.Refunded" {
			told++
		}
	}
	for _, r := range p.Refunds {
		if r.State == refund.Done {
			done++
		}
	}
	if done != told {
		m.rt.Fatalf("%d refunds done, %d told", done, told)
	}
}
