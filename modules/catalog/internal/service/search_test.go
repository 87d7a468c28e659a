package service_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/service"
	"app/modules/catalog/internal/store"
	"app/platform/database"
	"app/platform/ids"
)

// A search looks at products in several reads: at the first 500, then at 10,000 at a
// time.
func TestSearchAcrossLooks(t *testing.T) {
	t.Parallel()
	const many = 1300
	each(t, func(t *testing.T, s *shop) {
		s.stockUp(many, map[int]string{1250: "rare", 640: "rare", 0: "rare oldest"})
		t.Run("FindsAllThatTheListHas", func(t *testing.T) {
			t.Parallel()
			listed, found := s.list(service.Query{Limit: many}), s.list(service.Query{Text: "chair", Limit: many})
			if !reflect.DeepEqual(listed, found) || len(listed) != many { // cmp takes seconds for as many
				t.Errorf("%d products, -listed +found\n%s", len(listed), cmp.Diff(titles(listed), titles(found)))
			}
		})
		t.Run("FindsWhatIsFarBack", func(t *testing.T) {
			t.Parallel()
			for text, want := range map[string][]string{
				"rare": {"Chair 1250 rare", "Chair 640 rare", "Chair 0 rare oldest"}, "OLDEST": {"Chair 0 rare oldest"}, "oldest 640": nil,
			} {
				if diff := cmp.Diff(want, titles(s.list(service.Query{Text: text, MerchantID: merchant, Limit: 20}))); diff != "" {
					t.Errorf("%q: -want +got\n%s", text, diff)
				}
			}
		})
		t.Run("EndsWithAFullPage", func(t *testing.T) {
			t.Parallel()
			page := s.list(service.Query{Text: "rare", Limit: 2})
			if diff := cmp.Diff([]string{"Chair 1250 rare", "Chair 640 rare"}, titles(page)); diff != "" {
				t.Fatalf("first page: -want +got\n%s", diff)
			}
			rest := s.list(service.Query{Text: "rare", After: service.Key(page[1]), Limit: 2})
			if diff := cmp.Diff([]string{"Chair 0 rare oldest"}, titles(rest)); diff != "" {
				t.Errorf("second page: -want +got\n%s", diff)
			}
		})
	})
}

// stockUp lists many products, seven at each moment, some with more words in their
// titles.
func (s *shop) stockUp(many int, words map[int]string) {
	s.t.Helper()
	s.must(s.db.Write(s.t.Context(), func(ctx context.Context, tx *database.Tx) error {
		for i := range many {
			at := start.Add(time.Duration(i/7) * time.Second)
			p := store.Product{ID: ids.New("prd", at), MerchantID: merchant, Title: fmt.Sprint("Chair ", i), Price: euro, CreatedAt: at}
			if more := words[i]; more != "" {
				p.Title += " " + more
			}
			p.SKU, p.Stock.ProductID = fmt.Sprint("C-", i), p.ID // no id, whose random letters may spell a word that is searched for
			if err := errors.Join(store.InsertProduct(ctx, tx, p), store.InsertStock(ctx, tx, p.Stock)); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (s *shop) list(q service.Query) []service.Product {
	s.t.Helper()
	list, err := s.List(s.t.Context(), q)
	s.must(err)
	return list
}

func titles(list []service.Product) (out []string) {
	for _, p := range list {
		out = append(out, p.Title)
	}
	return out
}
