package collection_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/collection"
	"app/modules/catalog/internal/product"
	"app/platform/ids"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

var missing = ids.Derive("col", catalogtest.Start, "missing")

func draft(merchantID, slug string) string {
	return fmt.Sprintf(`{"merchant_id":%q,"name":" Summer ","slug":%q}`, merchantID, slug)
}

func create(a catalogtest.API, slug string) collection.Body {
	a.Helper()
	return operationtest.Read[collection.Body](a, a.Must(201, catalogtest.Manager, "POST", "/v1/collections", draft(catalogtest.Merchant, slug)))
}

func titled(a catalogtest.API, title string) string {
	a.Helper()
	return a.Create("title", `"`+title+`"`, "sku", `"`+title+`"`).ID
}

func idsBody(productIDs ...string) string {
	if len(productIDs) == 0 {
		return `{"product_ids":[]}`
	}
	return `{"product_ids":["` + strings.Join(productIDs, `","`) + `"]}`
}

// pageOf is a page of a list, and the titles in it.
func pageOf(a catalogtest.API, query string) (page operation.Page[product.Body], titles string) {
	a.Helper()
	page = operationtest.Read[operation.Page[product.Body]](a, a.Must(200, catalogtest.Nobody, "GET", "/v1/products?"+query, ""))
	for _, p := range page.Data {
		titles += p.Title + " "
	}
	return page, strings.TrimSpace(titles)
}

func slugsOf(a catalogtest.API, query string) (page operation.Page[collection.Body], slugs string) {
	a.Helper()
	page = operationtest.Read[operation.Page[collection.Body]](a, a.Must(200, catalogtest.Nobody, "GET", "/v1/collections?"+query, ""))
	for _, c := range page.Data {
		slugs += c.Slug + " "
	}
	return page, strings.TrimSpace(slugs)
}

func TestWireShape(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	made := a.Must(201, catalogtest.Manager, "POST", "/v1/collections", draft(catalogtest.Merchant, "summer"))
	c := operationtest.Read[collection.Body](t, made)
	want := fmt.Sprintf(`{"id":%q,"merchant_id":%q,"name":"Summer","slug":"summer","created_at":"2025-03-01T12:00:01.123456Z"}`+"\n", c.ID, catalogtest.Merchant)
	path := "/v1/collections/" + c.ID
	got := a.Must(200, catalogtest.Nobody, "GET", path, "")
	if diff := cmp.Diff([]string{want, want, path, `"1"`}, []string{made.Body, got.Body, made.Header.Get("Location"), got.Header.Get("ETag")}); diff != "" {
		t.Error(diff)
	}
	changed := a.Must(200, catalogtest.Manager, "PATCH", path, `{"name":"Autumn"}`, `If-Match: "1"`)
	again := a.Must(200, catalogtest.Nobody, "GET", path, "")
	if want := strings.Replace(want, "Summer", "Autumn", 1); changed.Body != want || again.Body != want || changed.Header.Get("ETag") != again.Header.Get("ETag") {
		t.Errorf("%s %s, then %s %s", changed.Header.Get("ETag"), changed.Body, again.Header.Get("ETag"), again.Body)
	}
	a.Must(204, catalogtest.Manager, "DELETE", path, "", `If-Match: "2"`)
	operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "GET", path, ""), 404, "collection_not_found")
	create(a, "summer") // the slug is free again
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	create(a, "taken")
	for name, c := range map[string]struct {
		body     string
		status   int
		code     string
		pointers []string
	}{
		"nothing":             {`{}`, 422, "validation_failed", []string{"/merchant_id", "/name", "/slug"}},
		"odd texts":           {`{"merchant_id":"` + catalogtest.Merchant + `","name":" ","slug":"A-b"}`, 422, "validation_failed", []string{"/name", "/slug"}},
		"no merchant":         {draft("x", "summer"), 422, "validation_failed", []string{"/merchant_id"}},
		"taken slug":          {draft(catalogtest.Merchant, "taken"), 409, "slug_taken", []string{"/slug"}},
		"another's merchant":  {draft(catalogtest.Foreign, "summer"), 404, "merchant_not_found", nil},
		"unapproved merchant": {draft(catalogtest.Pending, "summer"), 409, "merchant_not_approved", nil},
	} {
		t.Run(name, func(t *testing.T) {
			operationtest.WantProblem(t, a.Call(catalogtest.Manager, "POST", "/v1/collections", c.body), c.status, c.code, c.pointers...)
		})
	}
	a.Must(201, catalogtest.Stranger, "POST", "/v1/collections", draft(catalogtest.Foreign, "taken"))
}

