package operation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/platform/operation"
	"app/platform/operation/openapi"
)

// node walks a decoded document.
type node struct{ v any }

func (n node) at(steps ...string) node {
	for _, step := range steps {
		m, _ := n.v.(map[string]any)
		n.v = m[step]
	}
	return n
}

func (n node) keys() []string {
	m, _ := n.v.(map[string]any)
	return slices.Sorted(maps.Keys(m))
}

// other has a type named like one of the catalog's, and takes keys.
func other() *operation.API {
	type product struct {
		Kind string `json:"kind"`
	}
	type output struct{ Body product }
	a := operation.NewAPI("orders", operation.Options{})
	operation.Register(a, operation.Operation{Method: "POST", Path: "/v1/orders/{id}/cancel", Access: operation.User, Rate: operation.RateDefault, Errors: []int{410}},
		func(context.Context, *getInput) (*output, error) { return nil, nil })
	a.Raw(operation.Operation{Method: "GET", Path: "/dev/orders", Access: operation.Loopback, Rate: operation.RateDefault, Undocumented: true}, nil)
	return a
}

func document(t *testing.T, apis ...*operation.API) ([]byte, node) {
	t.Helper()
	doc, err := openapi.Merge(apis...)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return raw, node{v}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	raw, doc := document(t, catalog(operation.Options{}), other())
	again, _ := document(t, catalog(operation.Options{}), other())
	if !bytes.Equal(raw, again) {
		t.Error("two documents of the same operations differ")
	}
	want := []string{"Money", "Problem", "ProblemField", "catalog.ChangeInputBody", "catalog.PageProduct", "catalog.Product", "catalog.ProductInput", "catalog.Tag", "orders.Product"}
	if diff := cmp.Diff(want, doc.at("components", "schemas").keys()); diff != "" {
		t.Errorf("components (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/v1/orders/{id}/cancel", "/v1/products", "/v1/products/{id}"}, doc.at("paths").keys()); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
	if strings.Contains(string(raw), "$schema") {
		t.Error("$schema is back")
	}
	for _, ref := range strings.Split(string(raw), `"#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(ref, `"`)
		if doc.at("components", "schemas", name).v == nil {
			t.Errorf("reference to %s leads nowhere", name)
		}
	}
}

func TestOperationsDocumentTheirFailures(t *testing.T) {
	t.Parallel()
	_, doc := document(t, catalog(operation.Options{}), other())
	for path, want := range map[string]string{
		"/v1/products get":            "200 422 429 500 503 504",
		"/v1/products post":           "201 400 413 415 422 429 500 503 504",
		"/v1/products/{id} get":       "200 304 404 412 422 429 500 503 504",
		"/v1/products/{id} patch":     "200 400 404 412 413 415 422 429 500 503 504",
		"/v1/products/{id} delete":    "204 400 401 404 412 422 429 500 503 504",
		"/v1/orders/{id}/cancel post": "200 400 401 404 409 410 422 429 500 503 504",
	} {
		p, method, _ := strings.Cut(path, " ")
		if got := strings.Join(doc.at("paths", p, method, "responses").keys(), " "); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	cancel := doc.at("paths", "/v1/orders/{id}/cancel", "post")
	if got := fmt.Sprint(cancel.at("responses", "409", "content", "application/problem+json", "schema").v); got != "map[$ref:#/components/schemas/Problem]" {
		t.Errorf("409 has the schema %s", got)
	}
	if got := fmt.Sprint(cancel.at("security").v, cancel.at("operationId").v); got != "[map[bearer:[]] map[password:[]] map[session:[]]]post-orders-id-cancel" {
		t.Errorf("got %s", got)
	}
	if got := fmt.Sprint(cancel.at("parameters").v); !strings.Contains(got, "Idempotency-Key") {
		t.Errorf("parameters %s", got)
	}
}

func TestMergeRefusesClashes(t *testing.T) {
	t.Parallel()
	if _, err := openapi.Merge(other(), other()); err == nil || !strings.Contains(err.Error(), "/v1/orders/{id}/cancel") {
		t.Errorf("got %v", err)
	}
}

func TestOperationsListsDefaults(t *testing.T) {
	t.Parallel()
	ops := other().Operations()
	if len(ops) != 2 || ops[0].Idempotency != operation.KeyAccepted || ops[0].MaxBody != 1<<20 || !ops[1].Raw || ops[1].ID != "get-dev-orders" {
		t.Errorf("got %+v", ops)
	}
	if other().Endpoint(ops[0].ID) == nil || other().Endpoint("nothing") != nil {
		t.Error("endpoints are not found by id")
	}
}
