package service_test

import (
	"context"
	"errors"
	"testing"

	"app/modules/catalog/internal/service"
	"app/platform/database"
	"app/platform/fault"
)

func (s *shop) offer(title, sku string) (service.Product, error) {
	return s.Create(s.manager(), service.Draft{MerchantID: merchant, Title: title, SKU: sku, Price: euro})
}

func (s *shop) finds(q, id string) bool {
	s.t.Helper()
	found, err := s.List(s.t.Context(), service.Query{Text: q, Limit: 100})
	if err != nil {
		s.t.Fatal(err)
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
	each(t, func(t *testing.T, s *shop) {
		for title, words := range spellings {
			p, err := s.offer(title, "sku of "+title)
			if err != nil {
				t.Fatal(err)
			}
			for _, word := range words {
				if !s.finds(word, p.ID) {
					t.Errorf("%q is not found by %+q", title, word)
				}
			}
			if s.finds("cafe", p.ID) {
				t.Errorf("%q is found by cafe", title)
			}
		}
	})
}

func TestFault25_OneSKUInAnySpelling(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p, err := s.offer("Chair", "Crème-1")
		if err != nil {
			t.Fatal(err)
		}
		for _, sku := range []string{"Crème-1", "crème-1", "Cre\u0300me-1", "ＣＲÈＭＥ－１"} {
			if _, err := s.offer("Chair", sku); fault.ReasonOf(err) != "sku_taken" {
				t.Errorf("%+q: %v", sku, err)
			}
		}
		other, err := s.offer("Chair", "Creme-1")
		if err != nil {
			t.Fatal(err)
		}
		taken := "CRÈME-1"
		if _, err := s.Change(s.manager(), other.ID, nil, service.Change{SKU: &taken}); fault.ReasonOf(err) != "sku_taken" {
			t.Errorf("changed to a taken sku: %v", err)
		}
		if err := s.Archive(s.manager(), p.ID, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Change(s.manager(), other.ID, nil, service.Change{SKU: &taken}); err != nil {
			t.Errorf("the sku of an archived product: %v", err)
		}
	})
}

// asBefore makes of all products what the release before this one stored: text in lower
// case, skus as they are.
func (s *shop) asBefore() {
	s.t.Helper()
	s.exec(`UPDATE catalog_products SET search = LOWER(title), sku_fold = NULL`)
	s.exec(`DELETE FROM catalog_folded`)
}

func (s *shop) exec(query string, args ...any) {
	s.t.Helper()
	err := s.db.Write(s.t.Context(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestFault25_ProductsOfBeforeAreFoundAndFolded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p, err := s.offer("große Straße", "Crème-1")
		twin, err2 := s.offer("Stuhl", "other")
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		s.asBefore()
		s.exec(`UPDATE catalog_products SET sku = 'CRÈME-1', sku_key = 'CRÈME-1' WHERE id = ?`, twin.ID)
		if !s.finds("straße", p.ID) || !s.finds("STUHL", twin.ID) {
			t.Error("a product that was not folded yet is not found as before")
		}
		for range 2 {
			if more, err := s.FoldOnce(t.Context()); more || err != nil {
				t.Fatal(more, err)
			}
		}
		if !s.finds("STRASSE", p.ID) {
			t.Error("a product of before is not found by another spelling")
		}
		if _, err := s.offer("Chair", "crème-1"); fault.ReasonOf(err) != "sku_taken" {
			t.Errorf("a sku of before is free: %v", err)
		}
		dearer := euro
		dearer.Amount++
		for _, id := range []string{p.ID, twin.ID} { // both of the skus that collide by now stay as they are
			if _, err := s.Change(s.manager(), id, nil, service.Change{Price: &dearer}); err != nil {
				t.Errorf("a new price: %v", err)
			}
		}
	})
}

// The release before archives a product without giving its sku_fold back, while both
// run.
func TestFault25_SKUThatAnEarlierReleaseGaveBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		p, err := s.offer("Chair", "C-1")
		if err != nil {
			t.Fatal(err)
		}
		s.exec(`UPDATE catalog_products SET archived_at = 1, sku_key = id, version = version + 1 WHERE id = ?`, p.ID)
		if _, err := s.offer("Chair", "c-1"); err != nil {
			t.Errorf("the sku is not free: %v", err)
		}
	})
}

func TestFault26_TextOfProducts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		for _, bad := range []string{"\u200b\u200b", "a\u202eb", "\u2800", "a\u00adb", "\u3164"} {
			for pointer, d := range map[string]service.Draft{
				"/title": {Title: bad, SKU: "s"}, "/sku": {Title: "t", SKU: bad}, "/description": {Title: "t", SKU: "s", Description: bad},
			} {
				d.MerchantID, d.Price = merchant, euro
				_, err := s.Create(s.manager(), d)
				if f := fieldsOf(err); len(f) != 1 || f[0].Pointer != pointer {
					t.Errorf("%+q at %s: %v", bad, pointer, err)
				}
			}
		}
		p, err := s.offer("کتاب\u200cها 山田\u3000太郎", "s")
		if err != nil || p.Title != "کتاب\u200cها 山田\u3000太郎" {
			t.Errorf("%+q, %v", p.Title, err)
		}
		// A title of before the rule does not stand in the way of another price.
		s.exec(`UPDATE catalog_products SET title = ? WHERE id = ?`, "a\u200bb", p.ID)
		dearer := euro
		dearer.Amount++
		if _, err := s.Change(s.manager(), p.ID, nil, service.Change{Price: &dearer}); err != nil {
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
