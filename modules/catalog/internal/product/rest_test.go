package product_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/stock"
	"app/platform/money"
	"app/platform/operation"
	"app/platform/operation/operationtest"
	"app/platform/problem"
)

func TestWireShapes(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	made := a.Must(201, catalogtest.Manager, "POST", "/v1/products", catalogtest.Draft())
	p := operationtest.Read[product.Body](t, made)
	path := "/v1/products/" + p.ID
	want := fmt.Sprintf(`{"id":%q,"merchant_id":%q,"title":"Chair","description":"To sit on.","sku":"CH-1",`+
		`"price":{"amount":1990,"currency":"EUR"},"available":7,"min_quantity":1,"max_quantity":10000,"created_at":"2025-03-01T12:00:01.123456Z","metadata":{},"slug":"chair","category_ids":[],"attributes":{},"status":"active"}`+"\n", p.ID, catalogtest.Merchant)
	got := a.Must(200, catalogtest.Nobody, "GET", path, "")
	if diff := cmp.Diff([]string{want, want, path, `"1-1"`}, []string{made.Body, got.Body, made.Header.Get("Location"), got.Header.Get("ETag")}); diff != "" {
		t.Error(diff)
	}

	a.Hold(p.ID, 2)
	stock := a.Must(200, catalogtest.Viewer, "GET", path+"/stock", "")
	want = fmt.Sprintf(`{"product_id":%q,"on_hand":7,"held":2,"sold":0,"available":5,"low_stock_threshold":5,"version":2}`+"\n", p.ID)
	if diff := cmp.Diff([]string{want, `"2"`}, []string{stock.Body, stock.Header.Get("ETag")}); diff != "" {
		t.Error(diff)
	}
	list := a.Must(200, catalogtest.Nobody, "GET", "/v1/products", "")
	want = strings.Replace(`{"data":[`+strings.TrimSpace(got.Body)+`],"has_more":false}`+"\n", `"available":7`, `"available":5`, 1)
	if diff := cmp.Diff(want, list.Body); diff != "" {
		t.Error(diff)
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	a.Create("sku", `"taken"`)
	for name, c := range map[string]struct {
		body     string
		status   int
		code     string
		pointers []string
	}{
		"nothing":             {`{}`, 422, "validation_failed", []string{"/merchant_id", "/price", "/sku", "/title"}},
		"unknown field":       {catalogtest.Draft("colour", `"red"`), 422, "validation_failed", []string{"/colour"}},
		"wrong types":         {catalogtest.Draft("title", "7", "stock", `"7"`), 422, "validation_failed", []string{"/stock", "/title"}},
		"empty texts":         {catalogtest.Draft("title", `"  "`, "sku", `" "`), 422, "validation_failed", []string{"/sku", "/title"}},
		"long texts":          {catalogtest.Draft("title", quoted(201), "description", quoted(5001), "sku", quoted(65)), 422, "validation_failed", []string{"/description", "/sku", "/title"}},
		"control characters":  {catalogtest.Draft("title", `"a\u0007b"`, "description", `"\u0000"`), 422, "validation_failed", []string{"/description", "/title"}},
		"negative price":      {catalogtest.Draft("price", `{"amount":-1,"currency":"EUR"}`), 422, "validation_failed", []string{"/price/amount"}},
		"price too high":      {catalogtest.Draft("price", `{"amount":9007199254740992,"currency":"EUR"}`), 422, "validation_failed", []string{"/price/amount"}},
		"price as a fraction": {catalogtest.Draft("price", `{"amount":19.9,"currency":"EUR"}`), 422, "validation_failed", []string{"/price/amount"}},
		"unknown currency":    {catalogtest.Draft("price", `{"amount":1,"currency":"XYZ"}`), 422, "validation_failed", []string{"/price/currency"}},
		"ended currency":      {catalogtest.Draft("price", `{"amount":1,"currency":"HRK"}`), 422, "validation_failed", []string{"/price/currency"}},
		"no currency":         {catalogtest.Draft("price", `{"amount":1}`), 422, "validation_failed", []string{"/price/currency"}},
		"stock out of bounds": {catalogtest.Draft("stock", "1000000001"), 422, "validation_failed", []string{"/stock"}},
		"negative stock":      {catalogtest.Draft("stock", "-1"), 422, "validation_failed", []string{"/stock"}},
		"malformed merchant":  {catalogtest.Draft("merchant_id", `"mrc_1"`), 422, "validation_failed", []string{"/merchant_id"}},
		"null":                {catalogtest.Draft("description", "null"), 422, "validation_failed", []string{"/description"}},
		"bad JSON":            {`{"title":`, 400, "malformed_json", []string{""}},
		"taken sku":           {catalogtest.Draft("sku", `" taken "`), 409, "sku_taken", []string{"/sku"}},
		"another's merchant":  {catalogtest.Draft("merchant_id", `"`+catalogtest.Foreign+`"`), 404, "merchant_not_found", nil},
		"unapproved merchant": {catalogtest.Draft("merchant_id", `"`+catalogtest.Pending+`"`), 409, "merchant_not_approved", nil},
	} {
		got := a.Call(catalogtest.Manager, "POST", "/v1/products", c.body)
		if name == "bad JSON" {
			if p := operationtest.Read[problem.Problem](t, got); got.Status != 400 || p.Code != c.code {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
			continue
		}
		t.Run(name, func(t *testing.T) { operationtest.WantProblem(t, got, c.status, c.code, c.pointers...) })
	}
}

func quoted(length int) string { return `"` + strings.Repeat("é", length) + `"` }

func TestCreateAcceptsTheBounds(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	p := a.Create("title", quoted(200), "description", quoted(5000), "sku", quoted(64), "stock", "1000000000",
		"price", `{"amount":9007199254740991,"currency":"JPY"}`, "low_stock_threshold", "0")
	if p.Available != 1_000_000_000 || p.Price.Amount != money.Max {
		t.Errorf("%+v", p)
	}
	if least := a.Create("title", `"x"`, "description", "", "stock", "", "price", `{"amount":0,"currency":"EUR"}`); least.Available != 0 {
		t.Errorf("%+v", least)
	}
}

func TestCreateAgainWithTheSameKey(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	body := catalogtest.Draft()
	first := a.Must(201, catalogtest.Manager, "POST", "/v1/products", body, "Idempotency-Key: k1")
	again := a.Must(201, catalogtest.Manager, "POST", "/v1/products", body, "Idempotency-Key: k1")
	if first.Body != again.Body || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("first %s, then %s %v", first.Body, again.Body, again.Header)
	}
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "POST", "/v1/products", catalogtest.Draft()), 409, "sku_taken", "/sku")
}

