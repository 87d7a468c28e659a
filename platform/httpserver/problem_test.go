package httpserver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"app/platform/fault"
	"app/platform/httpserver"
)

func TestWriteProblem(t *testing.T) {
	t.Parallel()
	secret := errors.New("dial tcp 10.0.0.7: password=hunter2")
	for name, c := range map[string]struct {
		err        error
		status     int
		code       string
		retryAfter string
	}{
		"invalid":               {fault.Invalid(fault.Field{Pointer: "/a", Detail: "no"}), 422, "validation_failed", ""},
		"wrapped":               {fmt.Errorf("find order: %w", fault.Missing("order")), 404, "order_not_found", ""},
		"denied":                {fault.New(fault.PermissionDenied, "permission_denied", "no"), 403, "permission_denied", ""},
		"exists":                {fault.New(fault.AlreadyExists, "slug_taken", "no"), 409, "slug_taken", ""},
		"aborted":               {fault.New(fault.Aborted, "aborted", "no"), 409, "aborted", ""},
		"state":                 {fault.New(fault.FailedPrecondition, "stock_short", "no"), 409, "stock_short", ""},
		"version":               {fault.New(fault.VersionMismatch, "version_mismatch", "no"), 412, "version_mismatch", ""},
		"limit":                 {&fault.Error{Code: fault.ResourceExhausted, Reason: "too_many_codes", RetryAfter: 1500 * time.Millisecond}, 429, "too_many_codes", "2"},
		"canceled":              {fmt.Errorf("read: %w", context.Canceled), 499, "canceled", ""},
		"deadline":              {fmt.Errorf("read: %w", context.DeadlineExceeded), 504, "deadline_exceeded", ""},
		"unavailable":           {fault.New(fault.Unavailable, "module_down", "secret").Because(secret), 503, "module_down", "1"},
		"unimplemented":         {fault.New(fault.Unimplemented, "unimplemented", "secret"), 501, "unimplemented", ""},
		"internal":              {fault.New(fault.Internal, "secret_reason", "secret").Because(secret), 500, "internal", ""},
		"unknown":               {secret, 500, "internal", ""},
		"callee says not found": {&fault.CallError{Module: "catalog", Method: "Get", Code: fault.NotFound, Reason: "secret"}, 500, "internal", ""},
		"callee is down":        {&fault.CallError{Module: "catalog", Method: "Get", Code: fault.Unavailable, Reason: "secret"}, 503, "dependency_unavailable", "1"},
		"problem":               {fmt.Errorf("x: %w", httpserver.NewProblem(428, "precondition_required", "no")), 428, "precondition_required", ""},
		"unauthenticated":       {fault.New(fault.Unauthenticated, "token_expired", ""), 401, "token_expired", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			httpserver.WriteProblem(w, httptest.NewRequest(http.MethodGet, "/", nil), c.err)
			got := reply{w.Code, w.Header(), w.Body.String()}
			p := got.problem(t)
			if p.Status != c.status || p.Code != c.code || got.Header.Get("Retry-After") != c.retryAfter {
				t.Errorf("got %d %s, Retry-After %q", p.Status, p.Code, got.Header.Get("Retry-After"))
			}
			if strings.Contains(got.Body, "secret") || strings.Contains(got.Body, "hunter2") {
				t.Errorf("text of a 5xx left: %s", got.Body)
			}
		})
	}
}

