package merchants

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"app/modules/merchants/internal/invitation"
	"app/modules/merchants/internal/merchant"
	"app/platform/config"
)

// Config of the module.
type Config struct {
	AutoApprove string `env:"MERCHANTS_AUTO_APPROVE" envDefault:"auto" doc:"whether a new merchant may sell at once, else an administrator approves it first: on, off, or auto for in development only; true and false are on and off"`

	PerAccount int `env:"MERCHANTS_PER_ACCOUNT" envDefault:"10" doc:"merchants that one account opens in all, 1 to 1000000"`
	Pending    int `env:"MERCHANTS_PENDING_PER_ACCOUNT" envDefault:"3" doc:"merchants of one account that wait for approval at a time, 1 to 1000000"`

	InvitationLife     time.Duration `env:"MERCHANTS_INVITATION_LIFE" envDefault:"168h" doc:"how long an invitation to act for a merchant can be accepted, 1h to 720h"`
	InvitationsDay     int           `env:"MERCHANTS_INVITATIONS_PER_DAY" envDefault:"20" doc:"invitations in 24 hours for one merchant, and by one account, 0 to 1000000"`
	InvitationsPending int           `env:"MERCHANTS_INVITATIONS_PENDING" envDefault:"50" doc:"invitations of one merchant that wait for an answer at a time, 0 to 1000000"`

	KeyLife time.Duration `env:"MERCHANTS_API_KEY_LIFE" envDefault:"8760h" doc:"how long an API key lives for which no end is given, 24h to 17520h, which is the longest any may"`
}

// Validate implements the check that configuration is read with.
func (c *Config) Validate() error {
	errs := []error{
		checkDurationBetween("MERCHANTS_INVITATION_LIFE", c.InvitationLife, time.Hour, 30*24*time.Hour),
		checkDurationBetween("MERCHANTS_API_KEY_LIFE", c.KeyLife, 24*time.Hour, 2*365*24*time.Hour),
	}
	if _, ok := onOff(c.AutoApprove); !ok {
		errs = append(errs, fmt.Errorf("MERCHANTS_AUTO_APPROVE=%q: must be one of auto, on, off", c.AutoApprove))
	}
	for _, n := range []struct {
		name       string
		value, min int
	}{
		{"MERCHANTS_PER_ACCOUNT", c.PerAccount, 1}, {"MERCHANTS_PENDING_PER_ACCOUNT", c.Pending, 1},
		{"MERCHANTS_INVITATIONS_PER_DAY", c.InvitationsDay, 0}, {"MERCHANTS_INVITATIONS_PENDING", c.InvitationsPending, 0},
	} {
		if n.value < n.min || n.value > 1_000_000 {
			errs = append(errs, fmt.Errorf("%s=%d: must be %d to 1000000", n.name, n.value, n.min))
		}
	}
	return errors.Join(errs...)
}

// onOff reads a setting that was true or false before it had the values auto, on and
// off.
func onOff(setting string) (string, bool) {
	switch setting {
	case "auto", "on", "off":
		return setting, true
	}
	old, err := strconv.ParseBool(setting)
	if old {
		return "on", err == nil
	}
	return "off", err == nil
}

// AutoApproves reports whether a new merchant may sell at once.
func (c *Config) AutoApproves(development bool) bool {
	setting, _ := onOff(c.AutoApprove)
	return config.SwitchedOn(setting, development)
}

func checkDurationBetween(name string, d, least, most time.Duration) error {
	if d < least || d > most {
		return fmt.Errorf("%s=%s: must be %s to %s", name, d, least, most)
	}
	return nil
}

func (c *Config) merchantLimits() merchant.Limits {
	return merchant.Limits{PerAccount: c.PerAccount, Pending: c.Pending}
}

func (c *Config) invitationLimits() invitation.Limits {
	return invitation.Limits{PerDay: c.InvitationsDay, Pending: c.InvitationsPending, Life: c.InvitationLife}
}
