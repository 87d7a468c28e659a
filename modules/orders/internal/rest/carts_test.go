package rest_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mask replaces what differs from run to run.
func mask(body string) string {
	body = regexp.MustCompile(`"(crt|ord|pay)_[0-9a-z]{26}"`).ReplaceAllString(body, `"$1"`)
	body = regexp.MustCompile(`"token":"[^"]{43}"`).ReplaceAllString(body, `"token":"secret"`)
	return strings.TrimSpace(regexp.MustCompile(`"2026-03-01T10:[^"]*Z"`).ReplaceAllString(body, `"time"`))
}

func wantBody(t *testing.T, r reply, want string) {
	t.Helper()
	want = regexp.MustCompile(`\n\s*`).ReplaceAllString(want, "")
	want = strings.NewReplacer("CHAIR", chair, "TABLE", table, "MRC_A", merchantA, "MRC_B", merchantB).Replace(want)
	if diff := cmp.Diff(want, mask(r.Body)); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

func TestCartOnTheWire(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	made := a.must(http.StatusCreated, nobody, "POST", "/v1/carts", "")
	wantBody(t, made, `{"id":"crt","token":"secret","state":"open","lines":[],"total":{"amount":0,"currency":"EUR"},"created_at":"time","updated_at":"time"}`)
	cart := read[id](t, made)
	path, token := "/v1/carts/"+cart.ID, "Cart-Token: "+cart.Token
	if made.Header.Get("Location") != path || made.Header.Get("ETag") != `"1"` {
		t.Errorf("headers are %v", made.Header)
	}
	put := a.must(http.StatusOK, nobody, "PUT", path+"/lines/"+chair, `{"quantity":2}`, token)
	wantBody(t, put, `{"id":"crt","state":"open","lines":[
		{"product_id":"CHAIR","merchant_id":"MRC_A","title":"Thing","quantity":2,"price":{"amount":1990,"currency":"EUR"},"total":{"amount":3980,"currency":"EUR"}}
		],"total":{"amount":3980,"currency":"EUR"},"created_at":"time","updated_at":"time"}`)
	got := a.must(http.StatusOK, nobody, "GET", path, "", token)
	if got.Body != put.Body || got.Header.Get("ETag") != `"2"` || put.Header.Get("ETag") != `"2"` {
		t.Errorf("read %s with ETag %s", got.Body, got.Header.Get("ETag"))
	}
	if r := a.call(nobody, "GET", path, "", token, `If-None-Match: "2"`); r.Status != http.StatusNotModified || r.Body != "" {
		t.Errorf("unchanged cart: %d %s", r.Status, r.Body)
	}
	gone := a.must(http.StatusOK, nobody, "DELETE", path+"/lines/"+chair, "", token)
	wantBody(t, gone, `{"id":"crt","state":"open","lines":[],"total":{"amount":0,"currency":"EUR"},"created_at":"time","updated_at":"time"}`)
}

func TestCartBelongsToItsMaker(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	guest, token := a.cart(nobody, chair)
	_, other := a.cart(nobody)
	own, none := a.cart(ada, chair)
	if none != "Cart-Token: " {
		t.Errorf("a signed-in buyer's cart has the token %q", none)
	}
	a.must(http.StatusOK, ada, "GET", guest, "", token) // a guest who signed in keeps the cart
	for name, r := range map[string]reply{
		"no token":           a.call(nobody, "GET", guest, ""),
		"another's token":    a.call(nobody, "GET", guest, "", other),
		"signed in":          a.call(ada, "GET", guest, ""),
		"another buyer":      a.call(memberA, "GET", own, ""),
		"a guest":            a.call(nobody, "GET", own, "", token),
		"put":                a.call(nobody, "PUT", own+"/lines/"+chair, `{"quantity":1}`, token),
		"delete":             a.call(memberA, "DELETE", own+"/lines/"+chair, ""),
		"checkout":           a.call(memberA, "POST", own+"/checkout", pay, "Idempotency-Key: a-key-of-some-length"),
		"malformed id":       a.call(ada, "GET", "/v1/carts/1", ""),
		"id of another kind": a.call(ada, "GET", "/v1/carts/"+chair, ""),
	} {
		t.Run(name, func(t *testing.T) { wantProblem(t, r, http.StatusNotFound, "cart_not_found") })
	}
}

func TestCartEditsAreConditional(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	cart, token := a.cart(nobody, chair) // version 2
	wantProblem(t, a.call(nobody, "PUT", cart+"/lines/"+chair, `{"quantity":5}`, token, `If-Match: "1"`), http.StatusPreconditionFailed, "version_mismatch")
	wantProblem(t, a.call(nobody, "DELETE", cart+"/lines/"+chair, "", token, `If-Match: "1"`), http.StatusPreconditionFailed, "version_mismatch")
	r := a.must(http.StatusOK, nobody, "PUT", cart+"/lines/"+chair, `{"quantity":5}`, token, `If-Match: "2"`)
	if r.Header.Get("ETag") != `"3"` {
		t.Errorf("ETag is %s", r.Header.Get("ETag"))
	}
}

func TestBadCartInput(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	cart, token := a.cart(nobody, chair)
	line := cart + "/lines/" + chair
	for name, c := range map[string]struct {
		body     string
		status   int
		code     string
		pointers []string
	}{
		"negative":      {`{"quantity":-1}`, 422, "validation_failed", []string{"/quantity"}},
		"too many":      {`{"quantity":10001}`, 422, "validation_failed", []string{"/quantity"}},
		"text":          {`{"quantity":"2"}`, 422, "validation_failed", []string{"/quantity"}},
		"fraction":      {`{"quantity":1.5}`, 422, "validation_failed", []string{"/quantity"}},
		"missing":       {`{}`, 422, "validation_failed", []string{"/quantity"}},
		"unknown field": {`{"quantity":1,"price":1}`, 422, "validation_failed", []string{"/price"}},
		"null":          {`{"quantity":null}`, 422, "validation_failed", []string{"/quantity"}},
		"an array":      {`[]`, 422, "validation_failed", []string{""}},
		"no JSON":       {`{"quantity":`, 400, "malformed_json", []string{""}},
		"no body":       {``, 400, "body_missing", nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := a.call(nobody, "PUT", line, c.body, token)
			p := read[problem](t, r)
			if r.Status != c.status || p.Code != c.code {
				t.Errorf("got %d %s, want %d %s", r.Status, r.Body, c.status, c.code)
			}
			if c.code == "validation_failed" {
				wantProblem(t, r, c.status, c.code, c.pointers...)
			}
		})
	}
	t.Run("content type", func(t *testing.T) {
		wantProblem(t, a.call(nobody, "PUT", line, `{"quantity":1}`, token, "Content-Type: text/plain"), http.StatusUnsupportedMediaType, "unsupported_media_type")
	})
	t.Run("unknown product", func(t *testing.T) {
		wantProblem(t, a.call(nobody, "PUT", cart+"/lines/prd_00000000000000000000000000", `{"quantity":1}`, token), http.StatusNotFound, "product_not_found")
	})
	t.Run("another currency", func(t *testing.T) {
		wantProblem(t, a.call(nobody, "PUT", cart+"/lines/"+rug, `{"quantity":1}`, token), http.StatusConflict, "currency_mixed", "/lines/"+rug)
	})
	t.Run("method", func(t *testing.T) {
		r := a.call(nobody, "PATCH", line, `{}`, token)
		if wantProblem(t, r, http.StatusMethodNotAllowed, "method_not_allowed"); !strings.Contains(r.Header.Get("Allow"), "PUT") {
			t.Errorf("Allow is %q", r.Header.Get("Allow"))
		}
	})
}

func TestCartIsMadeOncePerKey(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	const key = "Idempotency-Key: made-at-random-long-enough"
	first, again := a.must(http.StatusCreated, nobody, "POST", "/v1/carts", "", key), a.must(http.StatusCreated, nobody, "POST", "/v1/carts", "", key)
	if first.Body != again.Body || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("made %s, then %s", first.Body, again.Body)
	}
}
