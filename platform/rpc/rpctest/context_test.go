package rpctest_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"

	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/rpc"
	"app/platform/rpc/rpctest"
	"app/platform/rpc/rpctest/parityv1"
)

type foreignKey struct{}

// crossed is what a callee may know of its caller.
type crossed struct {
	Caller      string
	Principal   identity.Principal
	RequestID   string
	Idempotency callctx.Idempotency
	TraceID     trace.TraceID
}

func crossedIn(ctx context.Context) crossed {
	k, _ := callctx.IdempotencyOf(ctx)
	return crossed{
		Caller: identity.Caller(ctx), Principal: identity.FromContext(ctx), RequestID: callctx.RequestID(ctx),
		Idempotency: k, TraceID: trace.SpanContextFromContext(ctx).TraceID(),
	}
}

func TestContextCrossing(t *testing.T) {
	t.Parallel()
	sent := crossed{
		Caller: "orders",
		Principal: identity.Principal{
			UserID: "usr_1", Method: identity.APIKey, Admin: true, SessionID: "ses_1", Merchant: "mrc_1", Scopes: []identity.Scope{"catalog:read"}, KeyID: "key_1",
		},
		RequestID:   "req_1",
		Idempotency: callctx.Idempotency{Key: "a key with \x00 and \xff", At: time.Unix(1_800_000_000, 123_456_789).UTC()},
		TraceID:     trace.TraceID{1, 2, 3},
	}
	full := identity.NewContext(context.Background(), sent.Principal)
	full = callctx.WithRequestID(full, sent.RequestID)
	full = callctx.WithIdempotency(full, callctx.Idempotency{Key: sent.Idempotency.Key, At: sent.Idempotency.At.In(time.FixedZone("CET", 3600))})
	full = trace.ContextWithSpanContext(full, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: sent.TraceID, SpanID: trace.SpanID{4}, TraceFlags: trace.FlagsSampled,
	}))
	full = identity.WithCaller(full, "gateway") // who called orders is none of parity's business
	cases := map[string]struct {
		ctx  context.Context
		want crossed
	}{
		"EverythingThatMay": {full, sent},
		"Nothing":           {context.Background(), crossed{Caller: "orders"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
				r := newRow(t, way, rpc.Options{})
				var got crossed
				r.act = func(ctx context.Context, _ *parityv1.ActRequest) (*parityv1.ActResponse, error) {
					got = crossedIn(ctx)
					return &parityv1.ActResponse{}, nil
				}
				if _, err := r.client.Act(tc.ctx, &parityv1.ActRequest{}); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("-want +got\n%s", diff)
				}
			})
		})
	}
}

func TestContextFence(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		r := newRow(t, way, rpc.Options{})
		r.act = func(ctx context.Context, _ *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			for name, key := range map[string]any{"foreign": foreignKey{}, "server": http.ServerContextKey, "address": http.LocalAddrContextKey} {
				if ctx.Value(key) != nil {
					t.Errorf("the callee sees the %s value", name)
				}
			}
			if _, ok := connect.CallInfoForHandlerContext(ctx); ok {
				t.Error("the callee sees headers")
			}
			if trace.SpanFromContext(ctx).IsRecording() {
				t.Error("the callee holds its caller's span")
			}
			return &parityv1.ActResponse{}, nil
		}
		ctx, info := connect.NewClientContext(context.WithValue(context.Background(), foreignKey{}, "tx"))
		info.RequestHeader().Set("X-Identity", "admin")
		if _, err := r.client.Act(ctx, &parityv1.ActRequest{}); err != nil {
			t.Fatal(err)
		}
	})
}

// A caller that is itself being called remotely must not pass on the headers it was
// called with.
func TestContextFenceOnwards(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		first, second := newRow(t, rpctest.Remote, rpc.Options{}), newRow(t, way, rpc.Options{})
		first.act = func(ctx context.Context, r *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			return second.client.Act(ctx, r)
		}
		second.act = func(ctx context.Context, _ *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			if _, ok := connect.CallInfoForHandlerContext(ctx); ok {
				t.Error("the second callee reads the headers of the first call")
			}
			return &parityv1.ActResponse{Text: identity.FromContext(ctx).UserID}, nil
		}
		ctx := identity.NewContext(context.Background(), identity.Principal{UserID: "usr_1"})
		got, err := first.client.Act(ctx, &parityv1.ActRequest{})
		if err != nil || got.GetText() != "usr_1" {
			t.Errorf("got %v, %v, want the principal of the first caller", got, err)
		}
	})
}

func TestContextEndsWithCall(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		r := newRow(t, way, rpc.Options{})
		kept := make(chan context.Context, 1)
		r.act = func(ctx context.Context, _ *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			kept <- ctx
			return &parityv1.ActResponse{}, nil
		}
		if _, err := r.client.Act(context.Background(), &parityv1.ActRequest{}); err != nil {
			t.Fatal(err)
		}
		<-(<-kept).Done()
	})
}

