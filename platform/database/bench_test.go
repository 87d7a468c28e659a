//go:build unix

package database_test

import (
	"context"
	"fmt"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"app/platform/database"
	"app/platform/database/dbtest"
)

var shop = fstest.MapFS{
	"0001_create_orders.up.sql": {Data: []byte(`CREATE TABLE orders (
		id VARCHAR(30) NOT NULL PRIMARY KEY, buyer VARCHAR(30) NOT NULL, total BIGINT NOT NULL, created_at BIGINT NOT NULL)`)},
	"0002_create_lines.up.sql": {Data: []byte(`CREATE TABLE orders_lines (
		order_id VARCHAR(30) NOT NULL, position INTEGER NOT NULL, product VARCHAR(30) NOT NULL, quantity BIGINT NOT NULL,
		PRIMARY KEY (order_id, position))`)},
	"0003_create_outbox.up.sql": {Data: []byte(`CREATE TABLE orders_outbox (
		id VARCHAR(36) NOT NULL PRIMARY KEY, state INTEGER NOT NULL, next_at BIGINT NOT NULL, payload MEDIUMBLOB NOT NULL)`)},
	"0004_index_outbox.up.sql": {Data: []byte(`CREATE INDEX orders_outbox_due ON orders_outbox (state, next_at)`)},
}

// placeOrder is row 2 of bench/README.md: an order, two lines and an event.
func placeOrder(ctx context.Context, db *database.DB, n int64) error {
	return db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		id := fmt.Sprintf("ord_%026d", n)
		if _, err := tx.Exec(ctx, "INSERT INTO orders (id, buyer, total, created_at) VALUES (?, ?, ?, ?)", id, "usr_1", 1990, n); err != nil {
			return err
		}
		for position := range 2 {
			if _, err := tx.Exec(ctx, "INSERT INTO orders_lines (order_id, position, product, quantity) VALUES (?, ?, ?, ?)",
				id, position, "prd_1", 1); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, "INSERT INTO orders_outbox (id, state, next_at, payload) VALUES (?, ?, ?, ?)", id, 0, n, payload)
		return err
	})
}

var payload = make([]byte, 200)

// BenchmarkGroupCommit writes durable orders from 1, 8 and 64 callers.
func BenchmarkGroupCommit(b *testing.B) {
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			benchmarkWrites(b, dbtest.Open(b, shop), callers)
		})
	}
}

func benchmarkWrites(b *testing.B, db *database.DB, callers int) {
	var n atomic.Int64
	var all sync.WaitGroup
	latencies := make([][]time.Duration, callers)
	before, cpu := db.Stats(), processorTime(b)
	b.ResetTimer()
	for i := range callers {
		all.Go(func() {
			for k := n.Add(1); k <= int64(b.N); k = n.Add(1) {
				start := time.Now()
				if err := placeOrder(context.Background(), db, k); err != nil {
					b.Error(err)
					return
				}
				latencies[i] = append(latencies[i], time.Since(start))
			}
		})
	}
	all.Wait()
	b.StopTimer()
	after := db.Stats()
	b.ReportMetric(float64((processorTime(b)-cpu).Nanoseconds())/1e3/float64(b.N), "cpu-us/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
	b.ReportMetric(float64(after.Writes-before.Writes)/float64(max(1, after.Commits-before.Commits)), "tx/commit")
	b.ReportMetric(float64(percentile(latencies, 0.99).Microseconds()), "p99-us")
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

func percentile(groups [][]time.Duration, p float64) time.Duration {
	var all []time.Duration
	for _, g := range groups {
		all = append(all, g...)
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	return all[int(p*float64(len(all)-1))]
}

// BenchmarkPointRead reads one row by its key.
func BenchmarkPointRead(b *testing.B) {
	db := dbtest.Open(b, shop)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := placeOrder(ctx, db, 1); err != nil {
		b.Fatal(err)
	}
	for name, read := range map[string]func(context.Context, func(context.Context, *database.Tx) error) error{"Read": db.Read, "ReadOne": db.ReadOne} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var total int64
				err := read(ctx, func(ctx context.Context, q *database.Tx) error {
					return q.QueryRow(ctx, "SELECT total FROM orders WHERE id = ?", "ord_00000000000000000000000001").Scan(&total)
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
