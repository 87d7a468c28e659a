package hold_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/hold"
	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/stock"
	"app/platform/database"
	"app/platform/fault"
)

// narrow bounds are easy to reach.
var narrow = hold.Unpaid{
	Account: hold.Allowance{Orders: 3, Units: 40}, Guest: hold.Allowance{Orders: 4, Units: 30},
	Network: hold.Allowance{Orders: 6, Units: 50}, Share: stock.Share{Percent: 50, Floor: 20},
}

func guest(n int) *catalogv1.Buyer {
	return &catalogv1.Buyer{Mark: fmt.Sprintf("mark %d", n), Network: "203.0.113.0/24"}
}

func account(id string) *catalogv1.Buyer { return &catalogv1.Buyer{AccountId: id} }

// admitted counts the nils and checks the other errors.
func admitted(t *testing.T, errs []error, reason string) (n int) {
	t.Helper()
	for _, err := range errs {
		if err == nil {
			n++
		} else if fault.ReasonOf(err) != reason {
			t.Errorf("got %v, want %s", err, reason)
		}
	}
	return n
}

func TestFault05_UnpaidHoldsAreBounded(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		twin := s.Twin()
		s.Bound(narrow)
		twin.Bound(narrow)
		for name, c := range map[string]struct {
			buyer func(i int) *catalogv1.Buyer
			units int64
			want  int
		}{
			"OrdersOfAGuest":    {func(int) *catalogv1.Buyer { return guest(1) }, 1, 4},
			"UnitsOfAGuest":     {func(int) *catalogv1.Buyer { return guest(1) }, 9, 3},
			"OrdersOfANetwork":  {guest, 1, 6},
			"UnitsOfANetwork":   {guest, 9, 5},
			"OrdersOfAnAccount": {func(int) *catalogv1.Buyer { return account("usr_1") }, 1, 3},
			"UnitsOfAnAccount":  {func(int) *catalogv1.Buyer { return account("usr_1") }, 17, 2},
			"GuestsOfNoNetwork": {func(int) *catalogv1.Buyer { return &catalogv1.Buyer{Mark: "somebody"} }, 1, 4},
			"NobodyKnown":       {func(int) *catalogv1.Buyer { return nil }, 1, 16},
		} {
			t.Run(name, func(t *testing.T) {
				p := s.Product(1000)
				orders := make([]catalogtest.Order, 16)
				errs := catalogtest.Together(16, func(i int) error {
					orders[i] = catalogtest.NewOrder(catalogtest.Line(p, c.units)).By(c.buyer(i))
					_, err := []*catalogtest.Shop{s, twin}[i%2].Reserve(orders[i])
					return err
				})
				if n := admitted(t, errs, "too_many_unpaid"); n != c.want {
					t.Errorf("%d of 16 at once were held, want %d", n, c.want)
				}
				s.WantStock(p, catalogtest.Count{OnHand: 1000, Held: int64(c.want) * c.units})
				for i, o := range orders { // each end of a hold frees its place
					s.Must([]func() error{func() error { return s.Cancelled(o) }, func() error { return s.Paid(o) }}[i%2]())
				}
				s.MustReserve(catalogtest.NewOrder(catalogtest.Line(p, c.units)).By(c.buyer(0)))
				s.Advance(catalogtest.HoldTTL)
				s.Must(s.Sweep())
			})
		}
	})
}

func TestFault05_RefusalSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		s.Bound(narrow)
		p := s.Product(1000)
		first := s.MustReserve(catalogtest.NewOrder(catalogtest.Line(p, 25)).By(guest(1)))
		if at := first.GetExpiresAt().AsTime(); !at.Equal(catalogtest.Start.Add(catalogtest.GuestTTL)) {
			t.Errorf("a guest's hold lapses at %v", at)
		}
		s.Advance(4 * time.Minute)
		o := catalogtest.NewOrder(catalogtest.Line(p, 6)).By(guest(1))
		_, err := s.Reserve(o)
		if catalogtest.WantReason(t, err, fault.ResourceExhausted, "too_many_unpaid"); fault.From(err).RetryAfter != 6*time.Minute {
			t.Errorf("come back after %v", fault.From(err).RetryAfter)
		}
		_, err = s.Reserve(catalogtest.NewOrder(catalogtest.Line(p, 31)).By(guest(2)))
		if catalogtest.WantReason(t, err, fault.ResourceExhausted, "too_many_unpaid"); fault.From(err).RetryAfter != 0 {
			t.Error("waiting does not help an order that is too large by itself")
		}
		s.WantStock(p, catalogtest.Count{OnHand: 1000, Held: 25})
		s.Advance(6 * time.Minute)
		s.Must(s.Sweep())
		s.MustReserve(o)
		s.MustReserve(o) // asked again it is the same hold, and counts once
		s.WantStock(p, catalogtest.Count{OnHand: 1000, Held: 6})
	})
}

