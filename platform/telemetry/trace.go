package telemetry

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Traces makes the process carry trace contexts on (W3C traceparent) and, when endpoint is not empty, send its spans
// to the collector there (OTLP over HTTP, base URL as in OTEL_EXPORTER_OTLP_ENDPOINT). The OTEL_* variables of the
// OpenTelemetry specification, such as OTEL_TRACES_SAMPLER and OTEL_EXPORTER_OTLP_HEADERS, are honoured. A collector
// that is away costs spans, never requests. flush sends what is left and ends it.
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
