package orders

import (
	"errors"
	"fmt"
	"time"

	"app/platform/money"
)

// Config of the module.
type Config struct {
	Reconcile    time.Duration `env:"ORDERS_RECONCILE_INTERVAL" envDefault:"5s" doc:"how often orders left in the middle are looked for"`
	StartGrace   time.Duration `env:"ORDERS_START_GRACE" envDefault:"2s" doc:"how long a checkout may wait for payments before the reconciler asks again"`
	ExpiryMargin time.Duration `env:"ORDERS_EXPIRY_MARGIN" envDefault:"1m" doc:"how long before its hold of stock lapses an unpaid order is cancelled; a tenth of the hold at most"`
	FreshHold    time.Duration `env:"ORDERS_FRESH_HOLD" envDefault:"5m" doc:"how much of an earlier attempt's hold must be left for a checkout to use it"`
	KeepCarts    time.Duration `env:"ORDERS_KEEP_CARTS" envDefault:"720h" doc:"how long a cart is kept that nobody touches"`
	Sweep        time.Duration `env:"ORDERS_SWEEP_INTERVAL" envDefault:"1h" doc:"how often abandoned carts are looked for"`
	Currency     string        `env:"ORDERS_CURRENCY" envDefault:"EUR" doc:"currency in which an empty cart shows its zero total"`
}

// Validate implements config's check; every error names its variable.
func (c *Config) Validate() error {
	var errs []error
	for name, d := range map[string]time.Duration{
		"ORDERS_RECONCILE_INTERVAL": c.Reconcile, "ORDERS_START_GRACE": c.StartGrace,
		"ORDERS_KEEP_CARTS": c.KeepCarts, "ORDERS_SWEEP_INTERVAL": c.Sweep,
	} {
		if d <= 0 {
			errs = append(errs, fmt.Errorf("%s=%s: must be longer than nothing", name, d))
		}
	}
	for name, d := range map[string]time.Duration{
		"ORDERS_EXPIRY_MARGIN": c.ExpiryMargin, "ORDERS_FRESH_HOLD": c.FreshHold,
	} {
		if d < 0 {
			errs = append(errs, fmt.Errorf("%s=%s: must not be negative", name, d))
		}
	}
	if !money.Known(c.Currency) {
		errs = append(errs, fmt.Errorf("ORDERS_CURRENCY=%q: is no currency this shop counts in", c.Currency))
	}
	return errors.Join(errs...)
}
