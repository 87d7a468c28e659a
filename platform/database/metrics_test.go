package database_test

import (
	"context"
	"io/fs"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/database/migrate"
)

// Every write is counted, with its wait and its share in a commit, and a database may
// be opened again.
func TestMetrics(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		registry := prometheus.NewPedanticRegistry()
		for range 2 {
			o := database.Options{Module: "test", URL: url, Migrations: []fs.FS{things}, Metrics: registry}
			db, err := database.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := migrate.Up(t.Context(), db); err != nil {
				t.Fatal(err)
			}
			before := db.Stats()
			var works []database.Work
			for range 20 {
				works = append(works, func(ctx context.Context, tx *database.Tx) error { return touch(ctx, tx, "nobody") })
			}
			for _, err := range together(t, db, works...) {
				if err != nil {
					t.Error(err)
				}
			}
			after := db.Stats()
			figures := gather(t, registry)
			if figures["souk_database_writes_total"] != float64(after.Writes) || after.Writes-before.Writes < 20 {
				t.Errorf("%v after %+v", figures, after)
			}
			if figures["souk_database_commit_writes"] != float64(after.Commits) || figures["souk_database_commit_seconds"] != float64(after.Commits) ||
				figures["souk_database_write_wait_seconds"] < float64(after.Writes) || figures["souk_database_writes_waiting"] != 0 {
				t.Errorf("%v after %+v", figures, after)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if n, err := testutil.GatherAndCount(registry); err != nil || n != 0 {
				t.Errorf("%d figures of a closed database, %v", n, err)
			}
		}
	})
}

// gather reads counters and gauges, and of histograms the count.
func gather(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		m := f.GetMetric()[0]
		out[f.GetName()] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
	}
	return out
}
