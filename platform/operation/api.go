package operation

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/mux"

	"app/platform/exchange"
	"app/platform/fault"
	"app/platform/problem"
)

// Options of an API. The zero value works.
type Options struct {
	// Now is the clock.
	Now func() time.Time
}

// API holds the public operations of one module. Declare all of them before the first
// request.
type API struct {
	module    string
	huma      huma.API
	router    *mux.Router
	routed    sync.Once
	endpoints []*endpoint
	reasons   []fault.Reason
	about     About
	now       func() time.Time
	keys      Keys // nil until UseKeys
}

// NewAPI makes an API without operations.
func NewAPI(module string, o Options) *API {
	tameHuma()
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &API{module: module, router: mux.NewRouter().SkipClean(true), now: o.Now}
	a.huma = huma.NewAPI(newConfig(module), nil)
	a.router.NotFoundHandler = http.HandlerFunc(a.notFound)
	a.router.MethodNotAllowedHandler = http.HandlerFunc(a.methodNotAllowed)
	return a
}

// Register declares an operation. Input and output are structs in Huma's manner: fields
// tagged path, query or header, and Body. Input beyond what they declare is refused
// before the handler runs, so the handler sees valid values only. An error of the
// handler becomes a problem through fault.From; a *problem.Problem is taken as it is.
//
// It panics when the declaration is wrong or incomplete: at start, never later.
func Register[I, O any](a *API, op Operation, handler func(context.Context, *I) (*O, error)) {
	e := a.declareOperation(op)
	mustBeSeen(e.op, reflect.TypeFor[I](), reflect.TypeFor[O]())
	huma.Register(binding{a.huma, e}, e.humaOperation(), func(ctx context.Context, in *I) (*O, error) {
		ctx, err := claimKey(ctx)
		if err != nil {
			return nil, &failure{err}
		}
		out, err := handler(ctx, in)
		if err != nil {
			return nil, &failure{err}
		}
		return out, nil
	})
	e.loadSchemas()
}

// Raw declares an operation whose handler reads the request and writes the reply
// itself: pages, and webhooks whose signature covers the very bytes of the body. It
// sees the fenced context and headers, and path parameters by Request.PathValue. The
// body is cut off at MaxBody; read it with ReadBody.
func (a *API) Raw(op Operation, h http.Handler) {
	op.Raw = true
	e := a.declareOperation(op)
	e.raw = h
	e.documentOperation()
}

// Problems puts the module's own reasons on the page of problems.
func (a *API) Problems(reasons ...fault.Reason) { a.reasons = append(a.reasons, reasons...) }

// ProblemsPage serves the page of problems with the reasons of the modules. Mount it at
// problem.PagePath.
func ProblemsPage(apis ...*API) http.Handler {
	var reasons []fault.Reason
	for _, a := range apis {
		reasons = append(reasons, a.reasons...)
	}
	return problem.Page(reasons...)
}

// UseKeys gives the API who keeps its idempotency keys. Requests with a key get 503
// without one. Call it before the first request.
func (a *API) UseKeys(keys Keys) { a.keys = keys }

// Module names the module.
func (a *API) Module() string { return a.module }

// Operations lists what was declared, in order, with defaults filled in.
func (a *API) Operations() []Operation {
	out := make([]Operation, len(a.endpoints))
	for i, e := range a.endpoints {
		out[i] = e.op
	}
	return out
}

// Endpoint serves one operation, for a router that has matched it already: path
// parameters are taken from gorilla's variables or from Request.PathValue. Nil when
// there is no such operation.
func (a *API) Endpoint(id string) http.Handler {
	for _, e := range a.endpoints {
		if e.op.ID == id {
			return e
		}
	}
	return nil
}

// Handler serves all operations of the module, and answers 404 and 405 for the rest.
func (a *API) Handler() http.Handler {
	a.routed.Do(a.registerRoutes)
	return a.router
}

// OpenAPI is the module's document; the package openapi makes one of several.
func (a *API) OpenAPI() *huma.OpenAPI { return a.huma.OpenAPI() }

func (a *API) declareOperation(op Operation) *endpoint {
	op = op.withDefaults()
	if op.Scope != "" && !strings.HasPrefix(string(op.Scope), a.module+":") {
		panic(fmt.Sprintf("operation %s %s: the scope %s is not one of %s", op.Method, op.Path, op.Scope, a.module))
	}
	for _, e := range a.endpoints {
		if e.op.ID == op.ID || e.op.Path == op.Path && e.op.Method == op.Method {
			panic(fmt.Sprintf("operation %s %s: %s is declared already", op.Method, op.Path, e.op.ID))
		}
	}
	e := &endpoint{api: a, op: op, params: op.pathParameters()}
	a.endpoints = append(a.endpoints, e)
	return e
}

// registerRoutes fills the router. gorilla/mux takes the first route that matches, so
// the more literal path goes first, whatever the order of declaration: the gateway's
// table decides in the same way.
func (a *API) registerRoutes() {
	ordered := slices.Clone(a.endpoints)
	slices.SortStableFunc(ordered, func(x, y *endpoint) int { return strings.Compare(pathSortKey(x.op.Path), pathSortKey(y.op.Path)) })
	for _, e := range ordered {
		methods := []string{e.op.Method}
		if e.op.Method == http.MethodGet {
			methods = append(methods, http.MethodHead) // GET without the body, which net/http drops (RFC 9110 section 9.3.2)
		}
		a.router.Handle(e.op.Path, e).Methods(methods...)
	}
}

// pathSortKey sorts paths segment by segment, a literal before a parameter.
func pathSortKey(path string) string {
	var key strings.Builder
	for segment := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(segment, "{") {
			key.WriteByte('1')
		} else {
			key.WriteByte('0')
		}
	}
	return key.String()
}

func (a *API) notFound(w http.ResponseWriter, r *http.Request) {
	problem.Write(w, r, problem.New(http.StatusNotFound, "route_not_found", "There is no operation at this path."))
}

func (a *API) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", strings.Join(a.allowedMethods(r), ", "))
	problem.Write(w, r, problem.New(http.StatusMethodNotAllowed, "method_not_allowed", "The path does not take "+exchange.KnownMethod(r.Method)+"."))
}

// allowedMethods lists what the path of the request does take.
func (a *API) allowedMethods(r *http.Request) (allowed []string) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := *r
		probe.Method = method
		if match := (mux.RouteMatch{}); a.router.Match(&probe, &match) && match.MatchErr == nil {
			allowed = append(allowed, method)
		}
	}
	return slices.Clip(allowed)
}
