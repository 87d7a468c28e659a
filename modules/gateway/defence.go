package gateway

import (
	"fmt"

	"app/modules/gateway/internal/edge"
	"app/modules/gateway/internal/limit"
	"app/platform/host"
	"app/platform/operation"
)

// configureDefences sets up the limits of the gateway, and the pages of other origins
// that may use it. RATE_LIMIT=off takes away what counts callers, not what keeps the
// process in one piece.
func (m *Module) configureDefences(env host.Env) (err error) {
	if m.gateway.Cross, err = edge.NewCrossOrigins(m.cfg.CrossOrigins); err != nil {
		return fmt.Errorf("CORS_ORIGINS: %w", err)
	}
	for _, origin := range m.cfg.CrossOrigins {
		if err := m.gateway.Origins.AddTrustedOrigin(origin); err != nil {
			return fmt.Errorf("CORS_ORIGINS: %w", err)
		}
	}
	if env.Config.RateLimit == "off" {
		m.gateway.Crowd = edge.NewCrowd(m.cfg.InFlight, 0)
		return nil
	}
	m.gateway.Crowd = edge.NewCrowd(m.cfg.InFlight, m.cfg.InFlightNetwork)
	if m.cfg.RedisURL != "" {
		if m.shared, err = limit.NewShared(m.cfg.RedisURL, limit.Patience, env.Logger, env.Metrics); err != nil {
			return err
		}
	}
	m.gateway.Limiter = limit.New(limit.Options{Quotas: m.rateLimitQuotas(), Keys: m.cfg.Keys, Now: env.Now, Shared: m.shared})
	return nil
}

func (m *Module) rateLimitQuotas() limit.Quotas {
	return limit.Quotas{
		operation.RateDefault: m.cfg.Default, operation.RateAuth: m.cfg.Auth,
		operation.RateCostly: m.cfg.Checkout, operation.RateWebhook: m.cfg.Webhook,
	}
}
