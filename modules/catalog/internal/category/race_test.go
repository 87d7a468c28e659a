package category_test

import (
	"fmt"
	"testing"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/category"
	"app/platform/fault"
)

// While products are put here and there the tree is turned over. Afterwards each
// category lists what is in it and below it, and nothing else.
func TestListsFollowTheTreeWhateverHappensAtOnce(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		var tree []string
		for i := range 4 {
			c, err := s.Tree.Create(t.Context(), category.Draft{Name: "n", Slug: fmt.Sprint("slug-", i)})
			s.Must(err)
			tree = append(tree, c.ID)
		}
		products := []string{s.Product(1), s.Product(1), s.Product(1)}
		anyVersion := func(int64) error { return nil }
		for _, err := range catalogtest.Together(24, func(i int) (err error) {
			if i%2 == 0 {
				_, err = s.Tree.Change(t.Context(), tree[i%4], anyVersion, category.Change{ParentID: &tree[(i/4+1)%4]})
			} else {
				_, err = s.Tree.Assign(s.Manager(), category.Assignment{ProductID: products[i%3], CategoryIDs: []string{tree[i/2%4], tree[(i/2+1)%4]}})
			}
			return err
		}) {
			if err != nil && fault.CodeOf(err) != fault.InvalidArgument { // a circle
				t.Error(err)
			}
		}
		for rule, broken := range map[string][]string{
			"what is listed is there": s.Column(`SELECT l.product_id FROM catalog_category_listings l JOIN catalog_categories a ON a.id = l.category_id
				WHERE NOT EXISTS (SELECT 1 FROM catalog_category_products m JOIN catalog_categories c ON c.id = m.category_id
				WHERE m.product_id = l.product_id AND INSTR(c.path, a.path) = 1)`),
			"what is there is listed": s.Column(`SELECT m.product_id FROM catalog_category_products m JOIN catalog_categories c ON c.id = m.category_id
				JOIN catalog_categories a ON INSTR(c.path, a.path) = 1 WHERE NOT EXISTS (SELECT 1 FROM catalog_category_listings l
				WHERE l.category_id = a.id AND l.product_id = m.product_id)`),
			"a path ends below the parent": s.Column(`SELECT c.id FROM catalog_categories c JOIN catalog_categories a ON a.id = c.parent_id
				WHERE c.path <> REPLACE(a.path, CONCAT('/', a.id, '/'), CONCAT('/', a.id, '/', c.id, '/'))`),
			"nothing is its own ancestor": s.Column(`SELECT c.id FROM catalog_categories c WHERE c.parent_id = '' AND c.path <> CONCAT('/', c.id, '/')`),
		} {
			if len(broken) > 0 {
				t.Errorf("%s: not so for %v", rule, broken)
			}
		}
	})
}

// A category that is being deleted takes no product.
func TestNothingIsPutIntoWhatIsDeleted(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		for i := range 10 {
			c, err := s.Tree.Create(t.Context(), category.Draft{Name: "n", Slug: fmt.Sprint("slug-", i)})
			s.Must(err)
			p := s.Product(1)
			errs := catalogtest.Together(2, func(i int) error {
				if i == 0 {
					return s.Tree.Delete(t.Context(), c.ID, func(int64) error { return nil })
				}
				_, err := s.Tree.Assign(s.Manager(), category.Assignment{ProductID: p, CategoryIDs: []string{c.ID}})
				return err
			})
			deleted, put := errs[0] == nil, errs[1] == nil
			if deleted == put {
				t.Errorf("deleted: %v, put: %v", errs[0], errs[1])
			}
		}
	})
}
