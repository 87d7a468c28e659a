package rest_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/rest"
	"app/platform/money"
	"app/platform/operation"
)

func TestWireShapes(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	made := a.must(201, manager, "POST", "/v1/products", draft())
	p := read[rest.Product](t, made)
	path := "/v1/products/" + p.ID
	want := fmt.Sprintf(`{"id":%q,"merchant_id":%q,"title":"Chair","description":"To sit on.","sku":"CH-1",`+
		`"price":{"amount":1990,"currency":"EUR"},"available":7,"min_quantity":1,"max_quantity":10000,"created_at":"2025-03-01T12:00:01.123456Z"}`+"\n", p.ID, merchant)
	got := a.must(200, nobody, "GET", path, "")
	if diff := cmp.Diff([]string{want, want, path, `"1-1"`}, []string{made.Body, got.Body, made.Header.Get("Location"), got.Header.Get("ETag")}); diff != "" {
		t.Error(diff)
	}

	a.hold(p.ID, 2)
	stock := a.must(200, viewer, "GET", path+"/stock", "")
	want = fmt.Sprintf(`{"product_id":%q,"on_hand":7,"held":2,"sold":0,"available":5,"low_stock_threshold":5,"version":2}`+"\n", p.ID)
	if diff := cmp.Diff([]string{want, `"2"`}, []string{stock.Body, stock.Header.Get("ETag")}); diff != "" {
		t.Error(diff)
	}
	list := a.must(200, nobody, "GET", "/v1/products", "")
	want = strings.Replace(`{"data":[`+strings.TrimSpace(got.Body)+`],"has_more":false}`+"\n", `"available":7`, `"available":5`, 1)
	if diff := cmp.Diff(want, list.Body); diff != "" {
		t.Error(diff)
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.product("sku", `"taken"`)
	for name, c := range map[string]struct {
		body     string
		status   int
		code     string
		pointers []string
	}{
		"nothing":             {`{}`, 422, "validation_failed", []string{"/merchant_id", "/price", "/sku", "/title"}},
		"unknown field":       {draft("colour", `"red"`), 422, "validation_failed", []string{"/colour"}},
		"wrong types":         {draft("title", "7", "stock", `"7"`), 422, "validation_failed", []string{"/stock", "/title"}},
		"empty texts":         {draft("title", `"  "`, "sku", `" "`), 422, "validation_failed", []string{"/sku", "/title"}},
		"long texts":          {draft("title", quoted(201), "description", quoted(5001), "sku", quoted(65)), 422, "validation_failed", []string{"/description", "/sku", "/title"}},
		"control characters":  {draft("title", `"a\u0007b"`, "description", `"\u0000"`), 422, "validation_failed", []string{"/description", "/title"}},
		"negative price":      {draft("price", `{"amount":-1,"currency":"EUR"}`), 422, "validation_failed", []string{"/price/amount"}},
		"price too high":      {draft("price", `{"amount":9007199254740992,"currency":"EUR"}`), 422, "validation_failed", []string{"/price/amount"}},
		"price as a fraction": {draft("price", `{"amount":19.9,"currency":"EUR"}`), 422, "validation_failed", []string{"/price/amount"}},
		"unknown currency":    {draft("price", `{"amount":1,"currency":"XYZ"}`), 422, "validation_failed", []string{"/price/currency"}},
		"ended currency":      {draft("price", `{"amount":1,"currency":"HRK"}`), 422, "validation_failed", []string{"/price/currency"}},
		"no currency":         {draft("price", `{"amount":1}`), 422, "validation_failed", []string{"/price/currency"}},
		"stock out of bounds": {draft("stock", "1000000001"), 422, "validation_failed", []string{"/stock"}},
		"negative stock":      {draft("stock", "-1"), 422, "validation_failed", []string{"/stock"}},
		"malformed merchant":  {draft("merchant_id", `"mrc_1"`), 422, "validation_failed", []string{"/merchant_id"}},
		"null":                {draft("description", "null"), 422, "validation_failed", []string{"/description"}},
		"bad JSON":            {`{"title":`, 400, "malformed_json", []string{""}},
		"taken sku":           {draft("sku", `" taken "`), 409, "sku_taken", []string{"/sku"}},
		"another's merchant":  {draft("merchant_id", `"`+foreign+`"`), 404, "merchant_not_found", nil},
		"unapproved merchant": {draft("merchant_id", `"`+pending+`"`), 409, "merchant_not_approved", nil},
	} {
		got := a.call(manager, "POST", "/v1/products", c.body)
		if name == "bad JSON" {
			if p := read[problem](t, got); got.Status != 400 || p.Code != c.code {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
			continue
		}
		t.Run(name, func(t *testing.T) { wantProblem(t, got, c.status, c.code, c.pointers...) })
	}
}

func quoted(length int) string { return `"` + strings.Repeat("é", length) + `"` }

func TestCreateAcceptsTheBounds(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	p := a.product("title", quoted(200), "description", quoted(5000), "sku", quoted(64), "stock", "1000000000",
		"price", `{"amount":9007199254740991,"currency":"JPY"}`, "low_stock_threshold", "0")
	if p.Available != 1_000_000_000 || p.Price.Amount != money.Max {
		t.Errorf("%+v", p)
	}
	if least := a.product("title", `"x"`, "description", "", "stock", "", "price", `{"amount":0,"currency":"EUR"}`); least.Available != 0 {
		t.Errorf("%+v", least)
	}
}

func TestCreateAgainWithTheSameKey(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	body := draft()
	first := a.must(201, manager, "POST", "/v1/products", body, "Idempotency-Key: k1")
	again := a.must(201, manager, "POST", "/v1/products", body, "Idempotency-Key: k1")
	if first.Body != again.Body || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("first %s, then %s %v", first.Body, again.Body, again.Header)
	}
	wantProblem(t, a.call(manager, "POST", "/v1/products", draft()), 409, "sku_taken", "/sku")
}

func TestChange(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	p := a.product()
	path := "/v1/products/" + p.ID
	tag := a.must(200, nobody, "GET", path, "").Header.Get("ETag")
	a.hold(p.ID, 1) // a sale in between is no reason to refuse
	changed := a.must(200, manager, "PATCH", path, `{"title":" Stool ","price":{"amount":2500,"currency":"USD"},"low_stock_threshold":3}`, "If-Match: "+tag)
	got := read[rest.Product](t, changed)
	p.Title, p.Price.Amount, p.Price.Currency, p.Available = "Stool", 2500, "USD", 6
	if diff := cmp.Diff(p, got); diff != "" {
		t.Error(diff)
	}
	stock := read[rest.Stock](t, a.must(200, manager, "GET", path+"/stock", ""))
	if stock.LowStockThreshold != 3 {
		t.Errorf("%+v", stock)
	}

	t.Run("a stale ETag is refused", func(t *testing.T) {
		for _, stale := range []string{tag, `"9-9"`, `W/"2-3"`, `""`} {
			wantProblem(t, a.call(manager, "PATCH", path, `{"title":"x"}`, "If-Match: "+stale), 412, "version_mismatch")
			wantProblem(t, a.call(manager, "DELETE", path, "", "If-Match: "+stale), 412, "version_mismatch")
		}
	})
	t.Run("what is no ETag is refused", func(t *testing.T) {
		for _, malformed := range []string{`"2`, "2"} {
			wantProblem(t, a.call(manager, "PATCH", path, `{"title":"x"}`, "If-Match: "+malformed), 400, "precondition_malformed", "/If-Match")
			wantProblem(t, a.call(manager, "DELETE", path, "", "If-Match: "+malformed), 400, "precondition_malformed", "/If-Match")
		}
	})
	t.Run("the new one, a list with it, and a star are accepted", func(t *testing.T) {
		for i, fresh := range []string{changed.Header.Get("ETag"), `"1-1", "3-1"`, "*"} {
			a.must(200, manager, "PATCH", path, fmt.Sprintf(`{"description":"%d"}`, i), "If-Match: "+fresh)
		}
	})
	t.Run("wrong values are named", func(t *testing.T) {
		wantProblem(t, a.call(manager, "PATCH", path, `{"title":" ","price":{"amount":1,"currency":"ABC"}}`), 422, "validation_failed", "/price/currency", "/title")
		wantProblem(t, a.call(manager, "PATCH", path, `{"title":null,"stock":3}`), 422, "validation_failed", "/stock", "/title")
	})
	t.Run("a taken sku is refused", func(t *testing.T) {
		a.product("sku", `"other"`)
		wantProblem(t, a.call(manager, "PATCH", path, `{"sku":"other"}`), 409, "sku_taken", "/sku")
	})
}

func TestNotModifiedUntilAnythingChanges(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	p := a.product()
	path := "/v1/products/" + p.ID
	tag := a.must(200, nobody, "GET", path, "").Header.Get("ETag")
	a.must(304, nobody, "GET", path, "", "If-None-Match: "+tag)
	a.hold(p.ID, 1)
	if got := read[rest.Product](t, a.must(200, nobody, "GET", path, "", "If-None-Match: "+tag)); got.Available != 6 {
		t.Errorf("%+v", got)
	}
}

func TestArchive(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	p := a.product()
	path := "/v1/products/" + p.ID
	a.must(204, manager, "DELETE", path, "", `If-Match: "1-1"`)
	for _, r := range []reply{
		a.call(nobody, "GET", path, ""), a.call(manager, "DELETE", path, ""), a.call(manager, "PATCH", path, `{"title":"x"}`),
		a.call(viewer, "GET", path+"/stock", ""), a.call(manager, "POST", path+"/stock", `{"delta":1,"reason":"x"}`),
	} {
		wantProblem(t, r, 404, "product_not_found")
	}
	for _, query := range []string{"", "?q=chair", "?merchant_id=" + merchant} {
		if found := a.page(query).Data; len(found) != 0 {
			t.Errorf("%s lists %v", query, found)
		}
	}
	a.product() // its sku is free again
}

func (a api) page(query string) operation.Page[rest.Product] {
	a.Helper()
	return read[operation.Page[rest.Product]](a, a.must(200, nobody, "GET", "/v1/products"+query, ""))
}

func titles(p operation.Page[rest.Product]) string {
	var out []string
	for _, p := range p.Data {
		out = append(out, p.Title)
	}
	return strings.Join(out, " ")
}

func TestPagesStayPutWhileProductsAreAdded(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for i := range 7 {
		a.product("title", fmt.Sprintf(`"p%d"`, i), "sku", fmt.Sprintf(`"%d"`, i))
	}
	var seen []string
	for query := "?limit=3"; ; {
		page := a.page(query)
		seen = append(seen, titles(page))
		a.product("title", `"new"`, "sku", fmt.Sprintf(`"n%d"`, len(seen)))
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
	a := newAPI(t)
	for i, title := range []string{"50% off", "50 off", "snake_case", `back\\slash`, "CRÈME brûlée"} {
		a.product("title", `"`+title+`"`, "sku", fmt.Sprintf(`"N%d"`, i), "description", `"Made of wood"`)
	}
	for q, want := range map[string]string{
		"50%": "50% off", "%": "50% off", "_": "snake_case", `\`: `back\slash`, "crème": "CRÈME brûlée", "n3": `back\slash`,
		"WOOD off 50": "50 off 50% off", "wood steel": "", "'; DROP TABLE": "", "!": "", " ": `CRÈME brûlée back\slash snake_case 50 off 50% off`,
	} {
		if got := titles(a.page("?q=" + url.QueryEscape(q))); got != want {
			t.Errorf("%q finds %q, want %q", q, got, want)
		}
	}
	if got := titles(a.page("?merchant_id=" + foreign)); got != "" {
		t.Errorf("another merchant's products are %q", got)
	}
}

func TestListRefuses(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	forged := operation.EncodeCursor("x", missing)
	for query, pointer := range map[string]string{
		"limit=0": "/limit", "limit=101": "/limit", "limit=x": "/limit", "after=x": "/after", "after=" + forged: "/after",
		"after=" + operation.EncodeCursor("1", "x"): "/after", "after=" + operation.EncodeCursor("1"): "/after",
		"merchant_id=x": "/merchant_id", "q=" + strings.Repeat("a+", 11): "/q", "q=" + strings.Repeat("a", 201): "/q", "page=2": "/page",
	} {
		wantProblem(t, a.call(nobody, "GET", "/v1/products?"+query, ""), 422, "validation_failed", pointer)
	}
}
