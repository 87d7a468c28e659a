package e2e_test

import (
	"os/exec"
	"strings"
	"testing"

	"app/e2e/harness/shop"
)

// A release with a new column replaces this one, a process at a time, while buyers buy.
// They may be told to come back later; nothing else goes wrong. Afterwards everything
// adds up.
func TestUpgrade_OneProcessAfterTheOther(t *testing.T) {
	t.Parallel()
	s := shop.Open(t, shop.Processes, nil)
	next := nextBinary(t)
	st := openStand(t, s, "upgrade", 300, 100_000)
	l := startLoad(t, s, "upgrade", st.product.ID)
	l.goesOn(t)
	migrated(t, s.Part(t, "catalog"), next)
	l.goesOn(t) // the old release, on the new schema
	for _, part := range s.Parts {
		l.watch.noGateway.Store(part.Name == "gateway")
		part.Stop(t)
		part.Binary = next
		part.Start(t)
		part.AwaitReady(t)
		l.goesOn(t)
	}
	settled(t, s, l.stop(t)...)
}

// migrated applies the next release's migration to the database of a module that is
// being served.
func migrated(t *testing.T, part *shop.Part, binary string) {
	t.Helper()
	up := exec.CommandContext(t.Context(), binary, "migrate", "up", "--module="+part.Name)
	for name, value := range part.Env {
		up.Env = append(up.Env, name+"="+value)
	}
	up.Dir = t.TempDir()
	out, err := up.CombinedOutput()
	if err != nil || !strings.Contains(string(out), nextMigration) {
		t.Fatalf("migrate: %v\n%s", err, out)
	}
}
