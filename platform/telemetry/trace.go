package telemetry

import (
	"context"
	"fmt"
	"net/http"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Traces makes the process carry trace contexts on (W3C traceparent) and, when endpoint
// is not empty, send its spans to the collector there (OTLP over HTTP, base URL as in
// OTEL_EXPORTER_OTLP_ENDPOINT). The OTEL_* variables of the OpenTelemetry
// specification, such as OTEL_TRACES_SAMPLER and OTEL_EXPORTER_OTLP_HEADERS, are
// honoured. A collector that is away costs spans, never requests. flush sends what is
// left and ends it.
func Traces(ctx context.Context, endpoint, service, version string) (flush func(context.Context) error, err error) {
	otel.SetTextMapPropagator(propagation.TraceContext{})
	if endpoint == "" {
		return func(context.Context) error { return nil }, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint+"/v1/traces"))
	if err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(resource.NewSchemaless(
		attribute.String("service.name", service), attribute.String("service.version", version),
	)))
	otel.SetTracerProvider(provider)
	return provider.Shutdown, nil
}

// Traced puts each request under a span. A trace context that comes with the request is
// continued where the caller is trusted, and replaced by a new trace where it is not:
// nobody outside decides what is recorded here. Where nothing is recorded there are no
// spans, and what comes with the request is carried on from the trusted.
func Traced(next http.Handler, trusted, recorded bool) http.Handler {
	if !recorded {
		return withRemoteTrace(next, trusted)
	}
	tracer := otel.Tracer("app/platform/telemetry")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if trusted {
			ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
		}
		ctx, span := tracer.Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// withRemoteTrace hands a trusted caller's trace context on.
func withRemoteTrace(next http.Handler, trusted bool) http.Handler {
	if !trusted {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header["Traceparent"]) > 0 {
			r = r.WithContext(propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header)))
		}
		next.ServeHTTP(w, r)
	})
}
