package payment_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"app/modules/payments/internal/paymentstest"
	"app/modules/payments/internal/provider"
)

// What a checkout asks of payments, and what comes of it when the provider takes its
// time and the order is cancelled.
func ExampleService_Start() {
	t := &exampleT{}
	defer t.end()
	s := paymentstest.NewTill(t)
	s.Company.OnCharge = func(r provider.ChargeRequest) (provider.Charge, error) {
		fmt.Println("ask the provider for", r.Amount, r.Currency)
		return s.Company.TakeCharge(r)
	}
	s.Company.OnRefund = func(r provider.RefundRequest) error {
		fmt.Println("ask the provider to give back", r.Amount, r.Currency)
		return s.Company.GiveBack(r)
	}

	request := s.Request("pending")
	answer, err := s.Payments.Start(context.Background(), request)
	fmt.Println("answer:", answer.GetStatus(), err)
	fmt.Println("webhook:", s.Deliver(s.Company.Capture(request.GetPaymentId(), 1990)))
	_, err = s.Webhooks.Process(context.Background())
	fmt.Println("processed:", s.Payment(request.GetPaymentId()).Status, err)
	fmt.Println("hear orders.Cancelled:", s.Cancel(request))
	_, err = s.Refunds.Send(context.Background())
	fmt.Println("sent:", s.Payment(request.GetPaymentId()).Status, err)
	fmt.Println("told:", strings.Join(s.Told(request.GetPaymentId()), ", "))
	// Output:
	// ask the provider for 1990 EUR
	// answer: STATUS_PENDING <nil>
	// webhook: <nil>
	// processed: succeeded <nil>
	// hear orders.Cancelled: <nil>
	// ask the provider to give back 1990 EUR
	// sent: refunded <nil>
	// told: payments.Succeeded, payments.Refunded
}

// exampleT lets an example use what is made for tests.
type exampleT struct {
	testing.TB
	cleanups []func()
}

func (*exampleT) Helper() {}

func (*exampleT) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func (*exampleT) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (t *exampleT) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

func (t *exampleT) TempDir() string {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (t *exampleT) end() {
	for i := len(t.cleanups) - 1; i >= 0; i-- {
		t.cleanups[i]()
	}
}
