package product_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/slugs"
	"app/platform/fault"
	"app/platform/ids"
	"app/platform/operation/operationtest"
	"app/platform/slug"
)

func TestSlugIsMadeOfTheTitle(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		var got []string
		for i, title := range []string{"Crème Chair", "crème chair", "Creme-chair!", "椅子"} {
			p, err := offer(s, title, string(rune('a'+i)))
			s.Must(err)
			read, err := s.Products.ByID(t.Context(), p.ID)
			s.Must(err)
			got = append(got, p.Slug)
			if read.Slug != p.Slug {
				t.Errorf("made %q, read %q", p.Slug, read.Slug)
			}
		}
		if diff := cmp.Diff([]string{"creme-chair", "creme-chair-2", "creme-chair-3", "product"}, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// Many products of one title cost no more looks than a few, and each has a slug.
func TestSlugsOfOneTitle(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		const many = 24
		got := make([]string, many)
		s.Must(catalogtest.Together(many, func(i int) error {
			p, err := s.Products.Create(s.Manager(), product.Draft{
				MerchantID: catalogtest.Merchant, Title: strings.Repeat("chair ", 20), SKU: ids.New("sku", catalogtest.Start), Price: catalogtest.Euro,
			})
			got[i] = p.Slug
			return err
		})...)
		slices.Sort(got)
		if distinct := slices.Compact(slices.Clone(got)); len(distinct) != many {
			t.Errorf("slugs that two products have: %v", got)
		}
		for _, made := range got {
			if wrong := slug.Validate("/slug", made); wrong != nil {
				t.Errorf("%q: %v", made, wrong)
			}
		}
	})
}

func TestSlugNamesOneListedProduct(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	p := a.Create("slug", `"oak-chair"`)
	if p.Slug != "oak-chair" {
		t.Errorf("%q", p.Slug)
	}
	taken := a.Call(catalogtest.Manager, "POST", "/v1/products", catalogtest.Draft("sku", `"2"`, "slug", `"oak-chair"`))
	operationtest.WantProblem(t, taken, 409, "slug_taken", "/slug")
	other := a.Create("sku", `"2"`, "title", `"Oak chair"`)
	path := "/v1/products/" + other.ID
	if other.Slug != "oak-chair-2" {
		t.Errorf("the second is %q", other.Slug)
	}
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PATCH", path, `{"slug":"oak-chair"}`), 409, "slug_taken", "/slug")
	for _, bad := range []string{`"ab"`, `"Oak"`, `"a--b"`, `""`, `null`, quoted(49)} {
		operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PATCH", path, `{"slug":`+bad+`}`), 422, "validation_failed", "/slug")
		made := a.Call(catalogtest.Manager, "POST", "/v1/products", catalogtest.Draft("sku", `"3"`, "slug", bad))
		operationtest.WantProblem(t, made, 422, "validation_failed", "/slug")
	}
	renamed := operationtest.Read[product.Body](t, a.Must(200, catalogtest.Manager, "PATCH", path, `{"title":"Stool"}`))
	if renamed.Slug != "oak-chair-2" {
		t.Errorf("another title makes the slug %q", renamed.Slug)
	}
	a.Must(200, catalogtest.Manager, "PATCH", path, `{"slug":"stool"}`)
	mine := "?merchant_id=" + catalogtest.Merchant + "&slug="
	for name, want := range map[string]string{"oak-chair": "Chair", "stool": "Stool", "oak-chair-2": "", "STOOL": ""} {
		if got := pageTitles(pageOf(a, mine+name)); got != want {
			t.Errorf("%s finds %q, want %q", name, got, want)
		}
	}
	if got := pageTitles(pageOf(a, mine+"stool&sku=CH-1")); got != "" {
		t.Errorf("the slug of one and the sku of another find %q", got)
	}
	a.Must(204, catalogtest.Manager, "DELETE", "/v1/products/"+p.ID, "")
	a.Must(200, catalogtest.Manager, "PATCH", path, `{"slug":"oak-chair"}`) // free again
}

func TestSlugsAreTheMerchantsOwn(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	a.Create("slug", `"oak-chair"`)
	theirs := a.Must(201, catalogtest.Stranger, "POST", "/v1/products", catalogtest.Draft("merchant_id", `"`+catalogtest.Foreign+`"`, "slug", `"oak-chair"`))
	if got := operationtest.Read[product.Body](t, theirs); got.Slug != "oak-chair" {
		t.Errorf("%q", got.Slug)
	}
}

// The release before lists products without a slug.
func TestProductsOfBeforeGetSlugs(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		var made []product.Product
		for _, sku := range []string{"1", "2", "3", "4"} {
			p, err := offer(s, "Chair", sku)
			s.Must(err)
			made = append(made, p)
		}
		s.Must(s.Products.Archive(s.Manager(), made[3].ID, nil))
		s.Exec(`UPDATE catalog_products SET slug = '', slug_key = NULL WHERE slug <> 'chair'`)
		s.Must(catalogtest.Together(3, func(int) error { _, err := slugs.FillOnce(t.Context(), s.DB); return err })...)
		var got []string
		for i, p := range made[:3] {
			now, err := s.Products.ByID(t.Context(), p.ID)
			s.Must(err)
			got = append(got, now.Slug)
			if want := p.Version + int64(min(i, 1)); now.Version != want {
				t.Errorf("%s: version %d, want %d", now.Slug, now.Version, want)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff([]string{"chair", "chair-2", "chair-3"}, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if left := s.Column(`SELECT slug FROM catalog_products WHERE id = ?`, made[3].ID); left[0] != "" {
			t.Errorf("an archived product got the slug %q", left[0])
		}
		if more, err := slugs.FillOnce(t.Context(), s.DB); more || err != nil {
			t.Errorf("after all: %v, %v", more, err)
		}
	})
}

func TestRefusedProductTakesNoSlug(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		if _, err := offer(s, "Chair", "1"); err != nil {
			t.Fatal(err)
		}
		if _, err := offer(s, "Chair", "1"); fault.ReasonOf(err) != "sku_taken" {
			t.Errorf("a taken sku: %v", err)
		}
		if p, err := offer(s, "Chair", "2"); err != nil || p.Slug != "chair-2" {
			t.Errorf("%q, %v", p.Slug, err)
		}
	})
}