func TestCreateAgainWithTheSameKey(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	body := draft(catalogtest.Merchant, "summer")
	first := a.Must(201, catalogtest.Manager, "POST", "/v1/collections", body, "Idempotency-Key: k1")
	again := a.Must(201, catalogtest.Manager, "POST", "/v1/collections", body, "Idempotency-Key: k1")
	if first.Body != again.Body {
		t.Errorf("first %s, then %s", first.Body, again.Body)
	}
}

func TestOnlyItsManagersChangeACollection(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	c := create(a, "summer")
	for _, route := range []struct{ method, path, body string }{
		{"PATCH", "/v1/collections/%s", `{"name":"Mine"}`}, {"PUT", "/v1/collections/%s/products", idsBody()}, {"DELETE", "/v1/collections/%s", ""},
	} {
		path, none := strings.Replace(route.path, "%s", c.ID, 1), strings.Replace(route.path, "%s", missing, 1)
		operationtest.WantProblem(t, a.Call(catalogtest.Nobody, route.method, path, route.body), 401, "unauthenticated")
		operationtest.WantProblem(t, a.Call(catalogtest.Viewer, route.method, path, route.body), 403, "role_too_low")
		another := a.Call(catalogtest.Stranger, route.method, path, route.body)
		operationtest.WantProblem(t, another, 404, "collection_not_found")
		if absent := a.Call(catalogtest.Stranger, route.method, none, route.body); absent.Body != another.Body {
			t.Errorf("another's collection can be told from none:\n%s%s", another.Body, absent.Body)
		}
		operationtest.WantProblem(t, a.Call(catalogtest.Manager, route.method, path, route.body, `If-Match: "7"`), 412, "version_mismatch")
		if own := a.Call(catalogtest.Manager, route.method, path, route.body); own.Status >= 300 {
			t.Errorf("%s %s: %d %s", route.method, path, own.Status, own.Body)
		}
	}
}

func TestProductsComeInTheOrderOfTheMerchant(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	c := create(a, "summer")
	lamp, hose, stool := titled(a, "lamp"), titled(a, "hose"), titled(a, "stool")
	titled(a, "other")
	path, query := "/v1/collections/"+c.ID+"/products", "collection_id="+c.ID
	tag := a.Must(200, catalogtest.Manager, "PUT", path, idsBody(hose, stool, lamp), `If-Match: "1"`).Header.Get("ETag")
	if got := a.Must(200, catalogtest.Nobody, "GET", "/v1/collections/"+c.ID, "").Header.Get("ETag"); tag != `"2"` || got != tag {
		t.Errorf("the tag is %s, then %s", tag, got)
	}
	for filter, want := range map[string]string{
		"": "hose stool lamp", "&q=STOOL": "stool", "&merchant_id=" + catalogtest.Foreign: "", "&merchant_id=" + catalogtest.Merchant: "hose stool lamp",
		"&category_id=" + ids.New("cat", catalogtest.Start): "",
	} {
		if _, got := pageOf(a, query+filter); got != want {
			t.Errorf("%s lists %q, want %q", filter, got, want)
		}
	}
	first, titles := pageOf(a, query+"&limit=2")
	next := query + "&limit=2&after=" + url.QueryEscape(first.Next)
	if _, rest := pageOf(a, next); titles != "hose stool" || rest != "lamp" {
		t.Errorf("pages of %q and %q", titles, rest)
	}
	a.Must(200, catalogtest.Manager, "PUT", path, idsBody(lamp, hose))
	operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "GET", "/v1/products?"+next, ""), 422, "validation_failed", "/after")
	a.Must(204, catalogtest.Manager, "DELETE", "/v1/products/"+lamp, "")
	if _, got := pageOf(a, query); got != "hose" {
		t.Errorf("with one archived there are %q", got)
	}
	a.Must(200, catalogtest.Manager, "PUT", path, idsBody())
	if _, got := pageOf(a, query); got != "" {
		t.Errorf("of none there are %q", got)
	}
	operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "GET", "/v1/products?collection_id=x", ""), 422, "validation_failed", "/collection_id")
}

