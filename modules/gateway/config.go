package gateway

import (
	"errors"
	"fmt"
)

// Config of the module.
type Config struct {
	Default  int    `env:"GATEWAY_RATE_DEFAULT" envDefault:"600" doc:"requests a minute that one caller may make in the class default"`
	Auth     int    `env:"GATEWAY_RATE_AUTH" envDefault:"20" doc:"requests a minute that one network may make in the class auth: sign-in, registration, codes"`
	Checkout int    `env:"GATEWAY_RATE_CHECKOUT" envDefault:"60" doc:"requests a minute that one caller may make in the class checkout"`
	Webhook  int    `env:"GATEWAY_RATE_WEBHOOK" envDefault:"600" doc:"requests a minute that one network may make in the class webhook"`
	Keys     int    `env:"GATEWAY_RATE_KEYS" envDefault:"50000" doc:"callers that the limits of one class remember; the least recently seen are forgotten"`
	RedisURL string `env:"REDIS_URL" secret:"true" doc:"redis:// address at which several gateways share one limit; without it each counts in memory"`
	Tokens   int    `env:"GATEWAY_TOKENS" envDefault:"20000" doc:"access tokens that are remembered as verified"`
}

// Validate implements config's check; every error names its variable.
func (c *Config) Validate() error {
	var errs []error
	for name, value := range map[string]int{
		"GATEWAY_RATE_DEFAULT": c.Default, "GATEWAY_RATE_AUTH": c.Auth, "GATEWAY_RATE_CHECKOUT": c.Checkout,
		"GATEWAY_RATE_WEBHOOK": c.Webhook, "GATEWAY_RATE_KEYS": c.Keys, "GATEWAY_TOKENS": c.Tokens,
	} {
		if value < 1 {
			errs = append(errs, fmt.Errorf("%s=%d: must be at least 1", name, value))
		}
	}
	return errors.Join(errs...)
}
