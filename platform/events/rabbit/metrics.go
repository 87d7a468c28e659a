package rabbit

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

const namespace = "souk_events_broker_"

func newPublishing() prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{
		Name: namespace + "publishing", Help: "Whether there is a connection to publish on.",
	})
}

func newConsuming() *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: namespace + "consuming", Help: "Whether a module hosted here has a connection to hear on.",
	}, []string{"module"})
}

func newReturned() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: namespace + "returned_total", Help: "Events that came back because no queue was bound for them; they are sent again.",
	}, []string{"module"})
}

func newRejected() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: namespace + "rejected_total", Help: "Messages that could not be read and were set aside as dead.",
	}, []string{"module"})
}

func newDead() prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{
		Name: namespace + "dead", Help: "Messages that the broker has set aside as dead, of all modules.",
	})
}

func registerMetrics(r prometheus.Registerer, collectors ...prometheus.Collector) error {
	if r == nil {
		return nil
	}
	for _, c := range collectors {
		if err := r.Register(c); err != nil {
			return fmt.Errorf("register metrics of the broker: %w", err)
		}
	}
	return nil
}
