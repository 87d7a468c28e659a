//go:build unix

package events_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/internal/eventstest"
	"app/platform/events/node"
)

// BenchmarkLatency emits at a fixed rate, whatever the system does (open loop), and
// reports the time from the return of the emitter's commit to the listener's commit,
// and the processor time for both. In the last cases a second destination is away and
// has so many other events deferred.
func BenchmarkLatency(b *testing.B) {
	for _, rate := range []int{200, 2000} {
		b.Run("rate="+strconv.Itoa(rate), func(b *testing.B) { benchmarkLatency(b, rate, 0) })
	}
	for _, owed := range []int{10, 10_000} {
		b.Run("owed="+strconv.Itoa(owed)+"/rate=2000", func(b *testing.B) { benchmarkLatency(b, 2000, owed) })
	}
}

func benchmarkLatency(b *testing.B, rate, owed int) {
	m := newStopwatch(b.N)
	source, target := eventstest.Open(b), eventstest.Open(b)
	o := pair(source, target, m.hear("emails.bench"))
	if owed > 0 {
		o.Emitters[0].Routes["bench.Owed"] = []string{"away"}
		o.Senders = map[string]node.Sender{"away": &eventstest.Destination{Down: true}}
	}
	deferAll(b, source, owed)
	eventstest.Start(b, o)
	cpu := processorTime(b)
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
	b.ReportMetric(float64((processorTime(b)-cpu).Nanoseconds())/1e3/float64(b.N), "cpu-us/op")
	m.report(b, begun)
}

// processorTime is what this process has used, the figure that a noisy neighbour does
// not spoil.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// deferAll makes events that only the destination "away" has still to get.
func deferAll(b *testing.B, source *database.DB, owed int) {
	b.Helper()
	if owed == 0 {
		return
	}
	eventstest.EmitAll(b, source, eventstest.Numbered(owed))
	eventstest.Execute(b, source, `UPDATE events_outbox SET state = 2`)
	eventstest.Execute(b, source, `INSERT INTO events_owed (seq, destination) SELECT seq, 'away' FROM events_outbox`)
}

// BenchmarkThroughput relays a backlog of b.N events.
func BenchmarkThroughput(b *testing.B) {
	m := newStopwatch(b.N)
	source, target := eventstest.Open(b), eventstest.Open(b)
	var writers sync.WaitGroup
	for part := range 16 {
		writers.Go(func() {
			for i := part; i < b.N; i += 16 {
				m.emit(b, source, i)
			}
		})
	}
	writers.Wait()
	b.ResetTimer()
	begun := time.Now()
	eventstest.Start(b, pair(source, target, m.hear("emails.bench")))
	<-m.done
	b.StopTimer()
	b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "events/s")
}

func pair(source, target *database.DB, s events.Subscription) node.Options {
	return node.Options{
		Emitters:  []node.Emitter{{Module: "orders", DB: source, Routes: map[string][]string{eventstest.Type: {"emails"}}}},
		Listeners: []node.Listener{eventstest.Listener("emails", target, s)},
	}
}

// stopwatch takes the times of events, by number.
type stopwatch struct {
	committed, handled []atomic.Int64
	want, got          int64
	done               chan struct{}
}

func newStopwatch(n int) *stopwatch {
	return &stopwatch{committed: make([]atomic.Int64, n), handled: make([]atomic.Int64, n), want: int64(n), done: make(chan struct{})}
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

func (m *stopwatch) hear(consumer string) events.Subscription {
	return events.Subscribe(consumer, func(ctx context.Context, tx *database.Tx, e eventstest.Event) error {
		i, err := strconv.Atoi(e.Body.GetValue())
		if err != nil {
			return err
		}
		tx.AfterCommit(func() {
			m.handled[i].Store(time.Now().UnixNano())
			if atomic.AddInt64(&m.got, 1) == m.want {
				close(m.done)
			}
		})
		return eventstest.Record(ctx, tx, consumer, e)
	})
}

func (m *stopwatch) report(b *testing.B, begun time.Time) {
	delays := make([]time.Duration, len(m.handled))
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
