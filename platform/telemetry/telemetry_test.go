package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"

	"app/platform/callctx"
	"app/platform/telemetry"
)

func TestNewLogger(t *testing.T) {
	t.Parallel()
	t.Run("json carries the request and its trace", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
		ctx := trace.ContextWithSpanContext(callctx.WithRequestID(context.Background(), "req_1"), span)
		telemetry.NewLogger(&out, slog.LevelInfo, "auto").With("module", "orders").InfoContext(ctx, "placed")
		var line map[string]any
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line["request_id"] != "req_1" || line["module"] != "orders" || line["trace_id"] != "01000000000000000000000000000000" {
			t.Errorf("got %s", out.String())
		}
	})
	t.Run("lines below the level are dropped", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		telemetry.NewLogger(&out, slog.LevelWarn, "text").Info("chatter")
		if out.Len() != 0 {
			t.Errorf("got %s", out.String())
		}
	})
	t.Run("a file is no terminal", func(t *testing.T) {
		t.Parallel()
		f, err := os.CreateTemp(t.TempDir(), "log")
		if err != nil {
			t.Fatal(err)
		}
		telemetry.NewLogger(f, slog.LevelInfo, "auto").Info("x")
		got, err := os.ReadFile(f.Name())
		if err != nil || !strings.HasPrefix(string(got), "{") {
			t.Errorf("got %s, %v", got, err)
		}
	})
}

func TestAdminHandler(t *testing.T) {
	t.Parallel()
	said := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
	}
	admin := telemetry.Admin{Metrics: telemetry.NewRegistry("v9"), Ready: said("ready"), Live: said("live"), Modules: said("modules")}
	server := httptest.NewServer(admin.Handler())
	t.Cleanup(server.Close)
	for path, want := range map[string]string{
		"/metrics": `souk_build_info{version="v9"} 1`, "/ready": "ready", "/live": "live", "/modules": "modules", "/debug/pprof/": "goroutine",
	} {
		response, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d, no %q in it", path, response.StatusCode, want)
		}
	}
}

// Not parallel: the tracer provider is one per process.
func TestTraces(t *testing.T) {
	got := make(chan string, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case got <- r.Method + " " + r.URL.Path:
		default:
		}
	}))
	t.Cleanup(collector.Close)
	flush, err := telemetry.Traces(t.Context(), collector.URL, "souk", "v9")
	if err != nil {
		t.Fatal(err)
	}
	_, span := otel.Tracer("test").Start(t.Context(), "work")
	span.End()
	if err := flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if path := <-got; path != "POST /v1/traces" {
		t.Errorf("collector got %s", path)
	}
}

func TestTraced(t *testing.T) {
	t.Parallel()
	const parent = "00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01"
	const theirs = "0102030405060708090a0b0c0d0e0f10"
	for _, tc := range []struct {
		trusted, recorded bool
		want              string
	}{{true, true, theirs}, {false, true, ""}, {true, false, theirs}, {false, false, ""}} {
		var got string
		handler := telemetry.Traced(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if span := trace.SpanContextFromContext(r.Context()); span.HasTraceID() && span.TraceID().String() == parent[3:35] {
				got = span.TraceID().String()
			}
		}), tc.trusted, tc.recorded)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.Header.Set("Traceparent", parent)
		handler.ServeHTTP(httptest.NewRecorder(), r)
		if got != tc.want {
			t.Errorf("trusted %t, recorded %t: trace %q, want %q", tc.trusted, tc.recorded, got, tc.want)
		}
	}
}
