package catalog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog"
	"app/platform/config"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	t.Run("defaults", func(t *testing.T) {
		t.Parallel()
		var c catalog.Config
		if err := config.Load(config.Fixed(nil), &c); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(catalog.Config{
			HoldTTL: 30 * time.Minute, HoldGuest: 10 * time.Minute, SweepInterval: 15 * time.Second,
			Unpaid: catalog.UnpaidConfig{
				AccountOrders: 20, AccountUnits: 20_000, GuestOrders: 30, GuestUnits: 1000, NetworkOrders: 200, NetworkUnits: 5000,
				GuestShare: 50, GuestFloor: 20,
			},
		}, c); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("ErrBounds", func(t *testing.T) {
		t.Parallel()
		var c catalog.Config
		err := config.Load(config.Fixed(map[string]string{"CATALOG_HOLD_TTL": "0s", "CATALOG_SWEEP_INTERVAL": "2h", "CATALOG_HOLD_GUEST": "25h",
			"CATALOG_UNPAID_GUEST_UNITS": "0", "CATALOG_GUEST_SHARE": "101"}), &c)
		for _, name := range []string{"CATALOG_HOLD_TTL", "CATALOG_SWEEP_INTERVAL", "CATALOG_HOLD_GUEST", "CATALOG_UNPAID_GUEST_UNITS", "CATALOG_GUEST_SHARE"} {
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%v does not name %s", err, name)
			}
		}
	})
}
