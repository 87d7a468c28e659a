package host

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/lifecycle"
)

// stateLimit bounds how long the modules are asked for their readiness when metrics are
// collected.
const stateLimit = 2 * time.Second

var (
	stateDesc = prometheus.NewDesc("souk_module_state", "1 for the state that a module hosted here is in: new, starting, running, stopping, terminated or failed.",
		[]string{"module", "state"}, nil)
	readyDesc = prometheus.NewDesc("souk_module_ready", "1 while a module hosted here is ready, as /ready says; else 0.", []string{"module"}, nil)
)

// states are the modules' states as metrics.
type states struct{ supervisor *lifecycle.Supervisor }

// Describe implements prometheus.Collector.
func (states) Describe(out chan<- *prometheus.Desc) {
	out <- stateDesc
	out <- readyDesc
}

// Collect implements prometheus.Collector.
func (s states) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), stateLimit)
	defer cancel()
	for _, m := range s.supervisor.Snapshot(ctx) {
		ready := 0.0
		if m.Ready {
			ready = 1
		}
		out <- prometheus.MustNewConstMetric(stateDesc, prometheus.GaugeValue, 1, m.Name, string(m.State))
		out <- prometheus.MustNewConstMetric(readyDesc, prometheus.GaugeValue, ready, m.Name)
	}
}
