package users

import (
	"errors"
	"fmt"

	"app/modules/users/internal/passwords"
)

// PasswordsConfig is what passwords have to be like, and where they are taken.
type PasswordsConfig struct {
	Rules    string `env:"USERS_PASSWORD_RULES" envDefault:"composition" doc:"what new passwords need: composition (8 characters, with upper and lower case, a digit and a special character) or length (12 characters of any kind)"`
	Breached string `env:"USERS_BREACHED_HASHES" doc:"file of passwords that nobody may set, as Have I Been Pwned offers it: SHA-1 hashes in order, a line of HASH:COUNT for each"`
	Imported string `env:"USERS_IMPORTED_HASHES" envDefault:"on" doc:"whether password hashes that were imported open accounts, on or off; while there are any, a refused sign-in takes as long as the slowest of them"`
	Grant    string `env:"USERS_PASSWORD_GRANT" envDefault:"off" doc:"whether POST /v1/auth/token takes passwords, for clients made for FastAPI, on or off; refresh tokens it always takes"`
}

// Validate implements the check that configuration is read with.
func (c *PasswordsConfig) Validate() error {
	var errs []error
	for _, v := range []struct{ name, value, one, other string }{
		{"USERS_PASSWORD_RULES", c.Rules, "composition", "length"}, {"USERS_IMPORTED_HASHES", c.Imported, "on", "off"}, {"USERS_PASSWORD_GRANT", c.Grant, "on", "off"},
	} {
		if v.value != v.one && v.value != v.other {
			errs = append(errs, fmt.Errorf("%s must be %s or %s", v.name, v.one, v.other))
		}
	}
	return errors.Join(errs...)
}

// openPolicy opens the list of breached passwords, if there is one. Error: it cannot be
// used.
func (c *PasswordsConfig) openPolicy() (passwords.Policy, error) {
	p := passwords.Policy{Long: c.Rules == "length"}
	if c.Breached == "" {
		return p, nil
	}
	list, err := passwords.OpenBreached(c.Breached)
	if err != nil {
		return passwords.Policy{}, fmt.Errorf("USERS_BREACHED_HASHES: %w", err)
	}
	p.Breached = list
	return p, nil
}
