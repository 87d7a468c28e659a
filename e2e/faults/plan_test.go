package faults_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/e2e/faults"
)

var update = flag.Bool("update", false, "write the golden file anew; the seeds in seeds.txt then mean something else")

// A seed means the same plan in every run, on every machine, with every release: else
// the list of seeds is worth nothing.
func TestPlanFollowsFromTheSeed(t *testing.T) {
	t.Parallel()
	around := faults.Surroundings{Modules: []string{"orders", "emails"}, Links: []string{"orders>mariadb", "gateway>orders"}}
	first, second := faults.Draw(17, around, 50), faults.Draw(17, around, 50)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("drawn twice:\n%s", diff)
	}
	if cmp.Equal(first.Faults, faults.Draw(18, around, 50).Faults) || cmp.Equal(first.Visits, faults.Draw(18, around, 50).Visits) {
		t.Error("another seed has the same plan")
	}
	got := first.String() + "\n" + fmt.Sprintf("%+v\n%+v\n%+v\n", first.Products, first.Restocks, first.Visits[:10])
	const golden = "testdata/seed-17.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-golden +drawn\n%s", diff)
	}
}

// In a hundred seeds everything dies, stands still or breaks in every way that it can.
func TestHundredSeedsBreakEverything(t *testing.T) {
	t.Parallel()
	around := faults.Around()
	missing := map[string]bool{}
	for _, target := range append(slices.Clone(around.Modules), faults.MariaDB, faults.RabbitMQ) {
		missing[fmt.Sprint(faults.Kill, " ", target)], missing[fmt.Sprint(faults.Pause, " ", target)] = true, true
	}
	for _, link := range around.Links {
		missing["a fault of "+link] = true
	}
	for _, kind := range []faults.Kind{faults.Cut, faults.Reset, faults.Hole, faults.HalfOpen, faults.Slow, faults.Sliced, faults.Short} {
		for _, to := range []string{faults.MariaDB, faults.RabbitMQ, "a module"} {
			missing[fmt.Sprint(kind, " to ", to)] = true
		}
	}
	for seed := range uint64(100) {
		for _, f := range faults.Draw(seed+1, around, faults.Checkouts).Faults {
			delete(missing, fmt.Sprint(f.Kind, " ", f.Target))
			delete(missing, "a fault of "+f.Target)
			to := f.Target[strings.LastIndexByte(f.Target, '>')+1:]
			if to != faults.MariaDB && to != faults.RabbitMQ {
				to = "a module"
			}
			delete(missing, fmt.Sprint(f.Kind, " to ", to))
		}
	}
	for what := range missing {
		t.Errorf("never: %s", what)
	}
}
