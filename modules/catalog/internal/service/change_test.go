package service_test

import (
	"errors"
	"fmt"
	"testing"

	"app/modules/catalog/internal/service"
)

var errStale = errors.New("stale")

func TestParallelChangesAreAllKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p := s.product(5)
		title, text, dear := "New title", "New text", euro
		dear.Amount = 5
		s.must(together(3, func(i int) error {
			_, err := s.Change(s.manager(), p, nil, []service.Change{{Title: &title}, {Description: &text}, {Price: &dear}}[i])
			return err
		})...)
		got, err := s.Product(t.Context(), p)
		if err != nil || got.Title != title || got.Description != text || got.Price != dear || got.Version != 4 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestOneOfManyChangesOfAVersionWins(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p, won := s.product(5), 0
		first := service.Match(func(version int64) error {
			if version != 1 {
				return errStale
			}
			return nil
		})
		for _, err := range together(8, func(i int) error {
			title := fmt.Sprint("Title ", i)
			_, err := s.Change(s.manager(), p, first, service.Change{Title: &title})
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

func TestOneOfManyCorrectionsOfAVersionWins(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p, won := s.product(5), int64(0)
		match := s.version(p)
		for _, err := range together(8, func(int) error {
			_, err := s.Correct(s.manager(), service.Correction{ProductID: p, Delta: 1, Reason: "found", Match: match})
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
			t.Errorf("%d corrections of one version", won)
		}
		s.wantStock(p, count{OnHand: 5 + won})
	})
}
