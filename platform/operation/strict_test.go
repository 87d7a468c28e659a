package operation_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/platform/operation"
	"app/platform/operation/operationtest"
)

const validBody = `{"title":"Chair","price":{"amount":1990,"currency":"EUR"}}`

func TestRefusesBodies(t *testing.T) {
	t.Parallel()
	h := catalog(operation.Options{}).Handler()
	for name, c := range map[string]struct {
		body     string
		status   int
		code     string
		pointers []string
	}{
		"missing fields":       {`{}`, 422, "validation_failed", []string{"/price", "/title"}},
		"missing nested":       {`{"title":"x","price":{"amount":1}}`, 422, "validation_failed", []string{"/price/currency"}},
		"wrong type":           {`{"title":7,"price":{"amount":"1","currency":"EUR"}}`, 422, "validation_failed", []string{"/price/amount", "/title"}},
		"unknown field":        {`{"title":"x","price":{"amount":1,"currency":"EUR","x":1},"admin":true}`, 422, "validation_failed", []string{"/admin", "/price/x"}},
		"unknown with dots":    {`{"title":"x","price":{"a.b[0]":1,"amount":-1,"currency":"EUR"},"~/":true,"":1}`, 422, "validation_failed", []string{"/", "/price/a.b[0]", "/price/amount", "/~0~1"}},
		"other case":           {`{"Title":"x","price":{"amount":1,"currency":"EUR"}}`, 422, "validation_failed", []string{"/Title", "/title"}},
		"inside a list":        {`{"title":"x","price":{"amount":1,"currency":"EUR"},"tags":[{"name":"new"},{"name":"old"},{"name":"sale","rank":"a"}]}`, 422, "validation_failed", []string{"/tags/1/name", "/tags/2/rank"}},
		"map value":            {`{"title":"x","price":{"amount":1,"currency":"EUR"},"labels":{"a.b":1}}`, 422, "validation_failed", []string{"/labels/a.b"}},
		"null required":        {`{"title":null,"price":null}`, 422, "validation_failed", []string{"/price", "/title"}},
		"null optional":        {`{"title":"x","price":{"amount":1,"currency":"EUR"},"description":null,"tags":[{"name":"new","rank":null}]}`, 422, "validation_failed", []string{"/description", "/tags/0/rank"}},
		"null list":            {`{"title":"x","price":{"amount":1,"currency":"EUR"},"tags":null}`, 422, "validation_failed", []string{"/tags"}},
		"exponent":             {`{"title":"x","price":{"amount":1e3,"currency":"EUR"}}`, 422, "validation_failed", []string{"/price/amount"}},
		"fraction":             {`{"title":"x","price":{"amount":1.5,"currency":"EUR"}}`, 422, "validation_failed", []string{"/price/amount"}},
		"overflow of int32":    {`{"title":"x","price":{"amount":1,"currency":"EUR"},"stock":4294967296}`, 422, "validation_failed", []string{"/stock"}},
		"overflow in a list":   {`{"title":"x","price":{"amount":1,"currency":"EUR"},"tags":[{"name":"new"},{"name":"new","rank":92233720368547758080}]}`, 422, "validation_failed", []string{"/tags/1/rank"}},
		"huge number":          {`{"title":"x","price":{"amount":1e999,"currency":"EUR"}}`, 422, "validation_failed", []string{"/price/amount"}},
		"negative price":       {`{"title":"x","price":{"amount":-1,"currency":"eur"}}`, 422, "validation_failed", []string{"/price/amount", "/price/currency"}},
		"bad time":             {`{"title":"x","price":{"amount":1,"currency":"EUR"},"from":"yesterday"}`, 422, "validation_failed", []string{"/from"}},
		"array for object":     {`[]`, 422, "validation_failed", []string{""}},
		"null body":            {`null`, 422, "validation_failed", []string{""}},
		"not JSON":             {`{"title"`, 400, "malformed_json", []string{""}},
		"broken inside":        {`{"title":"x","price":{"amount":01}}`, 400, "malformed_json", []string{"/price/amount"}},
		"garbage after":        {validBody + `x`, 400, "malformed_json", []string{""}},
		"two texts":            {validBody + validBody, 400, "malformed_json", []string{""}},
		"duplicate name":       {`{"title":"x","price":{"amount":1,"amount":2,"currency":"EUR"}}`, 400, "malformed_json", []string{"/price/amount"}},
		"invalid UTF-8":        {"{\"title\":\"\xff\"}", 400, "malformed_json", []string{""}},
		"control character":    {"{\"title\":\"a\nb\"}", 400, "malformed_json", []string{"/title"}},
		"nested too deeply":    {strings.Repeat(`[`, 5000), 413, "body_too_large", []string{}},
		"nested":               {strings.Repeat(`[`, 100), 400, "malformed_json", []string{strings.Repeat("/0", 64)}},
		"too large":            {`{"title":"` + strings.Repeat("x", 5000) + `"}`, 413, "body_too_large", []string{}},
		"white space only":     {"  ", 400, "malformed_json", []string{""}},
		"string with bad code": {`{"title":"\u12"}`, 400, "malformed_json", []string{"/title"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := operationtest.Send(h, operationtest.Nobody, http.MethodPost, "/v1/products", c.body)
			if p := got.Problem(t); got.Status != c.status || p.Code != c.code {
				t.Errorf("got %d %s, want %d %s: %s", got.Status, p.Code, c.status, c.code, got.Body)
			}
			if diff := cmp.Diff(c.pointers, got.Pointers(t)); diff != "" {
				t.Errorf("pointers (-want +got):\n%s\n%s", diff, got.Body)
			}
		})
	}
}

