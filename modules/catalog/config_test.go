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
		if diff := cmp.Diff(catalog.Config{HoldTTL: 30 * time.Minute, SweepInterval: 15 * time.Second}, c); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("ErrBounds", func(t *testing.T) {
		t.Parallel()
		var c catalog.Config
		err := config.Load(config.Fixed(map[string]string{"CATALOG_HOLD_TTL": "0s", "CATALOG_SWEEP_INTERVAL": "2h"}), &c)
		for _, name := range []string{"CATALOG_HOLD_TTL", "CATALOG_SWEEP_INTERVAL"} {
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%v does not name %s", err, name)
			}
		}
	})
}
