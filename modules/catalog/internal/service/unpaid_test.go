package service_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/service"
	"app/modules/catalog/internal/store"
	"app/platform/database"
	"app/platform/fault"
)

// narrow bounds are easy to reach.
var narrow = service.Unpaid{
	Account: service.Allowance{Orders: 3, Units: 40}, Guest: service.Allowance{Orders: 4, Units: 30},
	Network: service.Allowance{Orders: 6, Units: 50}, Share: store.Share{Percent: 50, Floor: 20},
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
	each(t, func(t *testing.T, s *shop) {
		twin := s.twin()
		s.bound(narrow)
		twin.bound(narrow)
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
				p := s.product(1000)
				orders := make([]order, 16)
				errs := together(16, func(i int) error {
					orders[i] = newOrder(line(p, c.units)).by(c.buyer(i))
					_, err := []*shop{s, twin}[i%2].reserve(orders[i])
					return err
				})
				if n := admitted(t, errs, "too_many_unpaid"); n != c.want {
					t.Errorf("%d of 16 at once were held, want %d", n, c.want)
				}
				s.wantStock(p, count{OnHand: 1000, Held: int64(c.want) * c.units})
				for i, o := range orders { // each end of a hold frees its place
					s.must([]func() error{func() error { return s.cancelled(o) }, func() error { return s.paid(o) }}[i%2]())
				}
				s.mustReserve(newOrder(line(p, c.units)).by(c.buyer(0)))
				s.advance(holdTTL)
				s.must(s.sweep())
			})
		}
	})
}

func TestFault05_RefusalSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		s.bound(narrow)
		p := s.product(1000)
		first := s.mustReserve(newOrder(line(p, 25)).by(guest(1)))
		if at := first.GetExpiresAt().AsTime(); !at.Equal(start.Add(guestTTL)) {
			t.Errorf("a guest's hold lapses at %v", at)
		}
		s.advance(4 * time.Minute)
		o := newOrder(line(p, 6)).by(guest(1))
		_, err := s.reserve(o)
		if wantReason(t, err, fault.ResourceExhausted, "too_many_unpaid"); fault.From(err).RetryAfter != 6*time.Minute {
			t.Errorf("come back after %v", fault.From(err).RetryAfter)
		}
		_, err = s.reserve(newOrder(line(p, 31)).by(guest(2)))
		if wantReason(t, err, fault.ResourceExhausted, "too_many_unpaid"); fault.From(err).RetryAfter != 0 {
			t.Error("waiting does not help an order that is too large by itself")
		}
		s.wantStock(p, count{OnHand: 1000, Held: 25})
		s.advance(6 * time.Minute)
		s.must(s.sweep())
		s.mustReserve(o)
		s.mustReserve(o) // asked again it is the same hold, and counts once
		s.wantStock(p, count{OnHand: 1000, Held: 6})
	})
}

func TestFault05_GuestsHoldAShareOfAProduct(t *testing.T) {
	t.Parallel()
	share := service.Unpaid{Share: store.Share{Percent: 50, Floor: 20}}
	each(t, func(t *testing.T, s *shop) {
		s.bound(share)
		t.Run("AtOnce", func(t *testing.T) {
			p := s.product(60)
			errs := together(16, func(int) error { _, err := s.reserve(newOrder(line(p, 4)).by(&catalogv1.Buyer{})); return err })
			if n := admitted(t, errs, "stock_short"); n != 7 {
				t.Errorf("guests hold %d of 60 units, want 28", n*4)
			}
			_, err := s.reserve(newOrder(line(p, 4)).by(&catalogv1.Buyer{}))
			told, _ := wantReason(t, err, fault.FailedPrecondition, "stock_short").(*catalogv1.Shortage)
			short := told.GetLines()[0]
			if !short.GetGuests() || short.GetAvailable() != 2 {
				t.Errorf("told %v", short)
			}
			s.mustReserve(newOrder(line(p, 32)).by(account("usr_1")))
			s.wantStock(p, count{OnHand: 60, Held: 60})
		})
		t.Run("SmallStockIsForEverybody", func(t *testing.T) {
			p := s.product(3)
			errs := together(16, func(int) error { _, err := s.reserve(newOrder(line(p, 1)).by(&catalogv1.Buyer{})); return err })
			if n := admitted(t, errs, "stock_short"); n != 3 {
				t.Errorf("%d of 3 units were held", n)
			}
		})
		t.Run("OfWhatIsNotSold", func(t *testing.T) {
			p := s.product(100)
			sold := newOrder(line(p, 50)).by(&catalogv1.Buyer{})
			s.mustReserve(sold)
			s.must(s.paid(sold))
			_, err := s.reserve(newOrder(line(p, 26)).by(&catalogv1.Buyer{}))
			wantReason(t, err, fault.FailedPrecondition, "stock_short")
			s.mustReserve(newOrder(line(p, 25)).by(&catalogv1.Buyer{}))
			s.wantStock(p, count{OnHand: 100, Held: 25, Sold: 50})
		})
		t.Run("AfterAReleaseThatDoesNotKnowIt", func(t *testing.T) {
			p := s.product(60)
			s.mustReserve(newOrder(line(p, 30)).by(&catalogv1.Buyer{}))
			s.must(s.db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE catalog_stock SET held = held - 30 WHERE product_id = ?`, p)
				return err
			}))
			s.mustReserve(newOrder(line(p, 30)).by(&catalogv1.Buyer{}))
			if got := s.column(`SELECT held_guests FROM catalog_stock WHERE product_id = ?`, p); !slices.Equal(got, []string{"30"}) {
				t.Errorf("guests hold %v", got)
			}
		})
	})
}

func TestFault05_QuantitiesOfAProduct(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p, least, most := s.product(100), int64(2), int64(5)
		_, err := s.Change(s.manager(), p, nil, service.Change{MinQuantity: &least, MaxQuantity: &most})
		s.must(err)
		for _, units := range []int64{1, 6} {
			_, err := s.reserve(newOrder(line(p, units)))
			told, _ := wantReason(t, err, fault.FailedPrecondition, "quantity_refused").(*catalogv1.Quantities)
			b := told.GetLines()[0]
			if b.GetProductId() != p || b.GetRequested() != units || b.GetMinQuantity() != 2 || b.GetMaxQuantity() != 5 {
				t.Errorf("told %v", b)
			}
		}
		s.mustReserve(newOrder(line(p, 1), line(p, 1))) // lines of one product count together
		s.mustReserve(newOrder(line(p, 5)))
		_, err = s.Change(s.manager(), p, nil, service.Change{MinQuantity: &[]int64{6}[0]})
		wantReason(t, err, fault.InvalidArgument, "validation_failed")
	})
}
