package host

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"app/platform/operation/openapi"
)

// moduleEnv is what a module is opened with.
func (h *Host) moduleEnv(m *hosted) Env {
	platform := h.platform
	platform.PublicURL = h.publicURL()
	return Env{
		DB: m.db, Logger: m.logger, Now: h.currentTime, Metrics: h.registry, Config: platform,
		DevPages: h.devPages(), Development: h.isDevelopment(),
		Signer: h.signer, Routes: h.publicRoutes(), APIs: h.apis,
		OpenAPI: sync.OnceValues(func() ([]byte, error) { return openapi.Render(h.apis...) }),
	}
}

// currentTime is the modules' clock: UTC in whole microseconds, which is what the
// databases keep, so that a time that is answered when it is stored is the time that is
// read back.
func (h *Host) currentTime() time.Time { return h.options.Now().UTC().Truncate(time.Microsecond) }

// publicEndpoint is the gateway's handler.
func (h *Host) publicEndpoint() (http.Handler, error) {
	for _, m := range h.hosted {
		if g, ok := m.module.(Gateway); ok {
			if handler := g.Handler(); handler != nil {
				return handler, nil
			}
			return nil, errors.New("the gateway has no handler")
		}
	}
	return nil, errors.New("no gateway is hosted here")
}
