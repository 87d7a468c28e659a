package catalog

import (
	"errors"
	"fmt"

	"app/modules/catalog/internal/hold"
	"app/modules/catalog/internal/stock"
)

// UnpaidConfig bounds what may be held without being paid for; see hold.Unpaid.
// RATE_LIMIT=off lifts it.
type UnpaidConfig struct {
	AccountOrders int64 `env:"CATALOG_UNPAID_ACCOUNT_ORDERS" envDefault:"20" doc:"orders of one account that may wait for their payment at the same time, 1 to 1000000"`
	AccountUnits  int64 `env:"CATALOG_UNPAID_ACCOUNT_UNITS" envDefault:"20000" doc:"units of all products in them, 1 to 1000000000"`
	GuestOrders   int64 `env:"CATALOG_UNPAID_GUEST_ORDERS" envDefault:"30" doc:"orders of guests behind one IPv4 address or IPv6 /64 that may wait for their payment at the same time, 1 to 1000000"`
	GuestUnits    int64 `env:"CATALOG_UNPAID_GUEST_UNITS" envDefault:"1000" doc:"units of all products in them, 1 to 1000000000"`
	NetworkOrders int64 `env:"CATALOG_UNPAID_NETWORK_ORDERS" envDefault:"200" doc:"the same orders of all guests in an IPv4 /24 or IPv6 /48, 1 to 1000000"`
	NetworkUnits  int64 `env:"CATALOG_UNPAID_NETWORK_UNITS" envDefault:"5000" doc:"units of all products in them, 1 to 1000000000"`
	GuestShare    int64 `env:"CATALOG_GUEST_SHARE" envDefault:"50" doc:"percent of a product's unsold units that all guests together may hold unpaid, 1 to 100"`
	GuestFloor    int64 `env:"CATALOG_GUEST_FLOOR" envDefault:"20" doc:"units of a product that guests may hold however small their share is, 1 to 1000000000"`
}

// Validate implements the check that configuration is read with.
func (c *UnpaidConfig) Validate() error {
	const orders, units = 1_000_000, 1_000_000_000
	var errs []error
	for _, v := range []struct {
		name    string
		n, most int64
	}{
		{"CATALOG_UNPAID_ACCOUNT_ORDERS", c.AccountOrders, orders}, {"CATALOG_UNPAID_ACCOUNT_UNITS", c.AccountUnits, units},
		{"CATALOG_UNPAID_GUEST_ORDERS", c.GuestOrders, orders}, {"CATALOG_UNPAID_GUEST_UNITS", c.GuestUnits, units},
		{"CATALOG_UNPAID_NETWORK_ORDERS", c.NetworkOrders, orders}, {"CATALOG_UNPAID_NETWORK_UNITS", c.NetworkUnits, units},
		{"CATALOG_GUEST_SHARE", c.GuestShare, 100}, {"CATALOG_GUEST_FLOOR", c.GuestFloor, units},
	} {
		if v.n < 1 || v.n > v.most {
			errs = append(errs, fmt.Errorf("%s must be between 1 and %d", v.name, v.most))
		}
	}
	return errors.Join(errs...)
}

func (c *UnpaidConfig) unpaidLimits(rateLimit string) hold.Unpaid {
	if rateLimit == "off" {
		return hold.Unpaid{}
	}
	return hold.Unpaid{
		Account: hold.Allowance{Orders: c.AccountOrders, Units: c.AccountUnits},
		Guest:   hold.Allowance{Orders: c.GuestOrders, Units: c.GuestUnits},
		Network: hold.Allowance{Orders: c.NetworkOrders, Units: c.NetworkUnits},
		Share:   stock.Share{Percent: c.GuestShare, Floor: c.GuestFloor},
	}
}
