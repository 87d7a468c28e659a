package main

import (
	"os"
	"slices"
	"testing"
	"time"

	"app/e2e/harness/process"
	"app/e2e/harness/shop"
	"app/platform/events/rabbit/rabbittest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	shop.CleanUp()
	os.Exit(code)
}

// usual takes back what the end-to-end tests configure, but for where things are.
var usual = map[string]string{
	"RATE_LIMIT": "", "LOG_LEVEL": "", "LOG_FORMAT": "", "ORDERS_RECONCILE_INTERVAL": "", "PAYMENTS_RECONCILE_INTERVAL": "",
	"PAYMENTS_TEST_SLOW": "", "CATALOG_SWEEP_INTERVAL": "", "EMAILS_LEASE": "",
}

// BenchmarkSplit starts a process for each module, on a schema each and over a broker,
// and reads what they take while nobody asks for anything; then it starts them again,
// one after the other, and takes the time until each is ready. What the servers promise
// is read back last, because until somebody signs up nothing is published.
func BenchmarkSplit(b *testing.B) {
	for range b.N {
		s := shop.Open(b, shop.RabbitMQ, usual)
		<-time.After(memoryAge)
		var resident, share int64
		for _, p := range s.Parts {
			resident += of(b, process.ResidentOf, p)
			share += of(b, process.ShareOf, p)
		}
		var took []float64
		for _, p := range s.Parts {
			p.Stop(b)
			begun := time.Now()
			p.Start(b)
			p.AwaitReady(b)
			took = append(took, millis(time.Since(begun)))
		}
		settings, err := assertMariaDB(b.Context(), s.Database(b, "users"))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.SignUp(b.Context(), buyer(0)); err != nil {
			b.Fatal(err)
		}
		rabbittest.Durable(b, s.Broker).Report(b)
		reportAll(b, settings)
		b.ReportMetric(megabytes(resident), "MB")
		b.ReportMetric(megabytes(share), "shared-once-MB")
		b.ReportMetric(float64(len(s.Parts)), "processes")
		b.ReportMetric(slices.Max(took), "slowest-ms")
		b.ReportMetric(median(took), "median-ms")
	}
}

func of(b *testing.B, read func(pid int) (int64, error), p *shop.Part) int64 {
	b.Helper()
	bytes, err := read(p.PID())
	if err != nil {
		b.Fatal(err)
	}
	return bytes
}
