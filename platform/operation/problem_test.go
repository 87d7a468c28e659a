package operation_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"app/platform/operation"
	"app/platform/operation/operationtest"
)

func TestFailuresInHandlers(t *testing.T) {
	t.Parallel()
	a := operation.NewAPI("orders", operation.Options{})
	op := operation.Operation{Method: "GET", Access: operation.Public, Rate: operation.RateDefault}
	type out struct {
		Secret string `header:"X-Secret"`
		Body   struct {
			Rate float64 `json:"rate"`
		}
	}
	register := func(path string, handler func(ctx context.Context, in *struct{}) (*out, error)) {
		op.Path = path
		operation.Register(a, op, handler)
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
			got := operationtest.Reply{Status: w.Code, Header: w.Header(), Body: w.Body.String()}
			got.Problem(t)
			if got.Status != c.status || strings.Contains(got.Body, "secret") || got.Header.Get("X-Secret") != "" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestAbortHandlerPasses(t *testing.T) {
	t.Parallel()
	a := operation.NewAPI("orders", operation.Options{})
	operation.Register(a, operation.Operation{Method: "GET", Path: "/", Access: operation.Public, Rate: operation.RateDefault},
		func(context.Context, *struct{}) (*struct{}, error) { panic(http.ErrAbortHandler) })
	defer func() {
		if v := recover(); v != http.ErrAbortHandler { //nolint:errorlint // net/http compares in the same way
			t.Errorf("recovered %v", v)
		}
	}()
	operationtest.Send(a.Handler(), operationtest.Nobody, http.MethodGet, "/", "")
}

func TestDeclarationsMustBeComplete(t *testing.T) {
	t.Parallel()
	good := operation.Operation{Method: "GET", Path: "/v1/things/{id}", Access: operation.Public, Rate: operation.RateDefault}
	for name, change := range map[string]func(*operation.Operation){
		"access":         func(o *operation.Operation) { o.Access = "" },
		"invented":       func(o *operation.Operation) { o.Access = "everybody" },
		"rate":           func(o *operation.Operation) { o.Rate = "" },
		"method":         func(o *operation.Operation) { o.Method = "get" },
		"pattern":        func(o *operation.Operation) { o.Path = "/v1/things/{id:[a-z]+}" },
		"relative":       func(o *operation.Operation) { o.Path = "v1" },
		"trailing slash": func(o *operation.Operation) { o.Path = "/v1/" },
		"key on a GET":   func(o *operation.Operation) { o.Idempotency = operation.KeyRequired },
		"other name":     func(o *operation.Operation) { o.Path = "/v1/things/{thing_id}" },
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
			operation.Register(operation.NewAPI("x", operation.Options{}), op, func(context.Context, *getInput) (*struct{}, error) { return nil, nil })
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
		operation.Register(operation.NewAPI("x", operation.Options{}), op, func(context.Context, *in) (*struct{}, error) { return nil, nil })
	})
}
