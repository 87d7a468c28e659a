package product_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/product"
	"app/platform/metadata"
	"app/platform/operation/operationtest"
)

func TestMetadataIsMerged(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	p := a.Create("metadata", `{"erp":"4711","season":" winter ","empty":"","none":null}`)
	if diff := cmp.Diff(metadata.Metadata{"erp": "4711", "season": "winter"}, p.Metadata); diff != "" {
		t.Errorf("made (-want +got)\n%s", diff)
	}
	path := "/v1/products/" + p.ID
	for _, step := range []struct {
		body string
		want metadata.Metadata
	}{
		{`{"title":"Stool"}`, metadata.Metadata{"erp": "4711", "season": "winter"}},
		{`{"metadata":{}}`, metadata.Metadata{"erp": "4711", "season": "winter"}},
		{`{"metadata":{"season":"summer","a/b":"c"}}`, metadata.Metadata{"erp": "4711", "season": "summer", "a/b": "c"}},
		{`{"metadata":{"season":"summer","a/b":"c"}}`, metadata.Metadata{"erp": "4711", "season": "summer", "a/b": "c"}},
		{`{"metadata":{"season":null,"a/b":"","absent":null}}`, metadata.Metadata{"erp": "4711"}},
		{`{"metadata":{"erp":null}}`, metadata.Metadata{}},
	} {
		changed := operationtest.Read[product.Body](t, a.Must(200, catalogtest.Manager, "PATCH", path, step.body))
		read := operationtest.Read[product.Body](t, a.Must(200, catalogtest.Nobody, "GET", path, ""))
		if diff := cmp.Diff([]metadata.Metadata{step.want, step.want}, []metadata.Metadata{changed.Metadata, read.Metadata}); diff != "" {
			t.Errorf("%s (-want +got)\n%s", step.body, diff)
		}
	}
}

func TestMetadataRefuses(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	p := a.Create("sku", `"other"`)
	for name, c := range map[string]struct{ sent, pointer string }{
		"null":          {`null`, "/metadata"},
		"text":          {`"a"`, "/metadata"},
		"number":        {`{"a":1}`, "/metadata/a"},
		"nested":        {`{"a":{"b":"c"}}`, "/metadata/a"},
		"empty key":     {`{"":"x"}`, "/metadata/"},
		"long key":      {`{` + quoted(41) + `:"x"}`, "/metadata/" + strings.Repeat("é", 40)},
		"long value":    {`{"a/b":` + quoted(501) + `}`, "/metadata/a~1b"},
		"control":       {`{"a":"\u0007"}`, "/metadata/a"},
		"too many keys": {manyKeys(101), "/metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			made := a.Call(catalogtest.Manager, "POST", "/v1/products", catalogtest.Draft("metadata", c.sent))
			operationtest.WantProblem(t, made, 422, "validation_failed", c.pointer)
			changed := a.Call(catalogtest.Manager, "PATCH", "/v1/products/"+p.ID, `{"metadata":`+c.sent+`}`)
			operationtest.WantProblem(t, changed, 422, "validation_failed", c.pointer)
		})
	}
}

// The bound holds for what a product has after a change.
func TestMetadataOfAProductIsBounded(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "POST", "/v1/products", catalogtest.Draft("metadata", manyKeys(51))),
		422, "validation_failed", "/metadata")
	p := a.Create("metadata", manyKeys(50))
	path := "/v1/products/" + p.ID
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PATCH", path, `{"metadata":{"more":"x"}}`), 422, "validation_failed", "/metadata")
	got := operationtest.Read[product.Body](t, a.Must(200, catalogtest.Manager, "PATCH", path, `{"metadata":{"more":"x","k7":null}}`))
	if _, there := got.Metadata["k7"]; len(got.Metadata) != metadata.MaxKeys || there || got.Metadata["more"] != "x" {
		t.Errorf("%v", got.Metadata)
	}
}

// The longest metadata takes more bytes than a TEXT column has.
func TestLongestMetadata(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		sent, long := metadata.Change{}, strings.Repeat("𝄞", metadata.MaxValue)
		for i := range metadata.MaxKeys {
			sent[fmt.Sprint(strings.Repeat("𝄞", metadata.MaxKey-2), i+10)] = &long
		}
		made, err := s.Products.Create(s.Manager(), product.Draft{
			MerchantID: catalogtest.Merchant, Title: "Chair", SKU: "C-1", Price: catalogtest.Euro, Metadata: sent,
		})
		s.Must(err)
		read, err := s.Products.ByID(t.Context(), made.ID)
		if diff := cmp.Diff(made, read); err != nil || diff != "" || len(read.Metadata) != metadata.MaxKeys {
			t.Errorf("%d keys, %v (-want +got)\n%s", len(read.Metadata), err, diff)
		}
	})
}

// manyKeys is an object of metadata with as many keys.
func manyKeys(count int) string {
	var entries []string
	for i := range count {
		entries = append(entries, fmt.Sprintf(`"k%d":"x"`, i))
	}
	return "{" + strings.Join(entries, ",") + "}"
}