func TestChange(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	p := a.Create()
	path := "/v1/products/" + p.ID
	tag := a.Must(200, catalogtest.Nobody, "GET", path, "").Header.Get("ETag")
	a.Hold(p.ID, 1) // a sale in between is no reason to refuse
	changed := a.Must(200, catalogtest.Manager, "PATCH", path, `{"title":" Stool ","price":{"amount":2500,"currency":"USD"},"low_stock_threshold":3}`, "If-Match: "+tag)
	got := operationtest.Read[product.Body](t, changed)
	p.Title, p.Price.Amount, p.Price.Currency, p.Available = "Stool", 2500, "USD", 6
	if diff := cmp.Diff(p, got); diff != "" {
		t.Error(diff)
	}
	stock := operationtest.Read[stock.Body](t, a.Must(200, catalogtest.Manager, "GET", path+"/stock", ""))
	if stock.LowStockThreshold != 3 {
		t.Errorf("%+v", stock)
	}

	t.Run("a stale ETag is refused", func(t *testing.T) {
		for _, stale := range []string{tag, `"9-9"`, `W/"2-3"`, `""`} {
			operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PATCH", path, `{"title":"x"}`, "If-Match: "+stale), 412, "version_mismatch")
			operationtest.WantProblem(t, a.Call(catalogtest.Manager, "DELETE", path, "", "If-Match: "+stale), 412, "version_mismatch")
		}
	})
	t.Run("what is no ETag is refused", func(t *testing.T) {
		for _, malformed := range []string{`"2`, "2"} {
			operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PATCH", path, `{"title":"x"}`, "If-Match: "+malformed), 400, "precondition_malformed", "/If-Match")
			operationtest.WantProblem(t, a.Call(catalogtest.Manager, "DELETE", path, "", "If-Match: "+malformed), 400, "precondition_malformed", "/If-Match")
		}
	})
	t.Run("the new one, a list with it, and a star are accepted", func(t *testing.T) {
		for i, fresh := range []string{changed.Header.Get("ETag"), `"1-1", "3-1"`, "*"} {
			a.Must(200, catalogtest.Manager, "PATCH", path, fmt.Sprintf(`{"description":"%d"}`, i), "If-Match: "+fresh)
		}
	})
	t.Run("wrong values are named", func(t *testing.T) {
		operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PATCH", path, `{"title":" ","price":{"amount":1,"currency":"ABC"}}`), 422, "validation_failed", "/price/currency", "/title")
		operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PATCH", path, `{"title":null,"stock":3}`), 422, "validation_failed", "/stock", "/title")
	})
	t.Run("a taken sku is refused", func(t *testing.T) {
		a.Create("sku", `"other"`)
		operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PATCH", path, `{"sku":"other"}`), 409, "sku_taken", "/sku")
	})
}