func TestRefusesParameters(t *testing.T) {
	t.Parallel()
	h := catalog(operation.Options{}).Handler()
	for name, c := range map[string]struct {
		method, target string
		headers        []string
		status         int
		pointers       []string
	}{
		"limit of the wrong type":   {"GET", "/v1/products?limit=ten", nil, 422, []string{"/limit"}},
		"limit too large":           {"GET", "/v1/products?limit=101", nil, 422, []string{"/limit"}},
		"limit beyond int64":        {"GET", "/v1/products?limit=9223372036854775808", nil, 422, []string{"/limit"}},
		"unknown parameter":         {"GET", "/v1/products?limt=3&a.b=1", nil, 422, []string{"/a.b", "/limt"}},
		"parameter given twice":     {"GET", "/v1/products?limit=1&limit=2", nil, 422, []string{"/limit"}},
		"bad escape":                {"GET", "/v1/products?q=%zz", nil, 422, []string{"/q"}},
		"query not UTF-8":           {"GET", "/v1/products?q=%ff", nil, 422, []string{"/q"}},
		"NUL in query":              {"GET", "/v1/products?q=%00", nil, 422, []string{"/q"}},
		"name not UTF-8":            {"GET", "/v1/products?%ff=1", nil, 422, []string{"/\ufffd"}},
		"semicolon":                 {"GET", "/v1/products?limit=1;q=2", nil, 422, []string{"/limit"}},
		"bool of the wrong type":    {"GET", "/v1/products?public=maybe", nil, 422, []string{"/public"}},
		"time of the wrong type":    {"GET", "/v1/products?since=now", nil, 422, []string{"/since"}},
		"too many values":           {"GET", "/v1/products?merchant=a&merchant=b&merchant=c&merchant=d", nil, 422, []string{"/merchant"}},
		"cursor of another kind":    {"GET", "/v1/products?after=abc", nil, 422, []string{"/after"}},
		"several at once":           {"GET", "/v1/products?limit=0&since=x", nil, 422, []string{"/limit", "/since"}},
		"path not UTF-8":            {"GET", "/v1/products/%ff", nil, 422, []string{"/id"}},
		"path with control":         {"GET", "/v1/products/%0a", nil, 422, []string{"/id"}},
		"path too long":             {"GET", "/v1/products/" + strings.Repeat("x", 65), nil, 422, []string{"/id"}},
		"header not UTF-8":          {"PATCH", "/v1/products/prd_1", []string{"Cart-Token", "\xff"}, 422, []string{"/Cart-Token"}},
		"If-Match of a newer":       {"PATCH", "/v1/products/prd_1", []string{"If-Match", `"8"`}, 412, []string{}},
		"If-Match that is weak":     {"PATCH", "/v1/products/prd_1", []string{"If-Match", `W/"7"`}, 412, []string{}},
		"encoded slash in the path": {"GET", "/v1/products/a%2fb", nil, 404, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := ""
			if c.method == http.MethodPatch {
				body = `{"title":"x"}`
			}
			got := operationtest.Send(h, operationtest.Nobody, c.method, c.target, body, c.headers...)
			if got.Status != c.status {
				t.Errorf("got %d, want %d: %s", got.Status, c.status, got.Body)
			}
			if diff := cmp.Diff(c.pointers, got.Pointers(t)); diff != "" {
				t.Errorf("pointers (-want +got):\n%s\n%s", diff, got.Body)
			}
		})
	}
}

