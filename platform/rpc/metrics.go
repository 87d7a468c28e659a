package rpc

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/fault"
	"app/platform/rpc/internal/tracing"
)

// ok is the code label of a call that got its response.
const ok = fault.Code("ok")

// metrics are the caller's view of calls.
type metrics struct {
	calls    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	retries  *prometheus.CounterVec
	circuit  *prometheus.GaugeVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	return &metrics{
		calls: registerCollector(r, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "souk_rpc_calls_total", Help: "Calls between modules, by outcome.",
		}, []string{"caller", "module", "method", "transport", "code"})),
		duration: registerCollector(r, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "souk_rpc_duration_seconds", Help: "Time from call to response, retry included.",
			Buckets: []float64{1e-5, 1e-4, 5e-4, 1e-3, 5e-3, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"caller", "module", "method", "transport"})),
		retries: registerCollector(r, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "souk_rpc_retries_total", Help: "Second attempts of calls between modules.",
		}, []string{"caller", "module", "method", "transport"})),
		circuit: registerCollector(r, prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "souk_rpc_circuit_open", Help: "1 while calls are refused because the module fails.",
		}, []string{"caller", "module", "transport"})),
	}
}

// registerCollector registers a collector, or finds the one registered before: two
// runtimes may share a registry.
func registerCollector[C prometheus.Collector](r prometheus.Registerer, c C) C {
	if r == nil {
		return c
	}
	var before prometheus.AlreadyRegisteredError
	if err := r.Register(c); errors.As(err, &before) {
		if same, isSame := before.ExistingCollector.(C); isSame {
			return same
		}
	} else if err != nil {
		panic(err) // two metrics of one name: a programming error
	}
	return c
}

// meter counts the calls of one method of one edge, its labels resolved.
type meter struct {
	calls    *prometheus.CounterVec // lacks only the code
	ok       prometheus.Counter
	duration prometheus.Observer
	retries  prometheus.Counter
}

func (m *metrics) newMeter(caller, module, method string, remote bool) meter {
	labels := prometheus.Labels{"caller": caller, "module": module, "method": method, "transport": tracing.TransportName(remote)}
	calls := m.calls.MustCurryWith(labels)
	return meter{
		calls:    calls,
		ok:       calls.WithLabelValues(string(ok)),
		duration: m.duration.With(labels),
		retries:  m.retries.With(labels),
	}
}

func (m *meter) recordCall(start time.Time, r *refusal) {
	m.duration.Observe(time.Since(start).Seconds())
	if r == nil {
		m.ok.Inc()
		return
	}
	m.calls.WithLabelValues(string(r.Code)).Inc()
}
