package category_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/category"
	"app/modules/catalog/internal/product"
	"app/platform/ids"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

var missing = ids.Derive("cat", catalogtest.Start, "missing")

// create adds a category named by its slug below another one.
func create(a catalogtest.API, slug, parentID string) category.Body {
	a.Helper()
	body := fmt.Sprintf(`{"name":%q,"slug":%q,"parent_id":%q}`, slug, slug, parentID)
	return operationtest.Read[category.Body](a, a.Must(201, operationtest.Root, "POST", "/v1/categories", body))
}

// treeOf is the slugs of the tree, each with a dot for each category above.
func treeOf(a catalogtest.API) string {
	a.Helper()
	page := operationtest.Read[operation.Page[category.Body]](a, a.Must(200, catalogtest.Nobody, "GET", "/v1/categories", ""))
	var out []string
	for _, c := range page.Data {
		out = append(out, strings.Repeat(".", len(c.Path)-1)+c.Slug)
	}
	return strings.Join(out, " ")
}

// put puts a product into categories.
func put(a catalogtest.API, productID string, categoryIDs ...string) product.Body {
	a.Helper()
	return operationtest.Read[product.Body](a, a.Must(200, catalogtest.Manager, "PUT", "/v1/products/"+productID+"/categories", idsBody(categoryIDs...)))
}

func idsBody(categoryIDs ...string) string {
	if len(categoryIDs) == 0 {
		return `{"category_ids":[]}`
	}
	return `{"category_ids":["` + strings.Join(categoryIDs, `","`) + `"]}`
}

// listed is the titles of the products in a category.
func listed(a catalogtest.API, categoryID, query string) string {
	a.Helper()
	page := operationtest.Read[operation.Page[product.Body]](a, a.Must(200, catalogtest.Nobody, "GET", "/v1/products?category_id="+categoryID+query, ""))
	var out []string
	for _, p := range page.Data {
		out = append(out, p.Title)
	}
	return strings.Join(out, " ")
}

func titled(a catalogtest.API, title string) string {
	a.Helper()
	return a.Create("title", `"`+title+`"`, "sku", `"`+title+`"`).ID
}

func TestWireShape(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	home := create(a, "home", "")
	made := a.Must(201, operationtest.Root, "POST", "/v1/categories", `{"name":" Chairs ","slug":"chairs","parent_id":"`+home.ID+`","position":3}`)
	c := operationtest.Read[category.Body](t, made)
	want := fmt.Sprintf(`{"id":%q,"parent_id":%q,"path":[%q,%q],"name":"Chairs","slug":"chairs","position":3,"created_at":"2025-03-01T12:00:02.123456Z"}`+"\n",
		c.ID, home.ID, home.ID, c.ID)
	got := a.Must(200, catalogtest.Nobody, "GET", "/v1/categories/"+c.ID, "")
	if diff := cmp.Diff([]string{want, want, "/v1/categories/" + c.ID, `"1"`}, []string{made.Body, got.Body, made.Header.Get("Location"), got.Header.Get("ETag")}); diff != "" {
		t.Error(diff)
	}
	a.Must(304, catalogtest.Nobody, "GET", "/v1/categories/"+c.ID, "", `If-None-Match: "1"`)
	for _, id := range []string{missing, "cat_x"} {
		operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "GET", "/v1/categories/"+id, ""), 404, "category_not_found")
	}
}

func TestOnlyAdministratorsChangeTheTree(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	c := create(a, "home", "")
	for _, route := range []struct{ method, path, body string }{
		{"POST", "/v1/categories", `{"name":"x","slug":"xxx"}`}, {"PATCH", "/v1/categories/" + c.ID, `{"name":"x"}`}, {"DELETE", "/v1/categories/" + c.ID, ""},
	} {
		operationtest.WantProblem(t, a.Call(catalogtest.Manager, route.method, route.path, route.body), 403, "permission_denied")
		operationtest.WantProblem(t, a.Call(catalogtest.Nobody, route.method, route.path, route.body), 401, "unauthenticated")
	}
	if got := treeOf(a); got != "home" {
		t.Errorf("the tree is %q", got)
	}
}

