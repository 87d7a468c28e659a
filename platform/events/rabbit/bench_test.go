package rabbit_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/rabbit"
	"app/platform/events/rabbit/rabbittest"
)

// The benchmarks refuse to measure on a broker that would not keep what it is sent, and
// tell what they have read of it.

// BenchmarkPublish sends events of about 512 bytes to a quorum queue, 256 at a time,
// and waits for all confirmations.
func BenchmarkPublish(b *testing.B) {
	url := rabbittest.URL(b)
	p := publisher(b, rabbit.Options{URL: url, Topology: topology("emails")})
	running(b, process{p})
	batch := make([]events.Envelope, 256)
	for i := range batch {
		batch[i] = events.Envelope{ID: fmt.Sprintf("%036d", i), Type: said, Module: "test", OccurredAt: time.Now(), Payload: make([]byte, 400)}
	}
	if err := p.Send(b.Context(), rabbit.Destination, batch); err != nil {
		b.Fatal(err)
	}
	durable := rabbittest.Durable(b, url)
	b.ResetTimer()
	begun := time.Now()
	for sent := 0; sent < b.N; sent += len(batch) {
		if err := p.Send(b.Context(), rabbit.Destination, batch[:min(len(batch), b.N-sent)]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "events/s")
	durable.Report(b)
}

// BenchmarkRelay empties an outbox of b.N events into a quorum queue, and marks them.
func BenchmarkRelay(b *testing.B) {
	source := open(b)
	fill(b, source, b.N)
	url := rabbittest.URL(b)
	p := publisher(b, rabbit.Options{URL: url, Topology: topology("emails")})
	if err := p.Send(b.Context(), rabbit.Destination, []events.Envelope{{ID: "first", Type: said, Module: "test"}}); err != nil {
		b.Fatal(err)
	}
	durable := rabbittest.Durable(b, url)
	b.ResetTimer()
	begun := time.Now()
	running(b, process{p, relay(b, source, p)})
	await(b, "sent", func() bool {
		return count(b, source, `(SELECT 1 FROM events_outbox WHERE state = 0 LIMIT 1) AS one`) == "0"
	})
	b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "events/s")
	durable.Report(b)
}

func fill(b *testing.B, db *database.DB, n int) {
	b.Helper()
	body := wrapperspb.String(string(make([]byte, 400)))
	for done := 0; done < n; {
		err := db.Write(b.Context(), func(ctx context.Context, tx *database.Tx) error {
			for range min(1000, n-done) {
				if err := events.Emit(ctx, tx, events.Key{Aggregate: "thing", ID: strconv.Itoa(done)}, body); err != nil {
					return err
				}
				done++
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLatency emits at a fixed rate, whatever the system does (open loop), and
// reports the time from the return of the emitter's commit to the listener's commit,
// with RabbitMQ between.
func BenchmarkLatency(b *testing.B) {
	for _, rate := range []int{200, 2000} {
		b.Run("rate="+strconv.Itoa(rate), func(b *testing.B) { benchmarkLatency(b, rate) })
	}
}

func benchmarkLatency(b *testing.B, rate int) {
	url := rabbittest.URL(b)
	source, target := open(b), open(b)
	m := &stopwatch{want: int64(b.N), done: make(chan struct{}), committed: make([]atomic.Int64, b.N+1), handled: make([]atomic.Int64, b.N+1)}
	running(b, emitter(b, url, source, "emails"))
	running(b, listener(b, url, "emails", target, m.hear))
	m.emit(b, source, b.N) // the last number is the first to be heard: everything is connected then
	await(b, "the first", func() bool { return m.handled[b.N].Load() > 0 })
	durable := rabbittest.Durable(b, url)
	b.ResetTimer()
	begun := time.Now()
	var writers sync.WaitGroup
	for i := range b.N {
		if wait := time.Until(begun.Add(time.Duration(i) * time.Second / time.Duration(rate))); wait > 0 {
			<-time.After(wait)
		}
		writers.Go(func() { m.emit(b, source, i) })
	}
	writers.Wait()
	<-m.done
	b.StopTimer()
	m.report(b, begun)
	durable.Report(b)
}

// stopwatch takes the times of events, by number.
type stopwatch struct {
	committed, handled []atomic.Int64
	want, got          int64
	done               chan struct{}
}

func (m *stopwatch) emit(b *testing.B, db *database.DB, i int) {
	err := db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		tx.AfterCommit(func() { m.committed[i].Store(time.Now().UnixNano()) })
		n := strconv.Itoa(i)
		return events.Emit(ctx, tx, events.Key{Aggregate: "order", ID: n}, wrapperspb.String(n))
	})
	if err != nil {
		b.Error(err)
	}
}

func (m *stopwatch) hear(ctx context.Context, tx *database.Tx, e events.Event[*wrapperspb.StringValue]) error {
	i, err := strconv.Atoi(e.Body.GetValue())
	if err != nil {
		return err
	}
	tx.AfterCommit(func() {
		m.handled[i].Store(time.Now().UnixNano())
		if i < int(m.want) && atomic.AddInt64(&m.got, 1) == m.want {
			close(m.done)
		}
	})
	return record(ctx, tx, e)
}

func (m *stopwatch) report(b *testing.B, begun time.Time) {
	delays := make([]time.Duration, m.want)
	for i := range delays {
		delays[i] = time.Duration(m.handled[i].Load() - m.committed[i].Load())
	}
	slices.Sort(delays)
	at := func(p float64) float64 { return float64(delays[int(p*float64(len(delays)-1))]) / 1e6 }
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
	b.ReportMetric(at(1), "max-ms")
	b.ReportMetric(float64(len(delays))/time.Since(begun).Seconds(), "events/s")
}
