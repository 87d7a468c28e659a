package emails

import (
	"errors"
	"fmt"
	"time"
)

// Config of the module.
type Config struct {
	Transport string        `env:"EMAIL_TRANSPORT" envDefault:"mailbox" doc:"who delivers letters: mailbox (kept in the module's database, shown at /dev/mailbox)"`
	Workers   int           `env:"EMAILS_WORKERS" envDefault:"4" doc:"letters handed over at the same time by one process"`
	Poll      time.Duration `env:"EMAILS_POLL" envDefault:"1s" doc:"how often the queue is looked at when nothing wakes the workers"`
	Lease     time.Duration `env:"EMAILS_LEASE" envDefault:"60s" doc:"how long handing over one batch may take before its letters count as abandoned"`
	Attempts  int           `env:"EMAILS_ATTEMPTS" envDefault:"10" doc:"tries before a letter has failed"`
}

// Validate implements config's check; every error names its variable.
func (c *Config) Validate() error {
	var errs []error
	if c.Transport != "mailbox" {
		errs = append(errs, fmt.Errorf("EMAIL_TRANSPORT=%q: must be mailbox", c.Transport))
	}
	if c.Workers < 1 || c.Workers > 64 {
		errs = append(errs, fmt.Errorf("EMAILS_WORKERS=%d: must be 1 to 64", c.Workers))
	}
	if c.Attempts < 1 {
		errs = append(errs, fmt.Errorf("EMAILS_ATTEMPTS=%d: must be at least 1", c.Attempts))
	}
	if c.Poll <= 0 || c.Lease <= 0 {
		errs = append(errs, errors.New("EMAILS_POLL and EMAILS_LEASE: must be longer than nothing"))
	}
	return errors.Join(errs...)
}
