package checkout_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/internal/orderstest"
	"app/modules/payments/paymentsv1"
	"app/platform/fault"
)

// A checkout is two calls and one write; what follows comes as events.
func ExampleService_Place() {
	t := &exampleT{}
	defer t.end()
	s := orderstest.New(t)
	s.Catalog.ReserveFn = func(r *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
		fmt.Println("call catalog.Reserve:", len(r.GetLines()), "lines")
		return s.Catalog.Hold(r)
	}
	s.Payments.StartFn = func(_ context.Context, r *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error) {
		fmt.Println("call payments.Start:", r.GetAmount().GetAmount(), r.GetAmount().GetCurrency(), "by", r.GetMethod())
		return &paymentsv1.StartResponse{PaymentId: r.GetPaymentId(), Status: paymentsv1.Status_STATUS_PENDING}, nil
	}

	cartID, buyer := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1990), s.Catalog.Add(orderstest.MerchantB, 500))
	order, err := s.Checkouts.Place(context.Background(), buyer, orderstest.Request(cartID, "a key of the buyer"))
	fmt.Println("answer:", order.Status, order.Total, err)
	_, err = s.Checkouts.Place(context.Background(), buyer, orderstest.Request(cartID, "another key"))
	fmt.Println("with another key:", fault.ReasonOf(err))
	fmt.Println("hear payments.Succeeded:", s.Succeeded(order))
	for _, e := range s.Order(order.ID).Timeline {
		fmt.Println("timeline:", e.Version, e.Event)
	}
	fmt.Println("told:", strings.Join(s.Emitted(order.ID), ", "))
	// Output:
	// call catalog.Reserve: 2 lines
	// call payments.Start: 2490 EUR by test_ok
	// answer: pending_payment 24.90 EUR <nil>
	// with another key: cart_already_ordered
	// hear payments.Succeeded: <nil>
	// timeline: 1 placed
	// timeline: 2 paid
	// told: orders.Placed 1, orders.Paid 2
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