func TestFault05_GuestsHoldAShareOfAProduct(t *testing.T) {
	t.Parallel()
	share := hold.Unpaid{Share: stock.Share{Percent: 50, Floor: 20}}
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		s.Bound(share)
		t.Run("AtOnce", func(t *testing.T) {
			p := s.Product(60)
			errs := catalogtest.Together(16, func(int) error {
				_, err := s.Reserve(catalogtest.NewOrder(catalogtest.Line(p, 4)).By(&catalogv1.Buyer{}))
				return err
			})
			if n := admitted(t, errs, "stock_short"); n != 7 {
				t.Errorf("guests hold %d of 60 units, want 28", n*4)
			}
			_, err := s.Reserve(catalogtest.NewOrder(catalogtest.Line(p, 4)).By(&catalogv1.Buyer{}))
			told, _ := catalogtest.WantReason(t, err, fault.FailedPrecondition, "stock_short").(*catalogv1.Shortage)
			short := told.GetLines()[0]
			if !short.GetGuests() || short.GetAvailable() != 2 {
				t.Errorf("told %v", short)
			}
			s.MustReserve(catalogtest.NewOrder(catalogtest.Line(p, 32)).By(account("usr_1")))
			s.WantStock(p, catalogtest.Count{OnHand: 60, Held: 60})
		})
		t.Run("SmallStockIsForEverybody", func(t *testing.T) {
			p := s.Product(3)
			errs := catalogtest.Together(16, func(int) error {
				_, err := s.Reserve(catalogtest.NewOrder(catalogtest.Line(p, 1)).By(&catalogv1.Buyer{}))
				return err
			})
			if n := admitted(t, errs, "stock_short"); n != 3 {
				t.Errorf("%d of 3 units were held", n)
			}
		})
		t.Run("OfWhatIsNotSold", func(t *testing.T) {
			p := s.Product(100)
			sold := catalogtest.NewOrder(catalogtest.Line(p, 50)).By(&catalogv1.Buyer{})
			s.MustReserve(sold)
			s.Must(s.Paid(sold))
			_, err := s.Reserve(catalogtest.NewOrder(catalogtest.Line(p, 26)).By(&catalogv1.Buyer{}))
			catalogtest.WantReason(t, err, fault.FailedPrecondition, "stock_short")
			s.MustReserve(catalogtest.NewOrder(catalogtest.Line(p, 25)).By(&catalogv1.Buyer{}))
			s.WantStock(p, catalogtest.Count{OnHand: 100, Held: 25, Sold: 50})
		})
		t.Run("AfterAReleaseThatDoesNotKnowIt", func(t *testing.T) {
			p := s.Product(60)
			s.MustReserve(catalogtest.NewOrder(catalogtest.Line(p, 30)).By(&catalogv1.Buyer{}))
			s.Must(s.DB.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE catalog_stock SET held = held - 30 WHERE product_id = ?`, p)
				return err
			}))
			s.MustReserve(catalogtest.NewOrder(catalogtest.Line(p, 30)).By(&catalogv1.Buyer{}))
			if got := s.Column(`SELECT held_guests FROM catalog_stock WHERE product_id = ?`, p); !slices.Equal(got, []string{"30"}) {
				t.Errorf("guests hold %v", got)
			}
		})
	})
}

func TestFault05_QuantitiesOfAProduct(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p, least, most := s.Product(100), int64(2), int64(5)
		_, err := s.Products.Change(s.Manager(), p, nil, product.Change{MinQuantity: &least, MaxQuantity: &most})
		s.Must(err)
		for _, units := range []int64{1, 6} {
			_, err := s.Reserve(catalogtest.NewOrder(catalogtest.Line(p, units)))
			told, _ := catalogtest.WantReason(t, err, fault.FailedPrecondition, "quantity_refused").(*catalogv1.Quantities)
			b := told.GetLines()[0]
			if b.GetProductId() != p || b.GetRequested() != units || b.GetMinQuantity() != 2 || b.GetMaxQuantity() != 5 {
				t.Errorf("told %v", b)
			}
		}
		s.MustReserve(catalogtest.NewOrder(catalogtest.Line(p, 1), catalogtest.Line(p, 1))) // lines of one product count together
		s.MustReserve(catalogtest.NewOrder(catalogtest.Line(p, 5)))
		_, err = s.Products.Change(s.Manager(), p, nil, product.Change{MinQuantity: &[]int64{6}[0]})
		catalogtest.WantReason(t, err, fault.InvalidArgument, "validation_failed")
	})
}
