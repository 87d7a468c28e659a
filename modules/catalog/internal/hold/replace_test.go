package hold_test

import (
	"testing"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/catalogtest"
	"app/platform/fault"
)

// A hold that gives way to another has its units there, and is there no more. Neither
// changes when the new one is refused.
func TestFailure12_AHoldGivesWayToAnother(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p, q := s.Product(3), s.Product(3)
		old := catalogtest.NewOrder(catalogtest.Line(p, 3), catalogtest.Line(q, 1))
		s.MustReserve(old)
		_, err := s.Reserve(catalogtest.NewOrder(catalogtest.Line(p, 4)).InsteadOf(old))
		refusal, _ := catalogtest.WantReason(t, err, fault.FailedPrecondition, "stock_short").(*catalogv1.Shortage)
		if left := refusal.GetLines()[0].GetAvailable(); left != 3 {
			t.Errorf("the refusal says that %d are left, want the 3 that would be", left)
		}
		s.WantStock(p, catalogtest.Count{OnHand: 3, Held: 3})

		o := catalogtest.NewOrder(catalogtest.Line(p, 3), catalogtest.Line(q, 2)).InsteadOf(old)
		for _, err := range catalogtest.Together(8, func(int) error { _, err := s.Reserve(o); return err }) {
			s.Must(err)
		}
		s.WantStock(p, catalogtest.Count{OnHand: 3, Held: 3})
		s.WantStock(q, catalogtest.Count{OnHand: 3, Held: 2})
		_, err = s.Reserve(old)
		catalogtest.WantReason(t, err, fault.FailedPrecondition, "hold_released")

		s.Must(s.Paid(o))
		late := catalogtest.NewOrder(catalogtest.Line(q, 2)).InsteadOf(o)
		_, err = s.Reserve(late)
		catalogtest.WantReason(t, err, fault.FailedPrecondition, "stock_short") // what is sold gives way to nobody
		s.WantStock(q, catalogtest.Count{OnHand: 3, Sold: 2})

		_, err = s.Reserve(late.InsteadOf(late))
		catalogtest.WantReason(t, err, fault.InvalidArgument, "validation_failed")
	})
}
