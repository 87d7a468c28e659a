package rpctest_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/freeport"
	"app/platform/httpserver"
	"app/platform/rpc"
	"app/platform/rpc/rpctest"
	"app/platform/rpc/rpctest/parityv1"
)

// dial makes the client of a parity module at the URL.
func dial(t *testing.T, url string, o rpc.Options) *row {
	t.Helper()
	r := &row{fake: &fake{}, logs: &logs{}}
	o.Signer, o.Logger = rpctest.Signer(t, time.Now), slog.New(slog.NewJSONHandler(r.logs, nil))
	runtime := rpc.NewRuntime(o)
	t.Cleanup(runtime.Close)
	if err := runtime.BindRemote("orders", parityv1.NeedParity(&r.client), url); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestModuleDownAndBack(t *testing.T) {
	t.Parallel()
	address, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	r := dial(t, "http://"+address, rpc.Options{})
	start := time.Now()
	for range 30 {
		err := r.call(context.Background(), "Act")
		wantCall(t, err, fault.CallError{Method: "Act", Code: fault.Unavailable, Reason: "module_down"})
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("30 refusals took %v", took)
	}
	handler := &fake{act: func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) {
		return &parityv1.ActResponse{}, nil
	}}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(rpc.NewRuntime(rpc.Options{Signer: rpctest.Signer(t, time.Now)}).Handler(serve(handler)))
	server.Listener.Close()
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	back := time.Now()
	eventually(t, "the module is used again", func() bool { return r.call(context.Background(), "Act") == nil })
	if waited := time.Since(back); waited > 2*time.Second {
		t.Errorf("used again after %v, want within two seconds", waited)
	}
}

// A peer that takes a request and then loses the connection may have executed it.
// Neither the boundary nor net/http, which repeats some requests of its own accord on a
// connection used before, may send a call twice that has no leave.
func TestConnectionLostAfterSending(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int64{
		"Act is closed": 1, "Put is closed": 2, "Act is reset": 1, "Put is reset": 2, "Act is cut off": 1, "Put is cut off": 2,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind, how, _ := strings.Cut(name, " is ")
			var n atomic.Int64
			handler := &fake{look: func(context.Context, *parityv1.LookRequest) (*parityv1.LookResponse, error) {
				return &parityv1.LookResponse{}, nil
			}}
			inner := rpc.NewRuntime(rpc.Options{Signer: rpctest.Signer(t, time.Now)}).Handler(serve(handler))
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/Look") {
					inner.ServeHTTP(w, r)
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				n.Add(1)
				switch how {
				case "reset":
					reset(t, w)
					return
				case "cut off": // in the middle of the reply
					w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
					w.Header().Set("Content-Length", "100")
					_, _ = io.WriteString(w, "half of it")
					_ = http.NewResponseController(w).Flush()
				}
				panic(http.ErrAbortHandler)
			}))
			t.Cleanup(server.Close)
			r := dial(t, server.URL, rpc.Options{})
			ctx := callctx.WithIdempotency(context.Background(), callctx.Idempotency{Key: "key", At: time.Now()})
			if err := r.call(ctx, "Look"); err != nil {
				t.Fatal(err)
			}
			err := r.call(ctx, kind)
			wantCall(t, err, fault.CallError{Method: kind, Code: fault.Unavailable, Reason: "connection_lost"})
			if n.Load() != want {
				t.Errorf("sent %d times, want %d", n.Load(), want)
			}
		})
	}
}

// Wherever a connection breaks off, in a request, in a result or in a refusal: it is a
// connection lost, and never a refusal, a result or a protocol that nobody spoke.
func TestConnectionBreaksOffAnywhere(t *testing.T) {
	t.Parallel()
	handler := &fake{
		act: func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			return nil, fault.New(fault.FailedPrecondition, "stock_short", "There is less.")
		},
		put: func(context.Context, *parityv1.PutRequest) (*parityv1.PutResponse, error) {
			return &parityv1.PutResponse{}, nil
		},
	}
	server := listen(t, handler)
	for kind, whole := range map[string]string{"Act": "stock_short", "Put": ""} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			call := func(sent, answered int64) (reason string, n rpctest.Passed) {
				return callThrough(t, server, kind, sent, answered)
			}
			reason, all := call(math.MaxInt64, math.MaxInt64)
			if reason != whole {
				t.Fatalf("whole: %q, want %q", reason, whole)
			}
			for n := range all.Sent {
				if reason, _ := call(n, math.MaxInt64); reason != "connection_lost" {
					t.Errorf("%d of %d bytes of the request: %q", n, all.Sent, reason)
				}
			}
			for n := range all.Answered {
				if reason, _ := call(math.MaxInt64, n); reason != "connection_lost" {
					t.Errorf("%d of %d bytes of the reply: %q", n, all.Answered, reason)
				}
			}
		})
	}
}

