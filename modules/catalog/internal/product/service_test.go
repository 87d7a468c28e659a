package product_test

import (
	"errors"
	"fmt"
	"testing"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/product"
)

var errStale = errors.New("stale")

func TestParallelChangesAreAllKept(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p := s.Product(5)
		title, text, dear := "New title", "New text", catalogtest.Euro
		dear.Amount = 5
		s.Must(catalogtest.Together(3, func(i int) error {
			_, err := s.Products.Change(s.Manager(), p, nil, []product.Change{{Title: &title}, {Description: &text}, {Price: &dear}}[i])
			return err
		})...)
		got, err := s.Products.ByID(t.Context(), p)
		if err != nil || got.Title != title || got.Description != text || got.Price != dear || got.Version != 4 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestOneOfManyChangesOfAVersionWins(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p, won := s.Product(5), 0
		first := product.Match(func(version int64) error {
			if version != 1 {
				return errStale
			}
			return nil
		})
		for _, err := range catalogtest.Together(8, func(i int) error {
			title := fmt.Sprint("Title ", i)
			_, err := s.Products.Change(s.Manager(), p, first, product.Change{Title: &title})
			return err
		}) {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, errStale):
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d changes of one version", won)
		}
	})
}
