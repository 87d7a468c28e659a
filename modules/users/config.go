package users

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"app/modules/users/internal/subjects"
	"app/platform/identity/token"
)

// Config is what can be set of the module.
type Config struct {
	CodeLife          time.Duration `env:"USERS_CODE_LIFE" envDefault:"10m" doc:"how long a one-time code is valid, 1m to 10m"`
	LettersPerHour    int           `env:"USERS_LETTERS_PER_HOUR" envDefault:"10" doc:"how many e-mails with codes one address gets in an hour because somebody asks for them, 1 to 1000; three times as many in a day"`
	LettersPerNetwork int           `env:"USERS_LETTERS_PER_NETWORK" envDefault:"3" doc:"how many of them one network that the account does not know can cause, 1 to 1000"`
	AccessLife        time.Duration `env:"USERS_ACCESS_LIFE" envDefault:"15m" doc:"how long an access token is valid, 1m to 1h"`
	RefreshIdle       time.Duration `env:"USERS_REFRESH_IDLE" envDefault:"720h" doc:"how long a session lasts that nobody uses, 1h to 8760h"`
	RefreshGrace      time.Duration `env:"USERS_REFRESH_GRACE" envDefault:"10s" doc:"how long a refresh token that was exchanged still gets the same successor, 0s to 1m"`
	SessionLife       time.Duration `env:"USERS_SESSION_LIFE" envDefault:"2160h" doc:"how long a session lasts at most, 1h to 8760h"`
	BrowserIdle       time.Duration `env:"USERS_BROWSER_IDLE" envDefault:"168h" doc:"how long a browser's session lasts that nobody uses, 5m to 8760h"`
	BrowserLife       time.Duration `env:"USERS_BROWSER_LIFE" envDefault:"720h" doc:"how long a browser's session lasts at most, 5m to 8760h"`
	AuditKeep         time.Duration `env:"USERS_AUDIT_KEEP" envDefault:"4320h" doc:"how long records of sign-ins and changes are kept for their users, 24h to 87600h"`
	ShopWords         []string      `env:"USERS_SHOP_WORDS" doc:"names of the company, its brands and products that no password may be made of, besides those in PUBLIC_URL, commas between"`
	FactorRequired    string        `env:"USERS_FACTOR_REQUIRED" envDefault:"auto" doc:"whether administrators, and owners and managers of merchants, need a second factor: on, off, or auto for off in development only"`
	SweepInterval     time.Duration `env:"USERS_SWEEP_INTERVAL" envDefault:"10m" doc:"how often what has run out is removed, 10ms to 24h"`

	Passwords PasswordsConfig
	Tries     TriesConfig
	Elsewhere ProvidersConfig
}

// Validate implements the check that configuration is read with.
func (c *Config) Validate() error {
	const year = 365 * 24 * time.Hour
	errs := []error{
		checkDurationRange("USERS_CODE_LIFE", c.CodeLife, time.Minute, 10*time.Minute), // ASVS 6.5.5
		checkDurationRange("USERS_ACCESS_LIFE", c.AccessLife, time.Minute, token.MaxLife),
		checkDurationRange("USERS_REFRESH_IDLE", c.RefreshIdle, time.Hour, year),
		checkDurationRange("USERS_REFRESH_GRACE", c.RefreshGrace, 0, time.Minute),
		checkDurationRange("USERS_SESSION_LIFE", c.SessionLife, time.Hour, year),
		checkDurationRange("USERS_BROWSER_IDLE", c.BrowserIdle, 5*time.Minute, year),
		checkDurationRange("USERS_BROWSER_LIFE", c.BrowserLife, 5*time.Minute, year),
		checkDurationRange("USERS_AUDIT_KEEP", c.AuditKeep, 24*time.Hour, 10*year),
		checkDurationRange("USERS_SWEEP_INTERVAL", c.SweepInterval, 10*time.Millisecond, 24*time.Hour),
	}
	if c.LettersPerHour < 1 || c.LettersPerHour > 1000 {
		errs = append(errs, errors.New("USERS_LETTERS_PER_HOUR must be between 1 and 1000"))
	}
	if c.LettersPerNetwork < 1 || c.LettersPerNetwork > 1000 {
		errs = append(errs, errors.New("USERS_LETTERS_PER_NETWORK must be between 1 and 1000"))
	}
	if !slices.Contains([]string{"auto", "on", "off"}, c.FactorRequired) {
		errs = append(errs, errors.New("USERS_FACTOR_REQUIRED must be auto, on or off"))
	}
	return errors.Join(append(errs, c.Passwords.Validate(), c.Tries.Validate(), c.Elsewhere.Validate())...)
}

func checkDurationRange(name string, d, least, most time.Duration) error {
	if d < least || d > most {
		return fmt.Errorf("%s must be between %s and %s", name, least, most)
	}
	return nil
}

func (c *Config) limits(rateLimit string) subjects.Limits {
	return subjects.Limits{
		CodeLife: c.CodeLife, LettersPerHour: c.LettersPerHour, LettersPerNetwork: c.LettersPerNetwork, AccessLife: c.AccessLife,
		RefreshIdle: c.RefreshIdle, RefreshGrace: c.RefreshGrace, SessionLife: c.SessionLife,
		BrowserIdle: c.BrowserIdle, BrowserLife: c.BrowserLife, AuditKeep: c.AuditKeep,
		Tries: c.Tries.tryBounds(rateLimit),
	}
}
