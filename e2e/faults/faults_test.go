package faults_test

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"app/e2e/faults"
	"app/e2e/harness/shop"
	"app/platform/database/dbtest"
	"app/platform/events/rabbit/rabbittest"
)

var (
	seeds     = flag.String("seeds", "", "seeds to run instead of the chosen ones: 17, 1-100 or 3,5,7")
	checkouts = flag.Int("checkouts", 0, "checkouts of each run instead of a thousand")
)

// The shop keeps what it acknowledged, whatever dies, stands still or is cut off while
// buyers check out. The runs are one after the other: each breaks the servers that they
// share, and needs the whole machine.
func TestFaults(t *testing.T) {
	servers := open(t)
	if *seeds == "" {
		t.Run("sabotage is noticed", func(t *testing.T) { sabotageIsNoticed(t, servers) })
	}
	for _, seed := range chosen(t) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			faults.Run(t, servers, faults.Options{Seed: seed, Checkouts: *checkouts})
		})
	}
}

// open starts what all runs share.
func open(t *testing.T) faults.Servers {
	t.Helper()
	s := faults.Servers{Maria: dbtest.Start(t), Rabbit: rabbittest.Start(t)}
	dir := t.TempDir()
	var err error
	if s.Binary, err = shop.Build(dir, "e2e/faults/part"); err != nil {
		t.Fatal(err)
	}
	return s
}

// chosen are the seeds to run.
func chosen(t *testing.T) []uint64 {
	t.Helper()
	list := *seeds
	if list == "" {
		raw, err := os.ReadFile("seeds.txt")
		if err != nil {
			t.Fatal(err)
		}
		list = always(string(raw))
	}
	var out []uint64
	for part := range strings.SplitSeq(list, ",") {
		var first, last uint64
		if n, err := fmt.Sscanf(part, "%d-%d", &first, &last); n == 1 {
			last = first
		} else if err != nil {
			t.Fatalf("%q is not like 17 or 1-100", part)
		}
		for seed := first; seed <= last; seed++ {
			out = append(out, seed)
		}
	}
	return out
}

// always finds the seeds that every run of the tests has: the lines of the list that
// begin with a star.
func always(list string) string {
	var out []string
	for line := range strings.Lines(list) {
		if rest, ok := strings.CutPrefix(line, "*"); ok {
			out = append(out, strings.Fields(rest)[0])
		}
	}
	return strings.Join(out, ",")
}
