package rpctest_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"app/platform/fault"
	"app/platform/rpc"
	"app/platform/rpc/rpctest"
	"app/platform/rpc/rpctest/parityv1"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		registry := prometheus.NewPedanticRegistry()
		r := newRow(t, way, rpc.Options{Metrics: registry})
		r.look = func(context.Context, *parityv1.LookRequest) (*parityv1.LookResponse, error) {
			return &parityv1.LookResponse{}, nil
		}
		r.act = func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			return nil, fault.Missing("product")
		}
		for _, kind := range []string{"Look", "Look", "Act"} {
			_ = r.call(context.Background(), kind)
		}
		counted := func(method, code string) map[string]string {
			labels := map[string]string{"caller": "orders", "module": "parity", "method": method, "transport": string(way)}
			if code != "" {
				labels["code"] = code
			}
			return labels
		}
		for name, want := range map[string][]sample{
			"souk_rpc_calls_total":      {{counted("Act", "not_found"), 1}, {counted("Look", "ok"), 2}},
			"souk_rpc_duration_seconds": {{counted("Act", ""), 1}, {counted("Look", ""), 2}},
		} {
			if diff := cmp.Diff(want, gather(t, registry, name), cmp.AllowUnexported(sample{})); diff != "" {
				t.Errorf("%s, -want +got\n%s", name, diff)
			}
		}
	})
}

type sample struct {
	labels map[string]string
	value  float64
}

// gather reads the samples of a metric that are not zero, of a histogram how many it
// saw.
func gather(t *testing.T, from prometheus.Gatherer, name string) []sample {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var found []sample
	for _, f := range families {
		for _, m := range f.GetMetric() {
			s := sample{labels: map[string]string{}, value: m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())}
			for _, l := range m.GetLabel() {
				s.labels[l.GetName()] = l.GetValue()
			}
			if f.GetName() == name && s.value > 0 {
				found = append(found, s)
			}
		}
	}
	return found
}

func TestTraces(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		spans := tracetest.NewSpanRecorder()
		provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
		r := newRow(t, way, rpc.Options{Tracer: provider})
		r.act = func(ctx context.Context, _ *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			_, inner := provider.Tracer("parity").Start(ctx, "inner")
			inner.End()
			return nil, fault.New(fault.Aborted, "lost", "")
		}
		ctx, root := provider.Tracer("orders").Start(context.Background(), "root")
		_ = r.call(ctx, "Act")
		root.End()
		eventually(t, "four spans", func() bool { return len(spans.Ended()) == 4 })
		byName := map[string]sdktrace.ReadOnlySpan{}
		for _, s := range spans.Ended() {
			byName[s.Name()+" "+s.SpanKind().String()] = s
		}
		const call = "souk.parity.v1.Parity/Act"
		chain := []string{"root internal", call + " client", call + " server", "inner internal"}
		for i, name := range chain[1:] {
			child, parent := byName[name], byName[chain[i]]
			if child == nil || parent == nil {
				t.Fatalf("spans: %v", byName)
			}
			if child.Parent().SpanID() != parent.SpanContext().SpanID() || child.SpanContext().TraceID() != root.SpanContext().TraceID() {
				t.Errorf("%s is not a child of %s", name, chain[i])
			}
		}
		want := []attribute.KeyValue{
			attribute.String("rpc.system", "connect_rpc"), attribute.String("rpc.service", "souk.parity.v1.Parity"),
			attribute.String("rpc.method", "Act"), attribute.String("souk.caller", "orders"), attribute.String("souk.module", "parity"),
			attribute.String("transport", string(way)), attribute.String("souk.code", "aborted"), attribute.String("souk.reason", "lost"),
		}
		for _, kind := range []trace.SpanKind{trace.SpanKindClient, trace.SpanKindServer} {
			got := byName[call+" "+kind.String()].Attributes()
			if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b attribute.KeyValue) bool { return a == b })); diff != "" {
				t.Errorf("%s span, -want +got\n%s", kind, diff)
			}
		}
	})
}
