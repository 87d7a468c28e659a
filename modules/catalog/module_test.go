package catalog_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog"
	"app/platform/events"
	"app/platform/host"
	"app/platform/lifecycle"
	"app/platform/operation"
)

// module is all that the host looks for in catalog.
var _ interface {
	lifecycle.Module
	lifecycle.WorkerOwner
	host.Configurer
	host.DatabaseOwner
	host.Caller
	host.Callee
	host.Emitter
	host.Subscriber
	host.Publisher
	host.Opener
} = (*catalog.Module)(nil)

// A process that does not host catalog asks what it declares without opening it.
func TestDeclarationsNeedNoOpening(t *testing.T) {
	t.Parallel()
	m := catalog.New()
	var got []string
	for _, d := range m.Calls() {
		got = append(got, "calls "+d.Module)
	}
	for _, s := range m.Subscriptions() {
		got = append(got, s.Consumer+" subscribes to "+s.Type)
	}
	for _, e := range m.Emits() {
		got = append(got, "emits "+events.TypeOf(e))
	}
	api := operation.NewAPI(m.Name(), operation.Options{})
	m.Operations(api)
	for _, op := range api.Operations() {
		got = append(got, strings.Join([]string{op.Method, op.Path, string(op.Access)}, " "))
	}
	want := []string{
		"calls merchants",
		"catalog.sell subscribes to orders.Paid", "catalog.cancel subscribes to orders.Cancelled",
		"emits catalog.StockLow", "emits catalog.StockShort",
		"POST /v1/products member", "GET /v1/products public", "GET /v1/products/{id} public",
		"PATCH /v1/products/{id} member", "DELETE /v1/products/{id} member",
		"GET /v1/products/{id}/stock member", "POST /v1/products/{id}/stock member",
		"GET /v1/categories public", "GET /v1/categories/{id} public", "POST /v1/categories admin",
		"PATCH /v1/categories/{id} admin", "DELETE /v1/categories/{id} admin", "PUT /v1/products/{id}/categories member",
		"GET /v1/collections public", "GET /v1/collections/{id} public", "POST /v1/collections member",
		"PATCH /v1/collections/{id} member", "DELETE /v1/collections/{id} member", "PUT /v1/collections/{id}/products member",
		"GET /v1/products/{id}/price-history public",
		"GET /v1/attributes public", "GET /v1/attributes/{id} public", "POST /v1/attributes member",
		"PATCH /v1/attributes/{id} member", "PUT /v1/products/{id}/attributes member",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
