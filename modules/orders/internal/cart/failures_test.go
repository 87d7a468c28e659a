package cart_test

import (
	"context"
	"sync"
	"testing"

	"app/modules/orders/internal/caller"
	"app/modules/orders/internal/cart"
	"app/modules/orders/internal/orderstest"
	"app/platform/fault"
)

func TestFailure16_ParallelEditsLoseNoLine(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		const edits = 24
		cartID, v := s.GuestCart()
		products := make([]string, edits)
		for i := range products {
			products[i] = s.Catalog.Add(orderstest.MerchantA, 100)
		}
		twin := s.Twin()
		s.Must(orderstest.Together(edits, func(i int) error {
			_, err := []*cart.Service{s.Carts, twin.Carts}[i%2].EditLine(context.Background(), v, cart.Edit{CartID: cartID, ProductID: products[i], Quantity: 2})
			return err
		})...)
		got, err := s.Carts.Get(context.Background(), v, cartID)
		s.Must(err)
		if len(got.Lines) != edits || got.Version != edits+1 {
			t.Errorf("%d lines in version %d after %d edits", len(got.Lines), got.Version, edits)
		}
	})
}

func TestFailure16_TwoFirstRequestsMakeOneCart(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		twin := s.Twin()
		var mu sync.Mutex
		carts, tokens := map[string]bool{}, map[string]bool{}
		s.Must(orderstest.Together(8, func(i int) error {
			kept, token, err := []*cart.Service{s.Carts, twin.Carts}[i%2].Create(orderstest.Keyed("first request", s.Clock.Now()), caller.Caller{})
			mu.Lock()
			defer mu.Unlock()
			carts[kept.ID], tokens[token] = true, true
			return err
		})...)
		if len(carts) != 1 || len(tokens) != 1 || s.Count(`SELECT COUNT(*) FROM orders_carts`) != 1 {
			t.Errorf("%d carts with %d tokens", len(carts), len(tokens))
		}
		for id := range carts {
			for token := range tokens {
				_, err := s.Carts.Get(context.Background(), caller.New(context.Background(), token), id)
				s.Must(err)
			}
		}
	})
}

func TestFault05_CartsKeepToTheQuantities(t *testing.T) {
	t.Parallel()
	s := orderstest.New(t)
	product := s.Catalog.Add(orderstest.MerchantA, 1990)
	s.Catalog.Goods[product].MinQuantity, s.Catalog.Goods[product].MaxQuantity = 2, 5
	cartID, v := s.GuestCart()
	for _, quantity := range []int64{1, 6} {
		_, err := s.Carts.EditLine(context.Background(), v, cart.Edit{CartID: cartID, ProductID: product, Quantity: quantity})
		if fields := orderstest.WantReason(t, err, fault.InvalidArgument, "validation_failed"); len(fields) != 1 || fields[0].Pointer != "/quantity" {
			t.Errorf("%d: %+v", quantity, fields)
		}
	}
	for _, quantity := range []int64{2, 5, 0} {
		s.Put(cartID, v, product, quantity)
	}
}

// A cart whose only line is set to 1, 2, 3 pieces has as many as it has had changes:
// whoever reads it meanwhile finds the version and the pieces of one moment, so an ETag
// never comes with the lines of another version.
func TestFault14_CartsAreReadInOnePiece(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		product := s.Catalog.Add(orderstest.MerchantA, 1990)
		id, v := s.GuestCart(product)
		first := s.Put(id, v, product, 1)
		done := make(chan struct{})
		var readers sync.WaitGroup
		for range 15 {
			readers.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					kept, err := s.Carts.Get(context.Background(), v, id)
					if err != nil || kept.Version-first.Version != kept.Lines[0].Quantity-1 {
						t.Errorf("version %d has %d pieces, %v", kept.Version, kept.Lines[0].Quantity, err)
						return
					}
				}
			})
		}
		for quantity := int64(2); quantity < 40; quantity++ {
			s.Put(id, v, product, quantity)
		}
		close(done)
		readers.Wait()
	})
}
