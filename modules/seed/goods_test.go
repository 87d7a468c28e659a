package seed

import "testing"

func TestStallsComeTo200DifferentProducts(t *testing.T) {
	t.Parallel()
	skus := map[string]bool{}
	for _, s := range stalls {
		for _, p := range s.generateProducts() {
			if skus[p.sku] || p.title == "" || p.price <= 0 || p.stock <= 0 {
				t.Errorf("%+v", p)
			}
			skus[p.sku] = true
		}
	}
	if len(stalls) != 3 || len(skus) != 200 {
		t.Errorf("%d stalls, %d products", len(stalls), len(skus))
	}
}
