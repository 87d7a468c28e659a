package product_test

import (
	"errors"
	"testing"

	"app/modules/catalog/internal/backfill"
	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/product"
	"app/platform/fault"
)

func offer(s *catalogtest.Shop, title, sku string) (product.Product, error) {
	return s.Products.Create(s.Manager(), product.Draft{MerchantID: catalogtest.Merchant, Title: title, SKU: sku, Price: catalogtest.Euro})
}

func finds(s *catalogtest.Shop, q, id string) bool {
	s.T.Helper()
	found, err := s.Products.List(s.T.Context(), product.Query{Text: q, Limit: 100})
	if err != nil {
		s.T.Fatal(err)
	}
	for _, p := range found {
		if p.ID == id {
			return true
		}
	}
	return false
}

// spellings are titles and the words that people look for them by.
var spellings = map[string][]string{
	"Café crème":   {"cafe\u0301", "CRÈME", "café cre\u0300me"},
	"Große Straße": {"STRASSE", "straße", "grosse", "ẞe"},
	"ΛΌΓΟΣ":        {"λόγος", "λόγοσ"},
	"ＷＩＤＥ":         {"wide", "Ｗide"},
	"ISPARTA Gülü": {"ısparta", "isparta", "İSPARTA"},
}

func TestFault25_SearchInAnySpelling(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		for title, words := range spellings {
			p, err := offer(s, title, "sku of "+title)
			if err != nil {
				t.Fatal(err)
			}
			for _, word := range words {
				if !finds(s, word, p.ID) {
					t.Errorf("%q is not found by %+q", title, word)
				}
			}
			if finds(s, "cafe", p.ID) {
				t.Errorf("%q is found by cafe", title)
			}
		}
	})
}

func TestFault25_OneSKUInAnySpelling(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p, err := offer(s, "Chair", "Crème-1")
		if err != nil {
			t.Fatal(err)
		}
		for _, sku := range []string{"Crème-1", "crème-1", "Cre\u0300me-1", "ＣＲÈＭＥ－１"} {
			if _, err := offer(s, "Chair", sku); fault.ReasonOf(err) != "sku_taken" {
				t.Errorf("%+q: %v", sku, err)
			}
		}
		other, err := offer(s, "Chair", "Creme-1")
		if err != nil {
			t.Fatal(err)
		}
		taken := "CRÈME-1"
		if _, err := s.Products.Change(s.Manager(), other.ID, nil, product.Change{SKU: &taken}); fault.ReasonOf(err) != "sku_taken" {
			t.Errorf("changed to a taken sku: %v", err)
		}
		if err := s.Products.Archive(s.Manager(), p.ID, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Products.Change(s.Manager(), other.ID, nil, product.Change{SKU: &taken}); err != nil {
			t.Errorf("the sku of an archived product: %v", err)
		}
	})
}

// asBefore makes of all products what the release before this one stored: text in lower
// case, skus as they are.
func asBefore(s *catalogtest.Shop) {
	s.T.Helper()
	s.Exec(`UPDATE catalog_products SET search = LOWER(title), sku_fold = NULL`)
	s.Exec(`DELETE FROM catalog_folded`)
}

func TestFault25_ProductsOfBeforeAreFoundAndFolded(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p, err := offer(s, "große Straße", "Crème-1")
		twin, err2 := offer(s, "Stuhl", "other")
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		asBefore(s)
		s.Exec(`UPDATE catalog_products SET sku = 'CRÈME-1', sku_key = 'CRÈME-1' WHERE id = ?`, twin.ID)
		if !finds(s, "straße", p.ID) || !finds(s, "STUHL", twin.ID) {
			t.Error("a product that was not folded yet is not found as before")
		}
		for range 2 {
			if more, err := backfill.FoldOnce(t.Context(), s.DB); more || err != nil {
				t.Fatal(more, err)
			}
		}
		if !finds(s, "STRASSE", p.ID) {
			t.Error("a product of before is not found by another spelling")
		}
		if _, err := offer(s, "Chair", "crème-1"); fault.ReasonOf(err) != "sku_taken" {
			t.Errorf("a sku of before is free: %v", err)
		}
		dearer := catalogtest.Euro
		dearer.Amount++
		for _, id := range []string{p.ID, twin.ID} { // both of the skus that collide by now stay as they are
			if _, err := s.Products.Change(s.Manager(), id, nil, product.Change{Price: &dearer}); err != nil {
				t.Errorf("a new price: %v", err)
			}
		}
	})
}

// The release before archives a product without giving its sku_fold back, while both
// run.
func TestFault25_SKUThatAnEarlierReleaseGaveBack(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p, err := offer(s, "Chair", "C-1")
		if err != nil {
			t.Fatal(err)
		}
		s.Exec(`UPDATE catalog_products SET archived_at = 1, sku_key = id, version = version + 1 WHERE id = ?`, p.ID)
		if _, err := offer(s, "Chair", "c-1"); err != nil {
			t.Errorf("the sku is not free: %v", err)
		}
	})
}

func TestFault26_TextOfProducts(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		for _, bad := range []string{"\u200b\u200b", "a\u202eb", "\u2800", "a\u00adb", "\u3164"} {
			for pointer, d := range map[string]product.Draft{
				"/title": {Title: bad, SKU: "s"}, "/sku": {Title: "t", SKU: bad}, "/description": {Title: "t", SKU: "s", Description: bad},
			} {
				d.MerchantID, d.Price = catalogtest.Merchant, catalogtest.Euro
				_, err := s.Products.Create(s.Manager(), d)
				if f := fieldsOf(err); len(f) != 1 || f[0].Pointer != pointer {
					t.Errorf("%+q at %s: %v", bad, pointer, err)
				}
			}
		}
		p, err := offer(s, "کتاب\u200cها 山田\u3000太郎", "s")
		if err != nil || p.Title != "کتاب\u200cها 山田\u3000太郎" {
			t.Errorf("%+q, %v", p.Title, err)
		}
		// A title of before the rule does not stand in the way of another price.
		s.Exec(`UPDATE catalog_products SET title = ? WHERE id = ?`, "a\u200bb", p.ID)
		dearer := catalogtest.Euro
		dearer.Amount++
		if _, err := s.Products.Change(s.Manager(), p.ID, nil, product.Change{Price: &dearer}); err != nil {
			t.Error(err)
		}
	})
}

func fieldsOf(err error) []fault.Field {
	var f *fault.Error
	errors.As(err, &f)
	if f == nil {
		return nil
	}
	return f.Fields
}
