package rabbit

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

const namespace = "souk_events_broker_"

// connectedGauge tells whether a link is up.
func connectedGauge(use string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{
		Name: namespace + "connected", Help: "Whether there is a connection to the broker.", ConstLabels: prometheus.Labels{"use": use},
	})
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

func register(r prometheus.Registerer, collectors ...prometheus.Collector) error {
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
