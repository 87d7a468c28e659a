package operation_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"

	"app/platform/callctx"
	"app/platform/exchange"
	"app/platform/identity"
	"app/platform/operation"
	"app/platform/operation/operationtest"
	"app/platform/problem"
)

type foreignKey struct{}

func outerContext(t *testing.T) context.Context {
	t.Helper()
	ctx := context.WithValue(t.Context(), foreignKey{}, "a transaction")
	ctx = callctx.WithTransaction(callctx.WithRequestID(ctx, "req_1"), "gateway")
	ctx = callctx.WithIdempotency(ctx, callctx.Idempotency{Key: "of the caller"})
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
	ctx = trace.ContextWithSpanContext(ctx, span)
	return identity.WithCaller(identity.NewContext(ctx, operationtest.Alice), "gateway")
}

// crossed is what a handler found in its context.
type crossed struct {
	Principal   identity.Principal
	Caller      string
	RequestID   string
	Trace       string
	Transaction string
	Foreign     any
	Key         string
}

func look(ctx context.Context) crossed {
	k, _ := callctx.IdempotencyOf(ctx)
	return crossed{
		identity.FromContext(ctx), identity.Caller(ctx), callctx.RequestID(ctx), trace.SpanContextFromContext(ctx).TraceID().String(),
		callctx.Transaction(ctx), ctx.Value(foreignKey{}), k.Key,
	}
}

// The handler of an operation, a raw one and one behind Fence all see the same few
// things.
func TestOnlyTheAllowedCrosses(t *testing.T) {
	t.Parallel()
	var got crossed
	a := operation.NewAPI("catalog", operation.Options{})
	op := operation.Operation{Method: "GET", Path: "/typed", Access: operation.Public, Rate: operation.RateDefault}
	operation.Register(a, op, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		got = look(ctx)
		return nil, nil
	})
	raw := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = look(r.Context()) })
	op.Path = "/raw"
	a.Raw(op, raw)
	want := crossed{Principal: operationtest.Alice, Caller: "gateway", RequestID: "req_1", Trace: "01000000000000000000000000000000"}
	for path, h := range map[string]http.Handler{"/typed": a.Handler(), "/raw": a.Handler(), "/fenced": exchange.Fence(raw)} {
		got = crossed{}
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(outerContext(t), http.MethodGet, path, nil))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestRawSeesDeclaredHeadersOnly(t *testing.T) {
	t.Parallel()
	var got http.Header
	var outer http.Header
	a := operation.NewAPI("payments", operation.Options{})
	op := operation.Operation{
		Method: "POST", Path: "/v1/payments/webhooks/{provider}", Access: operation.Public, Rate: operation.RateWebhook,
		Headers: []string{"stripe-signature"}, MaxBody: 8,
	}
	a.Raw(op, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		if _, err := operation.ReadBody(r); err != nil {
			problem.Write(w, r, err)
		}
	}))
	r := httptest.NewRequest(http.MethodPost, "/v1/payments/webhooks/stripe", strings.NewReader("{}"))
	for _, name := range []string{"Stripe-Signature", "Authorization", "Cookie", "X-Forwarded-For", "Souk-Assertion", "Cart-Token", "X_Auth_Sub"} {
		r.Header.Set(name, "x")
	}
	outer = r.Header.Clone()
	a.Handler().ServeHTTP(httptest.NewRecorder(), r)
	if diff := cmp.Diff(http.Header{"Stripe-Signature": {"x"}, "Cart-Token": {"x"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(outer, r.Header); diff != "" {
		t.Errorf("the request of the caller changed (-want +got):\n%s", diff)
	}
	if got := operationtest.Send(a.Handler(), operationtest.Nobody, http.MethodPost, "/v1/payments/webhooks/stripe", "longer than that"); got.Status != 413 {
		t.Errorf("body over the limit: %+v", got)
	}
}

func TestFenceEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	serve := func(ctx context.Context, timeout time.Duration) (err error) {
		a := operation.NewAPI("catalog", operation.Options{})
		op := operation.Operation{Method: "GET", Path: "/", Access: operation.Public, Rate: operation.RateDefault, Timeout: timeout}
		operation.Register(a, op, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
			<-ctx.Done()
			err = ctx.Err()
			return nil, err
		})
		a.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
		return err
	}
	t.Run("Canceled", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		if err := serve(ctx, time.Minute); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ErrOwnTimeout", func(t *testing.T) {
		t.Parallel()
		if err := serve(t.Context(), time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ErrOutersDeadline", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := serve(ctx, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// Drivers derive a context for each query: on a fence of an unknown kind each would
// cost a goroutine.
func TestChildrenOfTheFenceCostNoGoroutine(t *testing.T) {
	var before, after int
	h := exchange.Fence(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		before = runtime.NumGoroutine()
		for range 100 {
			_, cancel := context.WithCancel(r.Context())
			defer cancel()
		}
		after = runtime.NumGoroutine()
	}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(outerContext(t), http.MethodGet, "/", nil))
	if after > before+50 {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}
