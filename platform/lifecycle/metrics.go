package lifecycle

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// stateLimit bounds how long the modules are asked for their readiness when metrics are
// collected.
const stateLimit = 2 * time.Second

var (
	stateDesc = prometheus.NewDesc("souk_module_state", "1 for the state that a module hosted here is in: new, starting, running, stopping, terminated or failed.",
		[]string{"module", "state"}, nil)
	readyDesc = prometheus.NewDesc("souk_module_ready", "1 while a module hosted here is ready, as /ready says; else 0.", []string{"module"}, nil)
)

// Describe implements prometheus.Collector.
func (*Supervisor) Describe(out chan<- *prometheus.Desc) {
	out <- stateDesc
	out <- readyDesc
}

// Collect implements prometheus.Collector: souk_module_state and souk_module_ready.
func (s *Supervisor) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), stateLimit)
	defer cancel()
	for _, m := range s.Snapshot(ctx) {
		ready := 0.0
		if m.Ready {
			ready = 1
		}
		out <- prometheus.MustNewConstMetric(stateDesc, prometheus.GaugeValue, 1, m.Name, string(m.State))
		out <- prometheus.MustNewConstMetric(readyDesc, prometheus.GaugeValue, ready, m.Name)
	}
}
