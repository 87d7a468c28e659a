package service_test

import (
	"testing"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/service"
	"app/platform/database/dbtest"
)

func BenchmarkProduct(b *testing.B) {
	s := open(b, dbtest.SQLite(b), newClock())
	p := s.product(5)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Product(ctx, p); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSearch looks among 20,000 products: for what the oldest has only, and for
// what each has.
func BenchmarkSearch(b *testing.B) {
	s := open(b, dbtest.SQLite(b), newClock())
	s.stockUp(20_000, map[int]string{0: "oldest"})
	for _, word := range []string{"oldest", "chair"} {
		b.Run(word, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.List(b.Context(), service.Query{Text: word, Limit: 20}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkReserve holds three products for each order, with 64 buyers at once.
func BenchmarkReserve(b *testing.B) {
	s := open(b, dbtest.SQLite(b), newClock())
	items := []string{s.product(1e9), s.product(1e9), s.product(1e9)}
	ctx := b.Context()
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			o := newOrder(line(items[0], 1), line(items[1], 2), line(items[2], 3))
			if _, err := s.Reserve(ctx, &catalogv1.ReserveRequest{OrderId: o.id, Lines: o.lines}); err != nil {
				b.Error(err)
			}
		}
	})
}
