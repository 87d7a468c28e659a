package product_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/stock"
	"app/platform/database"
	"app/platform/ids"
)

// A search looks at products in several reads: at the first 500, then at 10,000 at a
// time.
func TestSearchAcrossLooks(t *testing.T) {
	t.Parallel()
	const many = 1300
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		stockUp(s, many, map[int]string{1250: "rare", 640: "rare", 0: "rare oldest"})
		t.Run("FindsAllThatTheListHas", func(t *testing.T) {
			t.Parallel()
			listed, found := listAll(s, product.Query{Limit: many}), listAll(s, product.Query{Text: "chair", Limit: many})
			if !reflect.DeepEqual(listed, found) || len(listed) != many { // cmp takes seconds for as many
				t.Errorf("%d products, -listed +found\n%s", len(listed), cmp.Diff(titlesOf(listed), titlesOf(found)))
			}
		})
		t.Run("FindsWhatIsFarBack", func(t *testing.T) {
			t.Parallel()
			for text, want := range map[string][]string{
				"rare": {"Chair 1250 rare", "Chair 640 rare", "Chair 0 rare oldest"}, "OLDEST": {"Chair 0 rare oldest"}, "oldest 640": nil,
			} {
				if diff := cmp.Diff(want, titlesOf(listAll(s, product.Query{Text: text, MerchantID: catalogtest.Merchant, Limit: 20}))); diff != "" {
					t.Errorf("%q: -want +got\n%s", text, diff)
				}
			}
		})
		t.Run("EndsWithAFullPage", func(t *testing.T) {
			t.Parallel()
			page := listAll(s, product.Query{Text: "rare", Limit: 2})
			if diff := cmp.Diff([]string{"Chair 1250 rare", "Chair 640 rare"}, titlesOf(page)); diff != "" {
				t.Fatalf("first page: -want +got\n%s", diff)
			}
			rest := listAll(s, product.Query{Text: "rare", After: product.Key(page[1]), Limit: 2})
			if diff := cmp.Diff([]string{"Chair 0 rare oldest"}, titlesOf(rest)); diff != "" {
				t.Errorf("second page: -want +got\n%s", diff)
			}
		})
	})
}

// stockUp lists many products, seven at each moment, some with more words in their
// titles.
func stockUp(s *catalogtest.Shop, many int, words map[int]string) {
	s.T.Helper()
	s.Must(s.DB.Write(s.T.Context(), func(ctx context.Context, tx *database.Tx) error {
		for i := range many {
			at := catalogtest.Start.Add(time.Duration(i/7) * time.Second)
			p := product.Product{ID: ids.New("prd", at), MerchantID: catalogtest.Merchant, Title: fmt.Sprint("Chair ", i), Price: catalogtest.Euro, CreatedAt: at}
			if more := words[i]; more != "" {
				p.Title += " " + more
			}
			p.SKU, p.Stock.ProductID = fmt.Sprint("C-", i), p.ID // no id, whose random letters may spell a word that is searched for
			if err := errors.Join(product.Insert(ctx, tx, p), stock.Insert(ctx, tx, p.Stock)); err != nil {
				return err
			}
		}
		return nil
	}))
}

func listAll(s *catalogtest.Shop, q product.Query) []product.Product {
	s.T.Helper()
	list, err := s.Products.List(s.T.Context(), q)
	s.Must(err)
	return list
}

func titlesOf(list []product.Product) (out []string) {
	for _, p := range list {
		out = append(out, p.Title)
	}
	return out
}
