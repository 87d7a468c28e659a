package attribute_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/attribute"
	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/product"
	"app/platform/ids"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

var missing = ids.Derive("att", catalogtest.Start, "missing")

// draft is the body of a new attribute: of the shop, or of a merchant.
func draft(merchantID, code, kind, more string) string {
	return fmt.Sprintf(`{"merchant_id":%q,"code":%q,"name":" The %s ","kind":%q%s}`, merchantID, code, code, kind, more)
}

const colours = `,"choices":["red","blue"],"filterable":true`

func declare(a catalogtest.API, user, body string) attribute.Body {
	a.Helper()
	return operationtest.Read[attribute.Body](a, a.Must(201, user, "POST", "/v1/attributes", body))
}

func TestWireShape(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	made := a.Must(201, catalogtest.Manager, "POST", "/v1/attributes", draft(catalogtest.Merchant, "colour", "choice", colours))
	b := operationtest.Read[attribute.Body](t, made)
	want := fmt.Sprintf(`{"id":%q,"merchant_id":%q,"code":"colour","name":"The colour","kind":"choice","choices":["red","blue"],"filterable":true,`+
		`"created_at":"2025-03-01T12:00:01.123456Z"}`+"\n", b.ID, catalogtest.Merchant)
	path := "/v1/attributes/" + b.ID
	got := a.Must(200, catalogtest.Nobody, "GET", path, "")
	if diff := cmp.Diff([]string{want, want, path, `"1"`}, []string{made.Body, got.Body, made.Header.Get("Location"), got.Header.Get("ETag")}); diff != "" {
		t.Error(diff)
	}
	width := a.Must(201, operationtest.Root, "POST", "/v1/attributes", `{"code":"width","name":"Width","kind":"number","unit":"cm"}`)
	id := operationtest.Read[attribute.Body](t, width).ID
	want = fmt.Sprintf(`{"id":%q,"code":"width","name":"Width","kind":"number","choices":[],"unit":"cm","filterable":false,"created_at":"2025-03-01T12:00:02.123456Z"}`+"\n", id)
	if diff := cmp.Diff(want, width.Body); diff != "" {
		t.Error(diff)
	}
	operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "GET", "/v1/attributes/"+missing, ""), 404, "attribute_not_found")
	operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "GET", "/v1/attributes/x", ""), 404, "attribute_not_found")
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	declare(a, catalogtest.Manager, draft(catalogtest.Merchant, "taken", "text", ""))
	for name, c := range map[string]struct {
		body     string
		status   int
		code     string
		pointers []string
	}{
		"nothing":             {`{}`, 422, "validation_failed", []string{"/code", "/kind", "/name"}},
		"odd code and kind":   {draft(catalogtest.Merchant, "Colour", "colour", ""), 422, "validation_failed", []string{"/code", "/kind"}},
		"blank name":          {`{"code":"c","name":" ","kind":"text"}`, 422, "validation_failed", []string{"/name"}},
		"no merchant":         {draft("x", "c", "text", ""), 422, "validation_failed", []string{"/merchant_id"}},
		"no choices":          {draft(catalogtest.Merchant, "c", "choice", ""), 422, "validation_failed", []string{"/choices"}},
		"choices of texts":    {draft(catalogtest.Merchant, "c", "text", colours), 422, "validation_failed", []string{"/choices"}},
		"a unit of texts":     {draft(catalogtest.Merchant, "c", "text", `,"unit":"cm"`), 422, "validation_failed", []string{"/unit"}},
		"odd choices":         {draft(catalogtest.Merchant, "c", "choice", `,"choices":["a"," a","", "b\n"]`), 422, "validation_failed", []string{"/choices/1", "/choices/2"}},
		"taken code":          {draft(catalogtest.Merchant, "taken", "bool", ""), 409, "attribute_code_taken", []string{"/code"}},
		"another's merchant":  {draft(catalogtest.Foreign, "c", "text", ""), 404, "merchant_not_found", nil},
		"unapproved merchant": {draft(catalogtest.Pending, "c", "text", ""), 409, "merchant_not_approved", nil},
		"of the shop":         {draft("", "c", "text", ""), 403, "permission_denied", nil},
	} {
		t.Run(name, func(t *testing.T) {
			operationtest.WantProblem(t, a.Call(catalogtest.Manager, "POST", "/v1/attributes", c.body), c.status, c.code, c.pointers...)
		})
	}
	operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "POST", "/v1/attributes", draft("", "c", "text", "")), 401, "unauthenticated")
	operationtest.WantProblem(t, a.Call(catalogtest.Viewer, "POST", "/v1/attributes", draft(catalogtest.Merchant, "c", "text", "")), 403, "role_too_low")
	operationtest.WantProblem(t, a.Call(operationtest.Root, "POST", "/v1/attributes", draft(catalogtest.Merchant, "c", "text", "")), 404, "merchant_not_found")
}

