package checkout_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"app/modules/orders/internal/caller"
	"app/modules/orders/internal/order"
	"app/modules/orders/internal/orderstest"
	"app/modules/payments/paymentsv1"
)

// BenchmarkCheckout is the part of a checkout that is orders' own, for 64 buyers at
// once with two lines each: the neighbours are made by hand and answer at once.
func BenchmarkCheckout(b *testing.B) {
	s := orderstest.New(b)
	s.Payments.StartFn = func(_ context.Context, r *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error) {
		return &paymentsv1.StartResponse{PaymentId: r.GetPaymentId(), Status: paymentsv1.Status_STATUS_SUCCEEDED}, nil
	}
	products := []string{s.Catalog.Add(orderstest.MerchantA, 1990), s.Catalog.Add(orderstest.MerchantB, 500)}
	carts, buyers, orders := make([]string, b.N), make([]caller.Caller, b.N), make([]order.Order, b.N)
	for i := range carts {
		carts[i], buyers[i] = s.GuestCart(products...)
	}
	measure(b, "checkout", func(i int) (err error) {
		orders[i], err = s.Checkouts.Place(context.Background(), buyers[i], orderstest.Request(carts[i], fmt.Sprint("key ", i)))
		return err
	})
	measure(b, "paid", func(i int) error { return s.Succeeded(orders[i]) })
}

// measure runs the work b.N times for 64 callers at once and reports rate and processor
// time.
func measure(b *testing.B, what string, work func(i int) error) {
	b.Helper()
	var next atomic.Int64
	begun, used := time.Now(), cpu(b)
	for _, err := range orderstest.Together(64, func(int) error {
		for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
			if err := work(int(i)); err != nil {
				return err
			}
		}
		return nil
	}) {
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), what+"/s")
	b.ReportMetric(float64((cpu(b)-used).Microseconds())/float64(b.N), "cpu-us/"+what)
}

// cpu is the processor time this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