func TestAcceptsParameters(t *testing.T) {
	t.Parallel()
	h := catalog(operation.Options{}).Handler()
	for _, target := range []string{
		"/v1/products", "/v1/products?", "/v1/products?limit=1&q=caf%C3%A9&public=true", "/v1/products?merchant=a&merchant=b",
		"/v1/products?since=2025-01-01T00:00:00Z", "/v1/products?q=a+b&", "/v1/products?after=" + operation.EncodeCursor("prd_1"),
	} {
		if got := operationtest.Send(h, operationtest.Nobody, http.MethodGet, target, ""); got.Status != http.StatusOK {
			t.Errorf("%s: %d %s", target, got.Status, got.Body)
		}
	}
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	h := catalog(operation.Options{}).Handler()
	for contentType, want := range map[string]int{
		"application/json":                     201,
		"application/json; charset=utf-8":      201,
		"Application/JSON;charset=\"UTF-8\"":   201,
		"application/json; charset=iso-8859-1": 415,
		"text/plain":                           415,
		"application/x-www-form-urlencoded":    415,
		"application/problem+json":             415,
		"application/json, text/plain":         415,
		"/":                                    415,
		"":                                     415,
	} {
		got := operationtest.Send(h, operationtest.Nobody, http.MethodPost, "/v1/products", validBody, "Content-Type", contentType)
		if got.Status != want {
			t.Errorf("%q: got %d, want %d: %s", contentType, got.Status, want, got.Body)
		}
		if want == http.StatusUnsupportedMediaType && (got.Problem(t).Code != "unsupported_media_type" || got.Header.Get("Accept") != "application/json") {
			t.Errorf("%q: %v %s", contentType, got.Header, got.Body)
		}
	}
	if got := operationtest.Send(h, operationtest.Nobody, http.MethodPost, "/v1/products", ""); got.Status != 400 || got.Problem(t).Code != "body_missing" {
		t.Errorf("no body: %d %s", got.Status, got.Body)
	}
}

func TestRouting(t *testing.T) {
	t.Parallel()
	h := catalog(operation.Options{}).Handler()
	for name, c := range map[string]struct {
		method, target string
		status         int
		allow          string
	}{
		"unknown path":         {"GET", "/v2/products", 404, ""},
		"root":                 {"GET", "/", 404, ""},
		"trailing slash":       {"GET", "/v1/products/", 404, ""},
		"double slash":         {"GET", "/v1//products", 404, ""},
		"dot segment":          {"GET", "/v1/x/../products", 404, ""},
		"method not allowed":   {"PUT", "/v1/products", 405, "GET, HEAD, POST"},
		"other set of methods": {"POST", "/v1/products/prd_1", 405, "GET, HEAD, PATCH, DELETE"},
		"invented method":      {"BREW", "/v1/products", 405, "GET, HEAD, POST"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := operationtest.Send(h, operationtest.Nobody, c.method, c.target, "")
			got.Problem(t)
			if got.Status != c.status || got.Header.Get("Allow") != c.allow {
				t.Errorf("got %d Allow %q, want %d %q", got.Status, got.Header.Get("Allow"), c.status, c.allow)
			}
		})
	}
}

func TestReplies(t *testing.T) {
	t.Parallel()
	h := catalog(operation.Options{}).Handler()
	const body = `{"id":"prd_1","title":"Chair","price":{"amount":1990,"currency":"EUR"},"created_at":"2025-11-20T09:30:00Z"}` + "\n"
	t.Run("OK", func(t *testing.T) {
		t.Parallel()
		got := operationtest.Send(h, operationtest.Nobody, http.MethodGet, "/v1/products/prd_1", "")
		want := operationtest.Reply{Status: 200, Header: http.Header{
			"Content-Type": {"application/json"}, "Content-Length": {"108"}, "Etag": {`"7"`},
			"Cache-Control": {"no-cache"}, "Vary": {"Authorization, Cookie, Cart-Token"},
		}, Body: body}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("NotModified", func(t *testing.T) {
		t.Parallel()
		got := operationtest.Send(h, operationtest.Nobody, http.MethodGet, "/v1/products/prd_1", "", "If-None-Match", `"6", W/"7"`)
		want := operationtest.Reply{Status: 304, Header: http.Header{"Etag": {`"7"`}, "Cache-Control": {"no-cache"}, "Vary": {"Authorization, Cookie, Cart-Token"}}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("Created", func(t *testing.T) {
		t.Parallel()
		got := operationtest.Send(h, operationtest.Nobody, http.MethodPost, "/v1/products", validBody)
		if got.Status != 201 || got.Header.Get("Location") != "/v1/products/prd_1" || got.Body != body {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("ErrNotFound", func(t *testing.T) {
		t.Parallel()
		got := operationtest.Send(h, operationtest.Nobody, http.MethodGet, "/v1/products/prd_2", "")
		if p := got.Problem(t); p.Code != "product_not_found" || p.Detail != "There is no such product." || got.Header.Get("Etag") != "" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("ErrNotSignedIn", func(t *testing.T) {
		t.Parallel()
		got := operationtest.Send(h, operationtest.Nobody, http.MethodDelete, "/v1/products/prd_1", "")
		if p := got.Problem(t); p.Status != 401 || got.Header.Get("Www-Authenticate") != `Bearer realm="souk"` {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("ErrPreconditionRequired", func(t *testing.T) {
		t.Parallel()
		if got := operationtest.Send(h, operationtest.Alice, http.MethodDelete, "/v1/products/prd_1", ""); got.Status != 428 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("NoContent", func(t *testing.T) {
		t.Parallel()
		got := operationtest.Send(h, operationtest.Alice, http.MethodDelete, "/v1/products/prd_1", "", "If-Match", `"1", "7"`)
		if diff := cmp.Diff(operationtest.Reply{Status: 204, Header: http.Header{"Cache-Control": {"no-store"}}}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
