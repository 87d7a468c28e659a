package payments

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Config of the module.
type Config struct {
	Test          string        `env:"PAYMENTS_TEST" envDefault:"auto" doc:"offer the test provider, with which any order is paid without money: on, off, or auto for in development only"`
	Timeout       time.Duration `env:"PAYMENTS_PROVIDER_TIMEOUT" envDefault:"3s" doc:"how long a provider may take to answer before the outcome counts as unknown"`
	Reconcile     time.Duration `env:"PAYMENTS_RECONCILE_INTERVAL" envDefault:"2s" doc:"how often unclear charges, refunds and webhooks are looked for; also the first wait before a retry"`
	Poll          time.Duration `env:"PAYMENTS_POLL" envDefault:"30s" doc:"how long to wait for the webhook of a pending charge before the provider is asked"`
	TestSlow      time.Duration `env:"PAYMENTS_TEST_SLOW" envDefault:"2s" doc:"how long the test provider takes for test_slow"`
	KeepWebhooks  time.Duration `env:"PAYMENTS_KEEP_WEBHOOKS" envDefault:"720h" doc:"how long a processed webhook is known, should the provider send it again"`
	KeepTest      time.Duration `env:"PAYMENTS_KEEP_TEST" envDefault:"2160h" doc:"how long the test provider remembers charges and refunds"`
	Sweep         time.Duration `env:"PAYMENTS_SWEEP_INTERVAL" envDefault:"1h" doc:"how often webhooks and rows of the test provider are looked for that are older"`
	WebhookSecret string        `env:"PAYMENTS_TEST_WEBHOOK_SECRET" secret:"true" doc:"key that signs the test provider's webhooks; generated and kept in the database when empty"`
}

// Validate implements config's check; every error names its variable.
func (c *Config) Validate() error {
	var errs []error
	for _, d := range []struct {
		name string
		wait time.Duration
	}{
		{"PAYMENTS_PROVIDER_TIMEOUT", c.Timeout}, {"PAYMENTS_RECONCILE_INTERVAL", c.Reconcile},
		{"PAYMENTS_POLL", c.Poll}, {"PAYMENTS_TEST_SLOW", c.TestSlow}, {"PAYMENTS_KEEP_WEBHOOKS", c.KeepWebhooks},
		{"PAYMENTS_KEEP_TEST", c.KeepTest}, {"PAYMENTS_SWEEP_INTERVAL", c.Sweep},
	} {
		if d.wait <= 0 {
			errs = append(errs, fmt.Errorf("%s=%s: must be longer than nothing", d.name, d.wait))
		}
	}
	if !slices.Contains([]string{"auto", "on", "off"}, c.Test) {
		errs = append(errs, fmt.Errorf("PAYMENTS_TEST=%q: must be one of auto, on, off", c.Test))
	}
	return errors.Join(errs...)
}
