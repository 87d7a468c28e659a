# One image for every module and for all of them: `make image`. The command says what it serves.
#
# Nothing here needs BuildKit, so that any engine builds it.

FROM golang:1.26-bookworm AS build
# Where modules come from; `make image` passes on what the host uses.
ARG GOPROXY=https://proxy.golang.org,direct
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
# What takes longest to compile changes least: a layer of its own, so that a change of ours is built in seconds.
RUN CGO_ENABLED=0 go build -trimpath -tags timetzdata,grpcnotrace \
      modernc.org/sqlite github.com/danielgtaylor/huma/v2 github.com/prometheus/client_golang/prometheus/promhttp \
      go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp
COPY . .
ARG VERSION=dev
# timetzdata puts the time zones into the binary, which then needs nothing of the system but certificates. grpcnotrace leaves out pages that
# nobody serves here and whose templates would keep every method of every type (see platform/markup): 6 MB.
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags timetzdata,grpcnotrace \
      -ldflags "-s -w -X app/platform/cli.release=$VERSION" -o /out/app . \
 && mkdir -m 700 /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/app /app
# Only a shop on SQLite writes: mount a volume here. Everything else runs on a read-only root.
COPY --from=build --chown=10001:10001 /out/data /data
# Metrics and profiles are for the container alone until ADMIN_ADDR says otherwise.
ENV HTTP_ADDR=:8080 ADMIN_ADDR=127.0.0.1:9090 DATA_DIR=/data
EXPOSE 8080
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/app", "health"]
ENTRYPOINT ["/app"]
CMD ["serve", "--all"]
# Last, because they differ in every build.
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="souk" \
      org.opencontainers.image.description="A shop in one binary, or one module of it" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
