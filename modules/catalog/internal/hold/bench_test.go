package hold_test

import (
	"testing"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/catalogtest"
)

// BenchmarkReserve holds three products for each order, with 64 buyers at once.
func BenchmarkReserve(b *testing.B) {
	s := catalogtest.Open(b)
	items := []string{s.Product(1e9), s.Product(1e9), s.Product(1e9)}
	ctx := b.Context()
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			o := catalogtest.NewOrder(catalogtest.Line(items[0], 1), catalogtest.Line(items[1], 2), catalogtest.Line(items[2], 3))
			if _, err := s.Contract.Reserve(ctx, &catalogv1.ReserveRequest{OrderId: o.ID, Lines: o.Lines}); err != nil {
				b.Error(err)
			}
		}
	})
}
