package host

import (
	"cmp"
	"slices"

	"app/platform/lifecycle"
	"app/platform/operation"
	"app/platform/operation/openapi"
)

// newAPI declares the operations of a module, nil when it has none.
func newAPI(m lifecycle.Module, o operation.Options) *operation.API {
	p, ok := m.(Publisher)
	if !ok {
		return nil
	}
	api := operation.NewAPI(m.Name(), o)
	p.Operations(api)
	return api
}

func newAPIs(modules []lifecycle.Module) []*operation.API {
	var out []*operation.API
	for _, m := range modules {
		if api := newAPI(m, operation.Options{}); api != nil {
			out = append(out, api)
		}
	}
	return out
}

// Routes lists the public operations of modules, in order of their paths, without
// saying where they are served.
func Routes(modules []lifecycle.Module) []Route {
	var out []Route
	for _, api := range newAPIs(modules) {
		for _, op := range api.Operations() {
			out = append(out, Route{Module: api.Module(), Operation: op})
		}
	}
	slices.SortStableFunc(out, byPath)
	return out
}

func byPath(a, b Route) int {
	return cmp.Or(cmp.Compare(a.Operation.Path, b.Operation.Path), cmp.Compare(a.Operation.Method, b.Operation.Method))
}

// OpenAPI renders the merged document of the public operations of modules as JSON.
func OpenAPI(modules []lifecycle.Module) ([]byte, error) { return openapi.Render(newAPIs(modules)...) }

// publicRoutes are the public operations of all modules and where they are served.
func (h *Host) publicRoutes() []Route {
	var out []Route
	gateway := h.plan.Gateway()
	for _, api := range h.apis {
		target, _ := h.plan.Module(api.Module())
		local := target.Hosted && !h.plan.SimulatedRemote(gateway, target.Name)
		for _, op := range api.Operations() {
			route := Route{Module: api.Module(), Operation: op, URL: target.URL}
			switch {
			case local:
				route.Local = api.Endpoint(op.ID)
			case target.Hosted:
				route.URL = h.InternalURL()
			}
			out = append(out, route)
		}
	}
	slices.SortStableFunc(out, byPath)
	return out
}
