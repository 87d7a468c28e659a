package dispatch

import (
	"log/slog"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// When a module counts as down, as on the edges between modules: then nobody waits for
// it any more, and it is tried again soon.
const (
	failureRate = 0.5
	minRequests = 10
	window      = 10 * time.Second
	openFor     = 500 * time.Millisecond
	probes      = 3 // requests that may try at once; one success suffices
)

// sign is what a request says about the module.
type sign int

const (
	none sign = iota // the client went away
	good
	bad
)

func newBreaker(module string, logger *slog.Logger) circuitbreaker.CircuitBreaker[any] {
	log := logger.With(slog.String("callee", module))
	return circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(failureRate, minRequests, window).
		WithSuccessThresholdRatio(1, probes).
		WithDelay(openFor).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) {
			switch {
			case e.NewState == circuitbreaker.OpenState && e.OldState == circuitbreaker.ClosedState:
				log.Warn("requests stopped: the module does not answer", slog.Float64("failure_rate", e.Metrics().FailureRate()))
			case e.NewState == circuitbreaker.ClosedState:
				log.Info("requests resumed: the module answers again")
			}
		}).
		Build()
}

// recordBreakerResult tells the breaker how a request went.
func (d *Remote) recordBreakerResult(seen sign) {
	switch {
	case seen == good:
		d.breaker.RecordSuccess()
	case seen == bad:
		d.breaker.RecordFailure()
	case d.breaker.IsHalfOpen():
		// There is no way to return the permit of a probe: begin the probing anew.
		d.breaker.Open()
		d.breaker.HalfOpen()
	}
}