func TestPutRefuses(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	c := create(a, "summer")
	own, gone := titled(a, "lamp"), titled(a, "hose")
	a.Must(204, catalogtest.Manager, "DELETE", "/v1/products/"+gone, "")
	theirs := operationtest.Read[product.Body](t, a.Must(201, catalogtest.Stranger, "POST", "/v1/products", catalogtest.Draft("merchant_id", `"`+catalogtest.Foreign+`"`)))
	many := make([]string, collection.MaxProducts+1)
	for i := range many {
		many[i] = ids.New("prd", catalogtest.Start)
	}
	for name, tc := range map[string]struct {
		body     string
		pointers []string
	}{
		"nothing":  {`{}`, []string{"/product_ids"}},
		"no ids":   {idsBody("x", own), []string{"/product_ids/0"}},
		"twice":    {idsBody(own, own), []string{"/product_ids/1"}},
		"others'":  {idsBody(theirs.ID, own, gone, catalogtest.Missing), []string{"/product_ids/0", "/product_ids/2", "/product_ids/3"}},
		"too many": {idsBody(many...), []string{"/product_ids"}},
	} {
		t.Run(name, func(t *testing.T) {
			operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PUT", "/v1/collections/"+c.ID+"/products", tc.body), 422, "validation_failed", tc.pointers...)
		})
	}
}

func TestListTurnsPages(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	for i := range 3 {
		create(a, fmt.Sprint("slug-", i))
	}
	a.Must(201, catalogtest.Stranger, "POST", "/v1/collections", draft(catalogtest.Foreign, "theirs"))
	if _, got := slugsOf(a, ""); got != "theirs slug-2 slug-1 slug-0" {
		t.Errorf("all are %q", got)
	}
	first, got := slugsOf(a, "limit=2&merchant_id="+catalogtest.Merchant)
	_, rest := slugsOf(a, "limit=2&merchant_id="+catalogtest.Merchant+"&after="+url.QueryEscape(first.Next))
	if got != "slug-2 slug-1" || rest != "slug-0" {
		t.Errorf("pages of %q and %q", got, rest)
	}
	for query, pointer := range map[string]string{"merchant_id=x": "/merchant_id", "after=x": "/after", "after=" + operation.EncodeCursor("x"): "/after"} {
		operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "GET", "/v1/collections?"+query, ""), 422, "validation_failed", pointer)
	}
}

// A draft is in no list that anybody can see, wherever its merchant has put it, and
// nobody else reads what it cost before.
func TestDraftsAreOutOfCollectionsAndCategories(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	shown, draft := titled(a, "Shown"), titled(a, "Draft")
	c := create(a, "summer")
	a.Must(200, catalogtest.Manager, "PUT", "/v1/collections/"+c.ID+"/products", idsBody(draft, shown))
	made := operationtest.Read[struct{ ID string }](t, a.Must(201, operationtest.Root, "POST", "/v1/categories", `{"name":"Chairs","slug":"chairs"}`))
	for _, id := range []string{draft, shown} {
		a.Must(200, catalogtest.Manager, "PUT", "/v1/products/"+id+"/categories", `{"category_ids":["`+made.ID+`"]}`)
	}
	a.Must(200, catalogtest.Manager, "PATCH", "/v1/products/"+draft, `{"status":"draft"}`)
	for _, query := range []string{"collection_id=" + c.ID, "category_id=" + made.ID, "category_id=" + made.ID + "&collection_id=" + c.ID} {
		if _, titles := pageOf(a, query); titles != "Shown" {
			t.Errorf("%s lists %q", query, titles)
		}
	}
	operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "GET", "/v1/products/"+draft+"/price-history", ""), 404, "product_not_found")
	mine := "/v1/products?status=draft&merchant_id=" + catalogtest.Merchant
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "GET", mine+"&collection_id="+c.ID, ""), 422, "validation_failed", "/collection_id")
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "GET", mine+"&category_id="+made.ID, ""), 422, "validation_failed", "/category_id")
}