func TestChangeAndMove(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	home, garden := create(a, "home", ""), create(a, "garden", "")
	chairs := create(a, "chairs", home.ID)
	stools := create(a, "stools", chairs.ID)
	path := "/v1/categories/" + chairs.ID
	tag := a.Must(200, catalogtest.Nobody, "GET", "/v1/categories/"+stools.ID, "").Header.Get("ETag")
	if got := treeOf(a); got != "home .chairs ..stools garden" {
		t.Errorf("the tree is %q", got)
	}
	moved := operationtest.Read[category.Body](t, a.Must(200, operationtest.Root, "PATCH", path, `{"parent_id":"`+garden.ID+`","slug":"seats"}`, `If-Match: "1"`))
	if diff := cmp.Diff([]string{garden.ID, chairs.ID}, moved.Path); diff != "" || moved.Name != "chairs" {
		t.Errorf("%+v\n%s", moved, diff)
	}
	if got := treeOf(a); got != "home garden .seats ..stools" {
		t.Errorf("the tree is %q", got)
	}
	below := a.Must(200, catalogtest.Nobody, "GET", "/v1/categories/"+stools.ID, "")
	if diff := cmp.Diff([]string{garden.ID, chairs.ID, stools.ID}, operationtest.Read[category.Body](t, below).Path); diff != "" || below.Header.Get("ETag") == tag {
		t.Errorf("what is below has the tag %s\n%s", tag, diff)
	}
	operationtest.WantProblem(t, a.Call(operationtest.Root, "PATCH", path, `{"name":"x"}`, `If-Match: "1"`), 412, "version_mismatch")
	operationtest.WantProblem(t, a.Call(operationtest.Root, "PATCH", path, `{"parent_id":"`+chairs.ID+`"}`), 422, "validation_failed", "/parent_id")
	operationtest.WantProblem(t, a.Call(operationtest.Root, "PATCH", path, `{"parent_id":"`+stools.ID+`"}`), 422, "validation_failed", "/parent_id")
	operationtest.WantProblem(t, a.Call(operationtest.Root, "PATCH", path, `{"parent_id":"`+missing+`"}`), 422, "validation_failed", "/parent_id")
	operationtest.WantProblem(t, a.Call(operationtest.Root, "PATCH", path, `{"parent_id":"","slug":"home"}`), 409, "slug_taken", "/slug")
	operationtest.WantProblem(t, a.Call(operationtest.Root, "PATCH", "/v1/categories/"+missing, `{"name":"x"}`), 404, "category_not_found")
	a.Must(200, operationtest.Root, "PATCH", path, `{"parent_id":"","position":0}`)
	a.Must(200, operationtest.Root, "PATCH", "/v1/categories/"+home.ID, `{"position":2}`)
	if got := treeOf(a); got != "garden seats .stools home" {
		t.Errorf("the tree is %q", got)
	}
}

func TestTheTreeIsSixDeep(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	at, third := "", ""
	for i := range category.MaxDepth {
		if at = create(a, fmt.Sprint("level-", i), at).ID; i == 2 {
			third = at
		}
	}
	operationtest.WantProblem(t, a.Call(operationtest.Root, "POST", "/v1/categories", `{"name":"x","slug":"xxx","parent_id":"`+at+`"}`), 422, "validation_failed", "/parent_id")
	top := create(a, "top", "")
	below := create(a, "below", top.ID)
	operationtest.WantProblem(t, a.Call(operationtest.Root, "PATCH", "/v1/categories/"+third, `{"parent_id":"`+create(a, "deep", below.ID).ID+`"}`), 422, "validation_failed", "/parent_id")
	a.Must(200, operationtest.Root, "PATCH", "/v1/categories/"+third, `{"parent_id":"`+below.ID+`"}`)
}

func TestCreateAgainWithTheSameKey(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	first := a.Must(201, operationtest.Root, "POST", "/v1/categories", `{"name":"x","slug":"xxx"}`, "Idempotency-Key: k1")
	again := a.Must(201, operationtest.Root, "POST", "/v1/categories", `{"name":"x","slug":"xxx"}`, "Idempotency-Key: k1")
	if first.Body != again.Body {
		t.Errorf("first %s, then %s", first.Body, again.Body)
	}
	operationtest.WantProblem(t, a.Call(operationtest.Root, "POST", "/v1/categories", `{"name":"x","slug":"xxx"}`), 409, "slug_taken", "/slug")
}

func TestOnlyWhatIsEmptyIsDeleted(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	home := create(a, "home", "")
	chairs := create(a, "chairs", home.ID)
	p := titled(a, "stool")
	put(a, p, chairs.ID)
	for _, id := range []string{home.ID, chairs.ID} {
		operationtest.WantProblem(t, a.Call(operationtest.Root, "DELETE", "/v1/categories/"+id, ""), 409, "category_not_empty")
	}
	operationtest.WantProblem(t, a.Call(operationtest.Root, "DELETE", "/v1/categories/"+missing, ""), 404, "category_not_found")
	a.Must(204, catalogtest.Manager, "DELETE", "/v1/products/"+p, "") // archived, it is in no way
	operationtest.WantProblem(t, a.Call(operationtest.Root, "DELETE", "/v1/categories/"+chairs.ID, "", `If-Match: "7"`), 412, "version_mismatch")
	a.Must(204, operationtest.Root, "DELETE", "/v1/categories/"+chairs.ID, "", `If-Match: "1"`)
	a.Must(204, operationtest.Root, "DELETE", "/v1/categories/"+home.ID, "")
	if got := treeOf(a); got != "" {
		t.Errorf("the tree is %q", got)
	}
}