func TestContextAlreadyEnded(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	late, stop := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	t.Cleanup(stop)
	for name, tc := range map[string]struct {
		ctx  context.Context
		want fault.Code
	}{
		"Cancelled": {cancelled, fault.Canceled}, "PastDeadline": {late, fault.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
				r := newRow(t, way, rpc.Options{})
				r.put = func(context.Context, *parityv1.PutRequest) (*parityv1.PutResponse, error) {
					t.Error("executed")
					return &parityv1.PutResponse{}, nil
				}
				_, err := r.client.Put(tc.ctx, &parityv1.PutRequest{})
				wantCall(t, err, fault.CallError{Method: "Put", Code: tc.want, Reason: string(tc.want)})
			})
		})
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		caller time.Duration // zero: none
		o      rpc.Options
		want   time.Duration
	}{
		"OfTheCaller":         {caller: time.Minute, want: time.Minute},
		"OfTheCallerIfLonger": {caller: time.Hour, want: time.Hour},
		"Default":             {want: rpc.DefaultTimeout},
		"Configured":          {o: rpc.Options{Timeout: 10 * time.Second}, want: 10 * time.Second},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
				r := newRow(t, way, tc.o)
				var got time.Time
				r.act = func(ctx context.Context, _ *parityv1.ActRequest) (*parityv1.ActResponse, error) {
					got, _ = ctx.Deadline()
					return &parityv1.ActResponse{}, nil
				}
				ctx, cancel := context.Background(), context.CancelFunc(func() {})
				if tc.caller > 0 {
					ctx, cancel = context.WithTimeout(ctx, tc.caller)
				}
				defer cancel()
				want := time.Now().Add(tc.want)
				if _, err := r.client.Act(ctx, &parityv1.ActRequest{}); err != nil {
					t.Fatal(err)
				}
				if off := got.Sub(want).Abs(); off > 2*time.Second {
					t.Errorf("deadline off by %v", off)
				}
			})
		})
	}
}

// The callee waits for the test, not for its context: its caller must not.
func TestDeadlineIgnoredByCallee(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]rpc.Options{"OfTheCaller": {}, "Default": {Timeout: 30 * time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
				r := newRow(t, way, o)
				release, ended := make(chan struct{}), make(chan error, 1)
				r.act = func(ctx context.Context, req *parityv1.ActRequest) (*parityv1.ActResponse, error) {
					<-release
					<-ctx.Done()
					ended <- ctx.Err()
					req.Text = "mine" // races with the caller if the request is shared
					return &parityv1.ActResponse{Text: "too late"}, nil
				}
				ctx, cancel := context.Background(), context.CancelFunc(func() {})
				if o.Timeout == 0 {
					ctx, cancel = context.WithTimeout(ctx, 30*time.Millisecond)
				}
				defer cancel()
				request := &parityv1.ActRequest{Text: "yours"}
				_, err := r.client.Act(ctx, request)
				wantCall(t, err, fault.CallError{Method: "Act", Code: fault.DeadlineExceeded, Reason: "deadline_exceeded"})
				close(release)
				request.Text += " still"
				if err := <-ended; err == nil {
					t.Error("the callee's context has not ended")
				}
			})
		})
	}
}

func TestCallerGoesAway(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		r := newRow(t, way, rpc.Options{})
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		r.act = func(ctx context.Context, _ *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			cancel()
			<-ctx.Done()
			ended <- ctx.Err()
			return nil, ctx.Err()
		}
		_, err := r.client.Act(ctx, &parityv1.ActRequest{})
		wantCall(t, err, fault.CallError{Method: "Act", Code: fault.Canceled, Reason: "canceled"})
		if err := <-ended; err != context.Canceled { //nolint:errorlint // a context's own error
			t.Errorf("the callee saw %v", err)
		}
	})
}

func TestCallInsideTransaction(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		r := newRow(t, way, rpc.Options{})
		r.act = func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			t.Error("executed")
			return &parityv1.ActResponse{}, nil
		}
		ctx := callctx.WithTransaction(context.Background(), "orders")
		_, err := r.client.Act(ctx, &parityv1.ActRequest{})
		wantCall(t, err, fault.CallError{Method: "Act", Code: fault.Internal, Reason: "call_in_transaction"})
		lines := r.logs.with(t, "call inside a transaction")
		if len(lines) != 1 || lines[0]["callee"] != "parity" || lines[0]["method"] != "Act" || lines[0]["transaction"] != "orders" {
			t.Errorf("logged %v", lines)
		}
	})
}

// What a callee does in its own transaction is none of its callee's business.
func TestTransactionDoesNotCross(t *testing.T) {
	t.Parallel()
	ctx := callctx.Carry(context.Background(), callctx.WithTransaction(context.Background(), "orders"))
	if callctx.Transaction(ctx) != "" {
		t.Error("the mark of a transaction crosses")
	}
}
