package product_test

import (
	"testing"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/product"
)

func BenchmarkProduct(b *testing.B) {
	s := catalogtest.Open(b)
	p := s.Product(5)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Products.ByID(ctx, p); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSearch looks among 20,000 products: for what the oldest has only, and for
// what each has.
func BenchmarkSearch(b *testing.B) {
	s := catalogtest.Open(b)
	stockUp(s, 20_000, map[int]string{0: "oldest"})
	for _, word := range []string{"oldest", "chair"} {
		b.Run(word, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Products.List(b.Context(), product.Query{Text: word, Limit: 20}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