func TestProductsInCategories(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	home, garden := create(a, "home", ""), create(a, "garden", "")
	chairs := create(a, "chairs", home.ID)
	stool, lamp, hose := titled(a, "stool"), titled(a, "lamp"), titled(a, "hose")
	put(a, stool, garden.ID, chairs.ID, home.ID) // in a category and in one above it: listed once
	put(a, lamp, home.ID)
	put(a, hose, garden.ID)
	want := func(home_, chairs_, garden_ string) {
		t.Helper()
		got := []string{listed(a, home.ID, ""), listed(a, chairs.ID, ""), listed(a, garden.ID, "")}
		if diff := cmp.Diff([]string{home_, chairs_, garden_}, got); diff != "" {
			t.Errorf("in home, chairs and garden (-want +got):\n%s", diff)
		}
	}
	want("lamp stool", "stool", "hose stool")
	for query, want := range map[string]string{
		"&merchant_id=" + catalogtest.Merchant: "lamp stool", "&merchant_id=" + catalogtest.Foreign: "", "&q=STOOL": "stool", "&q=hose": "",
	} {
		if got := listed(a, home.ID, query); got != want {
			t.Errorf("%s lists %q, want %q", query, got, want)
		}
	}
	got := operationtest.Read[product.Body](t, a.Must(200, catalogtest.Nobody, "GET", "/v1/products/"+stool, ""))
	if diff := cmp.Diff([]string{garden.ID, chairs.ID, home.ID}, got.CategoryIDs); diff != "" {
		t.Error(diff)
	}
	put(a, stool, chairs.ID)
	want("lamp stool", "stool", "hose")
	a.Must(200, operationtest.Root, "PATCH", "/v1/categories/"+chairs.ID, `{"parent_id":"`+garden.ID+`"}`)
	want("lamp", "stool", "hose stool")
	put(a, stool, home.ID, chairs.ID)
	a.Must(200, operationtest.Root, "PATCH", "/v1/categories/"+chairs.ID, `{"parent_id":""}`)
	want("lamp stool", "stool", "hose") // still in home by itself
	put(a, lamp)
	a.Must(204, catalogtest.Manager, "DELETE", "/v1/products/"+stool, "")
	want("", "", "hose")
}

func TestPagesOfACategory(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	home := create(a, "home", "")
	chairs := create(a, "chairs", home.ID)
	for i := range 5 {
		put(a, titled(a, fmt.Sprint(i)), []string{home.ID, chairs.ID}[i%2])
		titled(a, fmt.Sprint("other", i))
	}
	var seen []string
	for query := "&limit=2"; ; {
		seen = append(seen, listed(a, home.ID, query))
		page := operationtest.Read[operation.Page[product.Body]](t, a.Must(200, catalogtest.Nobody, "GET", "/v1/products?category_id="+home.ID+query, ""))
		if !page.HasMore {
			break
		}
		query = "&limit=2&after=" + url.QueryEscape(page.Next)
	}
	if diff := cmp.Diff([]string{"4 3", "2 1", "0"}, seen); diff != "" {
		t.Error(diff)
	}
	operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "GET", "/v1/products?category_id=x", ""), 422, "validation_failed", "/category_id")
}

func TestPutRefuses(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	home := create(a, "home", "")
	p := titled(a, "lamp")
	path := "/v1/products/" + p + "/categories"
	many := make([]string, 21)
	for i := range many {
		many[i] = ids.New("cat", catalogtest.Start)
	}
	for name, c := range map[string]struct {
		body     string
		pointers []string
	}{
		"nothing":  {`{}`, []string{"/category_ids"}},
		"no ids":   {idsBody("x", home.ID, "y"), []string{"/category_ids/0", "/category_ids/2"}},
		"unknown":  {idsBody(home.ID, missing), []string{"/category_ids/1"}},
		"twice":    {idsBody(home.ID, home.ID), []string{"/category_ids/1"}},
		"too many": {idsBody(many...), []string{"/category_ids"}},
	} {
		t.Run(name, func(t *testing.T) {
			operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PUT", path, c.body), 422, "validation_failed", c.pointers...)
		})
	}
	operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "PUT", path, idsBody()), 401, "unauthenticated")
	operationtest.WantProblem(t, a.Call(catalogtest.Viewer, "PUT", path, idsBody()), 403, "role_too_low")
	operationtest.WantProblem(t, a.Call(catalogtest.Stranger, "PUT", path, idsBody()), 404, "product_not_found")
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PUT", "/v1/products/"+catalogtest.Missing+"/categories", idsBody()), 404, "product_not_found")
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PUT", path, idsBody(home.ID), `If-Match: "9-1"`), 412, "version_mismatch")
	tag := a.Must(200, catalogtest.Manager, "PUT", path, idsBody(home.ID), `If-Match: "1-1"`).Header.Get("ETag")
	if tag != `"2-1"` {
		t.Errorf("the tag is %s", tag)
	}
}
