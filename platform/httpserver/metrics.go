package httpserver

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/exchange"
)

// Metrics counts requests by module, route template, method and status. One serves all
// listeners of a process.
type Metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// NewMetrics registers souk_http_requests_total and souk_http_request_duration_seconds.
func NewMetrics(registerer prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "souk_http_requests_total", Help: "HTTP requests answered.",
		}, []string{"module", "route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "souk_http_request_duration_seconds", Help: "Time from the request's header to the end of the reply.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"module", "route"}),
	}
	registerer.MustRegister(m.requests, m.duration)
	return m
}

func (m *Metrics) observeRequest(module, route, method string, status int, elapsed time.Duration) {
	if m == nil {
		return
	}
	m.requests.WithLabelValues(module, route, exchange.KnownMethod(method), strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(module, route).Observe(elapsed.Seconds())
}
