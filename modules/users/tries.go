package users

import (
	"errors"
	"fmt"

	"app/modules/users/internal/tries"
)

// TriesConfig bounds the guessing of passwords and codes; see package tries.
// RATE_LIMIT=off lifts it.
type TriesConfig struct {
	Device  int `env:"USERS_TRIES_DEVICE" envDefault:"10" doc:"passwords that may be tried at once at an account from a device that it has signed in from, 1 to 1000000; another after each minute"`
	Place   int `env:"USERS_TRIES_PLACE" envDefault:"5" doc:"the same from any other network; another after each 3 minutes"`
	Account int `env:"USERS_TRIES_ACCOUNT" envDefault:"20" doc:"the same from all other networks together; another after each 6 minutes"`
	Network int `env:"USERS_TRIES_NETWORK" envDefault:"100" doc:"passwords and codes that may be tried at once from a network at all accounts that have not signed in from there; another after each 30 seconds"`
}

// Validate implements the check that configuration is read with.
func (c *TriesConfig) Validate() error {
	var errs []error
	for name, n := range map[string]int{
		"USERS_TRIES_DEVICE": c.Device, "USERS_TRIES_PLACE": c.Place, "USERS_TRIES_ACCOUNT": c.Account, "USERS_TRIES_NETWORK": c.Network,
	} {
		if n < 1 || n > 1_000_000 {
			errs = append(errs, fmt.Errorf("%s must be between 1 and 1000000", name))
		}
	}
	return errors.Join(errs...)
}

func (c *TriesConfig) tryBounds(rateLimit string) tries.Bounds {
	if rateLimit == "off" {
		return tries.Bounds{}
	}
	return tries.Bounds{Device: c.Device, Place: c.Place, Account: c.Account, Network: c.Network}
}
