package gateway

import (
	"errors"
	"fmt"
	"time"

	"app/modules/gateway/internal/edge"
)

// Config of the module.
type Config struct {
	Default         int      `env:"GATEWAY_RATE_DEFAULT" envDefault:"600" doc:"requests a minute that one caller may make in the class default"`
	Auth            int      `env:"GATEWAY_RATE_AUTH" envDefault:"20" doc:"requests a minute that one network may make in the class auth: sign-in, registration, codes"`
	Checkout        int      `env:"GATEWAY_RATE_CHECKOUT" envDefault:"60" doc:"requests a minute that one caller may make in the class checkout"`
	Webhook         int      `env:"GATEWAY_RATE_WEBHOOK" envDefault:"600" doc:"requests a minute that one network may make in the class webhook"`
	Keys            int      `env:"GATEWAY_RATE_KEYS" envDefault:"50000" doc:"callers that the limits of one class remember; those with least counted against them are forgotten"`
	RedisURL        string   `env:"REDIS_URL" secret:"true" doc:"redis:// address at which several gateways share one limit; without it each counts in memory"`
	InFlight        int      `env:"GATEWAY_IN_FLIGHT" envDefault:"2048" doc:"requests that this gateway has in hand at a time; more are told to come back"`
	InFlightNetwork int      `env:"GATEWAY_IN_FLIGHT_PER_NETWORK" envDefault:"256" doc:"of them from one network (an IPv4 address, an IPv6 /64)"`
	CrossOrigins    []string `env:"CORS_ORIGINS" doc:"origins, separated by commas, whose pages may use the API from a browser with cookies, such as https://shop.example.com"`
	Tokens          int      `env:"GATEWAY_TOKENS" envDefault:"20000" doc:"access tokens that are remembered as verified"`

	// Follow bounds how long a gateway that had no part in it goes on believing what
	// has been revoked.
	Follow time.Duration `env:"GATEWAY_REVOCATIONS" envDefault:"2s" doc:"how often users is asked what has been revoked: sign-outs elsewhere hold after that, 100ms to 4s"`
}

// most is the highest of all settings that count something.
const most = 1_000_000_000

// Validate implements config's check; every error names its variable.
func (c *Config) Validate() error {
	var errs []error
	for name, value := range map[string]int{
		"GATEWAY_RATE_DEFAULT": c.Default, "GATEWAY_RATE_AUTH": c.Auth, "GATEWAY_RATE_CHECKOUT": c.Checkout,
		"GATEWAY_RATE_WEBHOOK": c.Webhook, "GATEWAY_RATE_KEYS": c.Keys, "GATEWAY_TOKENS": c.Tokens,
		"GATEWAY_IN_FLIGHT": c.InFlight, "GATEWAY_IN_FLIGHT_PER_NETWORK": c.InFlightNetwork,
	} {
		if value < 1 || value > most {
			errs = append(errs, fmt.Errorf("%s=%d: must be between 1 and %d", name, value, most))
		}
	}
	if c.Follow < 100*time.Millisecond || c.Follow > 4*time.Second {
		errs = append(errs, fmt.Errorf("GATEWAY_REVOCATIONS=%s: must be between 100ms and 4s", c.Follow))
	}
	if _, err := edge.NewCrossOrigins(c.CrossOrigins); err != nil {
		errs = append(errs, fmt.Errorf("CORS_ORIGINS: %w", err))
	}
	return errors.Join(errs...)
}
