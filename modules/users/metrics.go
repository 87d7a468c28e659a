package users

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"app/modules/users/internal/subjects"
)

// registerMetrics shows what the service has counted.
func registerMetrics(metrics prometheus.Registerer, s *subjects.Set) error {
	if metrics == nil {
		return nil
	}
	counter := func(name, help string, value func() int64) error {
		return metrics.Register(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(value()) }))
	}
	return errors.Join(
		counter("souk_users_password_hashes_total", "Passwords hashed, each about 23 ms of one core.", s.Hasher.Operations),
		counter("souk_users_passwords_limited_total", "Passwords that were not looked at because too many had been tried.", s.Tries.Limited),
		counter("souk_users_refresh_reuses_total", "Sessions ended because a refresh token was used again.", s.Sessions.Reuses),
	)
}