func TestFailuresInHandlers(t *testing.T) {
	t.Parallel()
	a := httpserver.NewAPI("orders", httpserver.Options{})
	op := httpserver.Operation{Method: "GET", Access: httpserver.Public, Rate: httpserver.RateDefault}
	type out struct {
		Secret string `header:"X-Secret"`
		Body   struct {
			Rate float64 `json:"rate"`
		}
	}
	register := func(path string, handler func(ctx context.Context, in *struct{}) (*out, error)) {
		op.Path = path
		httpserver.Register(a, op, handler)
	}
	register("/panic", func(context.Context, *struct{}) (*out, error) { panic("secret") })
	register("/slow", func(ctx context.Context, _ *struct{}) (*out, error) {
		<-ctx.Done()
		return nil, errors.New("interrupted (9)") // as a driver would say
	})
	register("/unencodable", func(context.Context, *struct{}) (*out, error) {
		o := &out{Secret: "secret"}
		o.Body.Rate /= o.Body.Rate // not a number
		return o, nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	gone, leave := context.WithCancel(t.Context())
	leave()
	for name, c := range map[string]struct {
		ctx    context.Context
		path   string
		status int
	}{
		"ErrPanic":       {t.Context(), "/panic", 500},
		"ErrUnencodable": {t.Context(), "/unencodable", 500},
		"ErrDeadline":    {ctx, "/slow", 504},
		"ErrClientGone":  {gone, "/slow", 499},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			a.Handler().ServeHTTP(w, httptest.NewRequestWithContext(c.ctx, http.MethodGet, c.path, nil))
			got := reply{w.Code, w.Header(), w.Body.String()}
			got.problem(t)
			if got.Status != c.status || strings.Contains(got.Body, "secret") || got.Header.Get("X-Secret") != "" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestAbortHandlerPasses(t *testing.T) {
	t.Parallel()
	a := httpserver.NewAPI("orders", httpserver.Options{})
	httpserver.Register(a, httpserver.Operation{Method: "GET", Path: "/", Access: httpserver.Public, Rate: httpserver.RateDefault},
		func(context.Context, *struct{}) (*struct{}, error) { panic(http.ErrAbortHandler) })
	defer func() {
		if v := recover(); v != http.ErrAbortHandler { //nolint:errorlint // net/http compares in the same way
			t.Errorf("recovered %v", v)
		}
	}()
	send(a.Handler(), nobody, http.MethodGet, "/", "")
}

func TestProblemsPageNamesEveryCode(t *testing.T) {
	t.Parallel()
	a := httpserver.NewAPI("catalog", httpserver.Options{})
	a.Problems(httpserver.ProblemInfo{Code: "stock_short", Status: 409, Title: "Not enough in stock", Help: "Order <less>."})
	got := send(httpserver.ProblemsPage(a), nobody, http.MethodGet, "/docs/problems", "")
	codes := []string{"stock_short", "validation_failed", "malformed_json", "internal", "idempotency_in_flight"}
	if !slices.ContainsFunc(codes, func(code string) bool { return !strings.Contains(got.Body, `id="`+code+`"`) }) && strings.Contains(got.Body, "&lt;less&gt;") {
		return
	}
	t.Errorf("page lacks a code or escapes badly: %s", got.Body)
}

func TestDeclarationsMustBeComplete(t *testing.T) {
	t.Parallel()
	good := httpserver.Operation{Method: "GET", Path: "/v1/things/{id}", Access: httpserver.Public, Rate: httpserver.RateDefault}
	for name, change := range map[string]func(*httpserver.Operation){
		"access":         func(o *httpserver.Operation) { o.Access = "" },
		"invented":       func(o *httpserver.Operation) { o.Access = "everybody" },
		"rate":           func(o *httpserver.Operation) { o.Rate = "" },
		"method":         func(o *httpserver.Operation) { o.Method = "get" },
		"pattern":        func(o *httpserver.Operation) { o.Path = "/v1/things/{id:[a-z]+}" },
		"relative":       func(o *httpserver.Operation) { o.Path = "v1" },
		"trailing slash": func(o *httpserver.Operation) { o.Path = "/v1/" },
		"key on a GET":   func(o *httpserver.Operation) { o.Idempotency = httpserver.KeyRequired },
		"other name":     func(o *httpserver.Operation) { o.Path = "/v1/things/{thing_id}" },
	} {
		t.Run("Err "+name, func(t *testing.T) {
			t.Parallel()
			op := good
			change(&op)
			defer func() {
				if recover() == nil {
					t.Error("was registered")
				}
			}()
			httpserver.Register(httpserver.NewAPI("x", httpserver.Options{}), op, func(context.Context, *getInput) (*struct{}, error) { return nil, nil })
		})
	}
	t.Run("Err header that does not cross", func(t *testing.T) {
		t.Parallel()
		defer func() {
			if recover() == nil {
				t.Error("was registered")
			}
		}()
		type in struct {
			Auth string `header:"Authorization"`
		}
		op := good
		op.Path = "/x"
		httpserver.Register(httpserver.NewAPI("x", httpserver.Options{}), op, func(context.Context, *in) (*struct{}, error) { return nil, nil })
	})
}