// A connection of which only the answering half is left makes the callee believe that
// its caller has left. The caller is told of a connection.
func TestConnectionHalfClosed(t *testing.T) {
	t.Parallel()
	waits := false
	server := listen(t, &fake{act: func(ctx context.Context, _ *parityv1.ActRequest) (*parityv1.ActResponse, error) {
		if waits {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return &parityv1.ActResponse{}, nil
	}})
	reason, all := callThrough(t, server, "Act", math.MaxInt64, math.MaxInt64)
	if reason != "" {
		t.Fatal(reason)
	}
	waits = true
	if reason, _ = callThrough(t, server, "Act", all.Sent, math.MaxInt64); reason != "connection_lost" {
		t.Errorf("%q, want a connection lost", reason)
	}
}

// listen serves a module as a host does.
func listen(t *testing.T, handler *fake) (address string) {
	t.Helper()
	server := &httpserver.Server{Name: "test", Addr: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)}
	server.Handler = rpc.NewRuntime(rpc.Options{Signer: rpctest.Signer(t, time.Now)}).Handler(serve(handler))
	if err := server.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve() }()
	t.Cleanup(func() { _ = server.Shutdown(context.Background()) })
	return server.Address()
}

// callThrough makes a call over a wire of its own and tells why it failed, and how much
// went each way.
func callThrough(t *testing.T, server, kind string, sent, answered int64) (reason string, n rpctest.Passed) {
	t.Helper()
	w := rpctest.NewWire(t, server, sent, answered)
	err := dial(t, w.URL(), rpc.Options{}).call(context.Background(), kind)
	var failed *fault.CallError
	if errors.As(err, &failed) {
		reason = failed.Reason
	}
	return reason, w.End()
}

// reset breaks a connection in the way that tells the peer.
func reset(t *testing.T, w http.ResponseWriter) {
	t.Helper()
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// What stands between two processes may answer in their place; it is not believed in
// business matters.
func TestAnswersOfSomebodyElse(t *testing.T) {
	t.Parallel()
	cases := map[int]fault.CallError{
		http.StatusServiceUnavailable: {Code: fault.Unavailable, Reason: "connection_lost"},
		http.StatusBadGateway:         {Code: fault.Unavailable, Reason: "connection_lost"},
		http.StatusNotFound:           {Code: fault.Internal, Reason: "protocol_error"},
		http.StatusForbidden:          {Code: fault.Internal, Reason: "protocol_error"},
		http.StatusUnauthorized:       {Code: fault.Internal, Reason: "protocol_error"},
		http.StatusTemporaryRedirect:  {Code: fault.Internal, Reason: "protocol_error"},
		http.StatusOK:                 {Code: fault.Internal, Reason: "protocol_error"},
	}
	for status, want := range cases {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			var n atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				n.Add(1)
				w.Header().Set("Location", "/elsewhere")
				w.Header().Set("Content-Type", "text/html")
				w.WriteHeader(status)
			}))
			t.Cleanup(server.Close)
			want.Method = "Act"
			wantCall(t, dial(t, server.URL, rpc.Options{}).call(context.Background(), "Act"), want)
			if n.Load() != 1 {
				t.Errorf("sent %d times", n.Load())
			}
		})
	}
}

// Connections are given up after a minute of use, so that a replica added later gets
// its share.
func TestConnectionsDoNotGrowOld(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	clock := func() time.Time { return time.Unix(now.Load(), 0) }
	handler := &fake{act: func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) {
		return &parityv1.ActResponse{}, nil
	}}
	var mu sync.Mutex
	remotes := map[string]bool{}
	inner := rpc.NewRuntime(rpc.Options{Signer: rpctest.Signer(t, time.Now)}).Handler(serve(handler))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		remotes[r.RemoteAddr] = true
		mu.Unlock()
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	r := dial(t, server.URL, rpc.Options{Now: clock})
	used := func() int {
		for range 5 {
			if err := r.call(context.Background(), "Act"); err != nil {
				t.Fatal(err)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		return len(remotes)
	}
	if n := used(); n != 1 {
		t.Errorf("%d connections for calls in sequence, want one", n)
	}
	now.Add(61)
	if n := used(); n != 2 {
		t.Errorf("%d connections after a minute, want another", n)
	}
}
