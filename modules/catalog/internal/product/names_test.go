package product_test

import (
	"net/url"
	"testing"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/product"
	"app/platform/fault"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

// numbered lists a product that the merchant's own system knows.
func numbered(s *catalogtest.Shop, sku, externalID string) (product.Product, error) {
	return s.Products.Create(s.Manager(), product.Draft{
		MerchantID: catalogtest.Merchant, Title: "Chair", SKU: sku, ExternalID: externalID, Price: catalogtest.Euro,
	})
}

func TestExternalIDNamesOneListedProduct(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		first, err := numbered(s, "1", " A-1 ")
		if err != nil || first.ExternalID != "A-1" {
			t.Fatalf("%q, %v", first.ExternalID, err)
		}
		if _, err := numbered(s, "2", "A-1"); fault.ReasonOf(err) != "external_id_taken" || fieldsOf(err)[0].Pointer != "/external_id" {
			t.Errorf("taken: %v", err)
		}
		if _, err := numbered(s, "1", "A-2"); fault.ReasonOf(err) != "sku_taken" {
			t.Errorf("with a taken sku: %v", err)
		}
		other, err := numbered(s, "2", "a-1") // compared as it is
		s.Must(err)
		taken, none := "A-1", ""
		if _, err := s.Products.Change(s.Manager(), other.ID, nil, product.Change{ExternalID: &taken}); fault.ReasonOf(err) != "external_id_taken" {
			t.Errorf("changed to a taken one: %v", err)
		}
		if _, err := s.Products.Change(s.Manager(), first.ID, nil, product.Change{ExternalID: &none}); err != nil {
			t.Errorf("taken away: %v", err)
		}
		if _, err := s.Products.Change(s.Manager(), other.ID, nil, product.Change{ExternalID: &taken}); err != nil {
			t.Errorf("free again: %v", err)
		}
		for _, sku := range []string{"3", "4"} { // products without one do not meet
			if _, err := numbered(s, sku, ""); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestArchivedProductsGiveTheirExternalIDBack(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		for range 2 { // the clock stands still: both are archived at the same moment
			p, err := numbered(s, "1", "A-1")
			s.Must(err, s.Products.Archive(s.Manager(), p.ID, nil))
		}
		p, err := numbered(s, "1", "A-1")
		s.Must(err)
		// The release before archives a product without giving its external_key back.
		s.Exec(`UPDATE catalog_products SET archived_at = 1, sku_key = id, sku_fold = NULL, version = version + 1 WHERE id = ?`, p.ID)
		if _, err := numbered(s, "1", "A-1"); err != nil {
			t.Errorf("not free: %v", err)
		}
	})
}

func TestFindByName(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	a.Create("sku", `"Crème-1"`, "external_id", `"A/1 b"`, "title", `"chair"`)
	a.Create("sku", `"T-1"`, "external_id", `"a/1 b"`, "title", `"table"`)
	gone := a.Create("sku", `"G-1"`, "external_id", `"G"`, "title", `"gone"`)
	a.Must(204, catalogtest.Manager, "DELETE", "/v1/products/"+gone.ID, "")
	for query, want := range map[string]string{
		"sku=Crème-1": "chair", "sku=CRE\u0300ME-1": "chair", "sku= t-1 ": "table", "sku=Creme-1": "", "sku=T": "", "sku=" + gone.ID: "",
		"sku=G-1": "", "external_id=A/1 b": "chair", "external_id=a/1 b": "table", "external_id=A/1": "", "external_id=G": "",
		"external_id=A/1 b&sku=crème-1": "chair", "external_id=A/1 b&sku=T-1": "",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if got := pageTitles(pageOf(a, "?merchant_id="+catalogtest.Merchant+"&"+values.Encode())); got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
		if got := pageTitles(pageOf(a, "?merchant_id="+catalogtest.Foreign+"&"+values.Encode())); got != "" {
			t.Errorf("%s of another merchant finds %q", query, got)
		}
	}
	beyond := "&after=" + operation.EncodeCursor("1", catalogtest.Missing)
	if got := pageTitles(pageOf(a, "?merchant_id="+catalogtest.Merchant+"&sku=T-1"+beyond)); got != "" {
		t.Errorf("a page after the only one has %q", got)
	}
}

func TestFindByNameRefuses(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	mine := "merchant_id=" + catalogtest.Merchant
	for query, pointer := range map[string]string{
		"sku=x": "/merchant_id", "external_id=x": "/merchant_id", mine + "&sku=x&q=chair": "/q", mine + "&sku=%20": "/sku",
		mine + "&external_id=a%E2%80%8Bb": "/external_id",
	} {
		operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "GET", "/v1/products?"+query, ""), 422, "validation_failed", pointer)
	}
}

func TestExternalIDRefuses(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	a.Create("external_id", `"taken"`)
	for sent, status := range map[string]int{quoted(65): 422, `"\u0007"`: 422, `null`: 422, `7`: 422, `"taken"`: 409} {
		code := map[int]string{422: "validation_failed", 409: "external_id_taken"}[status]
		made := a.Call(catalogtest.Manager, "POST", "/v1/products", catalogtest.Draft("sku", `"other"`, "external_id", sent))
		operationtest.WantProblem(t, made, status, code, "/external_id")
	}
}

// Two skus of before that are one by now are each found by their own spelling.
func TestFindByNameOfBefore(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		upper, err := numbered(s, "A", "")
		s.Must(err)
		lower, err := numbered(s, "b", "")
		s.Must(err)
		s.Exec(`UPDATE catalog_products SET sku = 'a', sku_key = 'a', sku_fold = NULL WHERE id = ?`, lower.ID)
		for sku, want := range map[string]string{"A": upper.ID, "a": lower.ID, "Ａ": upper.ID} {
			found := listAll(s, product.Query{MerchantID: catalogtest.Merchant, Names: product.Names{SKU: sku}, Limit: 9})
			if len(found) != 1 || found[0].ID != want {
				t.Errorf("%q finds %v", sku, found)
			}
		}
	})
}