func TestNotModifiedUntilAnythingChanges(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	p := a.Create()
	path := "/v1/products/" + p.ID
	tag := a.Must(200, catalogtest.Nobody, "GET", path, "").Header.Get("ETag")
	a.Must(304, catalogtest.Nobody, "GET", path, "", "If-None-Match: "+tag)
	a.Hold(p.ID, 1)
	if got := operationtest.Read[product.Body](t, a.Must(200, catalogtest.Nobody, "GET", path, "", "If-None-Match: "+tag)); got.Available != 6 {
		t.Errorf("%+v", got)
	}
}

func TestArchive(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	p := a.Create()
	path := "/v1/products/" + p.ID
	a.Must(204, catalogtest.Manager, "DELETE", path, "", `If-Match: "1-1"`)
	for _, r := range []operationtest.Reply{
		a.Call(catalogtest.Nobody, "GET", path, ""), a.Call(catalogtest.Manager, "DELETE", path, ""), a.Call(catalogtest.Manager, "PATCH", path, `{"title":"x"}`),
		a.Call(catalogtest.Viewer, "GET", path+"/stock", ""), a.Call(catalogtest.Manager, "POST", path+"/stock", `{"delta":1,"reason":"x"}`),
	} {
		operationtest.WantProblem(t, r, 404, "product_not_found")
	}
	for _, query := range []string{"", "?q=chair", "?merchant_id=" + catalogtest.Merchant} {
		if found := pageOf(a, query).Data; len(found) != 0 {
			t.Errorf("%s lists %v", query, found)
		}
	}
	a.Create() // its sku is free again
}

func pageOf(a catalogtest.API, query string) operation.Page[product.Body] {
	a.Helper()
	return operationtest.Read[operation.Page[product.Body]](a, a.Must(200, catalogtest.Nobody, "GET", "/v1/products"+query, ""))
}

func pageTitles(p operation.Page[product.Body]) string {
	var out []string
	for _, p := range p.Data {
		out = append(out, p.Title)
	}
	return strings.Join(out, " ")
}

func TestPagesStayPutWhileProductsAreAdded(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	for i := range 7 {
		a.Create("title", fmt.Sprintf(`"p%d"`, i), "sku", fmt.Sprintf(`"%d"`, i))
	}
	var seen []string
	for query := "?limit=3"; ; {
		page := pageOf(a, query)
		seen = append(seen, pageTitles(page))
		a.Create("title", `"new"`, "sku", fmt.Sprintf(`"n%d"`, len(seen)))
		if !page.HasMore {
			break
		}
		query = "?limit=3&after=" + url.QueryEscape(page.Next)
	}
	if diff := cmp.Diff([]string{"p6 p5 p4", "p3 p2 p1", "p0"}, seen); diff != "" {
		t.Error(diff)
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	for i, title := range []string{"50% off", "50 off", "snake_case", `back\\slash`, "CRÈME brûlée"} {
		a.Create("title", `"`+title+`"`, "sku", fmt.Sprintf(`"N%d"`, i), "description", `"Made of wood"`)
	}
	for q, want := range map[string]string{
		"50%": "50% off", "%": "50% off", "_": "snake_case", `\`: `back\slash`, "crème": "CRÈME brûlée", "n3": `back\slash`,
		"WOOD off 50": "50 off 50% off", "wood steel": "", "'; DROP TABLE": "", "!": "", " ": `CRÈME brûlée back\slash snake_case 50 off 50% off`,
	} {
		if got := pageTitles(pageOf(a, "?q="+url.QueryEscape(q))); got != want {
			t.Errorf("%q finds %q, want %q", q, got, want)
		}
	}
	if got := pageTitles(pageOf(a, "?merchant_id="+catalogtest.Foreign)); got != "" {
		t.Errorf("another catalogtest.Merchant's products are %q", got)
	}
}

func TestListRefuses(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	forged := operation.EncodeCursor("x", catalogtest.Missing)
	for query, pointer := range map[string]string{
		"limit=0": "/limit", "limit=101": "/limit", "limit=x": "/limit", "after=x": "/after", "after=" + forged: "/after",
		"after=" + operation.EncodeCursor("1", "x"): "/after", "after=" + operation.EncodeCursor("1"): "/after",
		"merchant_id=x": "/merchant_id", "q=" + strings.Repeat("a+", 11): "/q", "q=" + strings.Repeat("a", 201): "/q", "page=2": "/page",
	} {
		operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "GET", "/v1/products?"+query, ""), 422, "validation_failed", pointer)
	}
}
