package catalog

import (
	"errors"
	"time"
)

// Config is what can be set of the module.
type Config struct {
	HoldTTL       time.Duration `env:"CATALOG_HOLD_TTL" envDefault:"30m" doc:"how long a checkout holds stock for its payment, 1s to 24h"`
	HoldGuest     time.Duration `env:"CATALOG_HOLD_GUEST" envDefault:"10m" doc:"the same for a guest, 1s to 24h; CATALOG_HOLD_TTL when that is shorter"`
	SweepInterval time.Duration `env:"CATALOG_SWEEP_INTERVAL" envDefault:"15s" doc:"how often lapsed holds are released, 10ms to 1h"`

	Unpaid UnpaidConfig
}

// Validate implements the check that configuration is read with.
func (c *Config) Validate() error {
	var errs []error
	if c.HoldTTL < time.Second || c.HoldTTL > 24*time.Hour {
		errs = append(errs, errors.New("CATALOG_HOLD_TTL must be between 1s and 24h"))
	}
	if c.SweepInterval < 10*time.Millisecond || c.SweepInterval > time.Hour {
		errs = append(errs, errors.New("CATALOG_SWEEP_INTERVAL must be between 10ms and 1h"))
	}
	if c.HoldGuest < time.Second || c.HoldGuest > 24*time.Hour {
		errs = append(errs, errors.New("CATALOG_HOLD_GUEST must be between 1s and 24h"))
	}
	return errors.Join(append(errs, c.Unpaid.Validate())...)
}