func TestCreateAgainWithTheSameKey(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	body := draft(catalogtest.Merchant, "colour", "text", "")
	first := a.Must(201, catalogtest.Manager, "POST", "/v1/attributes", body, "Idempotency-Key: k1")
	again := a.Must(201, catalogtest.Manager, "POST", "/v1/attributes", body, "Idempotency-Key: k1")
	if first.Body != again.Body {
		t.Errorf("first %s, then %s", first.Body, again.Body)
	}
}

func TestChange(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	colour := declare(a, catalogtest.Manager, draft(catalogtest.Merchant, "colour", "choice", colours))
	shops := declare(a, operationtest.Root, draft("", "size", "text", ""))
	path := "/v1/attributes/" + colour.ID
	changed := a.Must(200, catalogtest.Manager, "PATCH", path, `{"name":"Paint","choices":["blue","green"],"filterable":false}`, `If-Match: "1"`)
	again := a.Must(200, catalogtest.Nobody, "GET", path, "")
	if changed.Body != again.Body || changed.Header.Get("ETag") != again.Header.Get("ETag") || !strings.Contains(again.Body, `"name":"Paint","kind":"choice","choices":["blue","green"],"filterable":false`) {
		t.Errorf("%s %s, then %s %s", changed.Header.Get("ETag"), changed.Body, again.Header.Get("ETag"), again.Body)
	}
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PATCH", path, `{"name":"x"}`, `If-Match: "1"`), 412, "version_mismatch")
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PATCH", path, `{"choices":[],"unit":"cm"}`), 422, "validation_failed", "/choices", "/unit")
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PATCH", path, `{"code":"x"}`), 422, "validation_failed", "/code")
	operationtest.WantProblem(t, a.Call(catalogtest.Viewer, "PATCH", path, `{"name":"x"}`), 403, "role_too_low")
	operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "PATCH", path, `{"name":"x"}`), 401, "unauthenticated")
	another, absent := a.Call(catalogtest.Stranger, "PATCH", path, `{"name":"x"}`), a.Call(catalogtest.Stranger, "PATCH", "/v1/attributes/"+missing, `{"name":"x"}`)
	operationtest.WantProblem(t, another, 404, "attribute_not_found")
	if another.Body != absent.Body {
		t.Errorf("another's attribute can be told from none:\n%s%s", another.Body, absent.Body)
	}
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PATCH", "/v1/attributes/"+shops.ID, `{"name":"x"}`), 403, "permission_denied")
	a.Must(200, operationtest.Root, "PATCH", "/v1/attributes/"+shops.ID, `{"name":"x"}`)
}

func TestAChoiceInUseStays(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	colour := declare(a, catalogtest.Manager, draft(catalogtest.Merchant, "colour", "choice", colours))
	p := "/v1/products/" + a.Create().ID
	a.Must(200, catalogtest.Manager, "PUT", p+"/attributes", `{"colour":"red"}`)
	path := "/v1/attributes/" + colour.ID
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PATCH", path, `{"choices":["blue"]}`), 409, "choice_in_use", "/choices")
	if got := operationtest.Read[attribute.Body](t, a.Must(200, catalogtest.Nobody, "GET", path, "")); len(got.Choices) != 2 {
		t.Errorf("the choices are %v", got.Choices)
	}
	a.Must(200, catalogtest.Manager, "PATCH", path, `{"choices":["green","red"]}`)
	a.Must(200, catalogtest.Manager, "PUT", p+"/attributes", `{"colour":"green"}`)
	a.Must(200, catalogtest.Manager, "PATCH", path, `{"choices":["green","blue"]}`)
	a.Must(204, catalogtest.Manager, "DELETE", p, "")
	a.Must(200, catalogtest.Manager, "PATCH", path, `{"choices":["blue"]}`)
}

