package stock_test

import (
	"errors"
	"testing"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/stock"
)

func TestOneOfManyCorrectionsOfAVersionWins(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p, won := s.Product(5), int64(0)
		match := s.StockVersion(p)
		for _, err := range catalogtest.Together(8, func(int) error {
			_, err := s.Stock.Correct(s.Manager(), stock.Correction{ProductID: p, Delta: 1, Reason: "found", Match: match})
			return err
		}) {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, catalogtest.ErrStale):
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d corrections of one version", won)
		}
		s.WantStock(p, catalogtest.Count{OnHand: 5 + won})
	})
}
