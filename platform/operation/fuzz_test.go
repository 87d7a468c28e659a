package operation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/idempotency"
	"app/platform/identity"
	"app/platform/operation"
	"app/platform/operation/operationtest"
	"app/platform/problem"
)

// FuzzREST sends anything that HTTP can carry to operations with input of all kinds.
// Whatever it is, the reply is never a 5xx, every refusal is a problem, and a 422 says
// where.
func FuzzREST(f *testing.F) {
	for _, seed := range []struct{ method, target, contentType, header, body string }{
		{"GET", "/v1/products?limit=3&q=x&merchant=a&merchant=b&since=2025-01-01T00:00:00Z&after=WyJhIl0", "", "", ""},
		{"GET", "/v1/products/prd_1?x=%zz", "", `"7"`, ""},
		{"POST", "/v1/products", "application/json", "", validBody},
		{"POST", "/v1/products", "application/json", "", `{"title":"x","price":{"amount":1e3,"currency":"EUR"},"tags":[{"name":"new","rank":9e99}],"labels":{"a.b":null},"from":"2025-01-01T00:00:00Z","note":null,"stock":4294967296}`},
		{"PATCH", "/v1/products/prd_1", "application/json; charset=utf-8", `W/"7", *`, `{"title":"x"}`},
		{"DELETE", "/v1/products/%ff", "", `"7"`, ""},
		{"POST", "/v1/carts/crt_1/checkout", "application/json", "0123456789abcdef", `{"email":"a@b.example"}`},
		{"POST", "/v1/carts/crt_1/lines", "text/plain", "k", `{"email":""}`},
		{"BREW", "//v1/../%2f;x", "", "", ""},
	} {
		f.Add(seed.method, seed.target, seed.contentType, seed.header, []byte(seed.body))
	}
	shop := catalog(operation.Options{}).Handler()
	carts := cartAPI(dbtest.Open(f, idempotency.Migrations)).Handler()
	f.Fuzz(func(t *testing.T, method, target, contentType, header string, body []byte) {
		at, err := url.ParseRequestURI(target)
		if err != nil || at.Path == "" || strings.ContainsAny(method, " \t\r\n/:") || method == "" {
			t.Skip() // net/http refuses it before us
		}
		r := httptest.NewRequestWithContext(identity.NewContext(context.Background(), operationtest.Alice), "GET", "/", bytes.NewReader(body))
		r.Method, r.URL = method, at
		for name, value := range map[string]string{"Content-Type": contentType, "If-Match": header, "If-None-Match": header, "Idempotency-Key": header, "Cart-Token": header} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		h := shop
		if strings.HasPrefix(at.Path, "/v1/carts") {
			h = carts
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		checkReply(t, operationtest.Reply{Status: w.Code, Header: w.Header(), Body: w.Body.String()})
	})
}

// cartAPI has operations that take idempotency keys, kept in the database.
func cartAPI(db *database.DB) *operation.API {
	type input struct {
		ID   string `path:"id"`
		Body struct {
			Email string `json:"email" minLength:"3"`
		}
	}
	a := operation.NewAPI("orders", operation.Options{})
	a.UseKeys(idempotency.New(db, idempotency.Options{Lease: time.Minute}))
	op := operation.Operation{Method: "POST", Access: operation.Optional, Rate: operation.RateDefault, Status: 201}
	for path, policy := range map[string]operation.KeyPolicy{"/v1/carts/{id}/checkout": operation.KeyRequired, "/v1/carts/{id}/lines": ""} {
		op.Path, op.Idempotency = path, policy
		operation.Register(a, op, func(context.Context, *input) (*createOutput, error) {
			return &createOutput{"/v1/orders/ord_1", chair()}, nil
		})
	}
	return a
}

func checkReply(t *testing.T, got operationtest.Reply) {
	t.Helper()
	switch {
	case got.Status >= http.StatusInternalServerError || got.Status == problem.StatusClientClosedRequest:
		t.Fatalf("input made a %d: %s", got.Status, got.Body)
	case got.Status < http.StatusBadRequest:
		if got.Body != "" && !json.Valid([]byte(got.Body)) {
			t.Fatalf("reply is not JSON: %q", got.Body)
		}
		return
	}
	p := got.Problem(t)
	if got.Status == http.StatusUnprocessableEntity && len(p.Errors) == 0 {
		t.Fatalf("422 does not say where: %s", got.Body)
	}
	for _, f := range p.Errors {
		rest := strings.NewReplacer("~0", "", "~1", "").Replace(f.Pointer)
		if f.Pointer != "" && f.Pointer[0] != '/' || strings.Contains(rest, "~") || f.Detail == "" {
			t.Fatalf("%q is no pointer, or nothing is said: %s", f.Pointer, got.Body)
		}
	}
}