func TestProductsHaveAttributes(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	declare(a, operationtest.Root, draft("", "colour", "text", ""))
	declare(a, operationtest.Root, draft("", "width", "number", `,"unit":"cm"`))
	declare(a, operationtest.Root, draft("", "folds", "bool", ""))
	declare(a, catalogtest.Manager, draft(catalogtest.Merchant, "colour", "choice", colours))
	path := "/v1/products/" + a.Create().ID
	put := a.Must(200, catalogtest.Manager, "PUT", path+"/attributes", `{"width":45.50,"colour":"red","folds":false}`, `If-Match: "1-1"`)
	got := a.Must(200, catalogtest.Nobody, "GET", path, "")
	if want := `"attributes":{"colour":"red","folds":false,"width":45.5}`; !strings.Contains(got.Body, want) || put.Body != got.Body || got.Header.Get("ETag") != `"2-1"` {
		t.Errorf("%s, then %s %s", put.Body, got.Header.Get("ETag"), got.Body)
	}
	a.Must(200, catalogtest.Manager, "PATCH", path, `{"title":"Folding chair"}`) // and all stay
	list := operationtest.Read[operation.Page[product.Body]](t, a.Must(200, catalogtest.Nobody, "GET", "/v1/products", ""))
	if len(list.Data) != 1 || len(list.Data[0].Attributes) != 3 {
		t.Errorf("listed: %+v", list.Data)
	}
	a.Must(200, catalogtest.Manager, "PUT", path+"/attributes", `{"width":1}`)
	none := operationtest.Read[product.Body](t, a.Must(200, catalogtest.Manager, "PUT", path+"/attributes", `{}`))
	if len(none.Attributes) != 0 {
		t.Errorf("there are %v", none.Attributes)
	}
}

func TestPutRefuses(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	declare(a, operationtest.Root, draft("", "width", "number", ""))
	declare(a, operationtest.Root, draft("", "folds", "bool", ""))
	declare(a, catalogtest.Stranger, draft(catalogtest.Foreign, "theirs", "text", ""))
	path := "/v1/products/" + a.Create().ID + "/attributes"
	var many []string
	for i := range attribute.MaxPerProduct + 1 {
		many = append(many, fmt.Sprintf(`"c%d":1`, i))
	}
	for name, c := range map[string]struct {
		body     string
		pointers []string
	}{
		"wrong types":     {`{"width":"1","folds":1}`, []string{"/folds", "/width"}},
		"unknown codes":   {`{"a/b":1,"theirs":"x","width":1}`, []string{"/a~1b", "/theirs"}},
		"too many":        {"{" + strings.Join(many, ",") + "}", []string{""}},
		"too many digits": {`{"width":0.1234567}`, []string{"/width"}},
	} {
		t.Run(name, func(t *testing.T) {
			operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PUT", path, c.body), 422, "validation_failed", c.pointers...)
		})
	}
	operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "PUT", path, `{}`), 401, "unauthenticated")
	operationtest.WantProblem(t, a.Call(catalogtest.Viewer, "PUT", path, `{}`), 403, "role_too_low")
	operationtest.WantProblem(t, a.Call(catalogtest.Stranger, "PUT", path, `{}`), 404, "product_not_found")
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PUT", path, `{}`, `If-Match: "9-1"`), 412, "version_mismatch")
}

func TestListTurnsPages(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	for i := range 3 {
		declare(a, catalogtest.Manager, draft(catalogtest.Merchant, fmt.Sprint("c", i), "text", ""))
	}
	declare(a, operationtest.Root, draft("", "size", "text", ""))
	codes := func(query string) (codes, next string) {
		page := operationtest.Read[operation.Page[attribute.Body]](t, a.Must(200, catalogtest.Nobody, "GET", "/v1/attributes?"+query, ""))
		for _, b := range page.Data {
			codes += b.Code + " "
		}
		return strings.TrimSpace(codes), page.Next
	}
	shops, _ := codes("")
	first, next := codes("limit=2&merchant_id=" + catalogtest.Merchant)
	rest, _ := codes("limit=2&merchant_id=" + catalogtest.Merchant + "&after=" + url.QueryEscape(next))
	if diff := cmp.Diff([]string{"size", "c0 c1", "c2"}, []string{shops, first, rest}); diff != "" {
		t.Error(diff)
	}
	for query, pointer := range map[string]string{"merchant_id=x": "/merchant_id", "after=" + operation.EncodeCursor("x"): "/after"} {
		operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "GET", "/v1/attributes?"+query, ""), 422, "validation_failed", pointer)
	}
}
