package modules_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules"
	"app/platform/cli"
	"app/platform/config"
)

// What compose.yaml says about the modules is what they declare: its last part is the output of `app plan --compose`.
func TestComposeFollowsTheDeclarations(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	p := cli.Program{Modules: modules.All, Environment: config.Fixed(nil), Out: &out, Err: &errs, Now: time.Now}
	if code := p.Run(t.Context(), []string{"plan", "--compose"}); code != 0 {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	first, _, _ := strings.Cut(out.String(), "\n")
	_, got, _ := strings.Cut("\n"+string(raw), "\n"+first+"\n")
	if diff := cmp.Diff(out.String(), first+"\n"+got); diff != "" {
		t.Errorf("compose.yaml differs from `app plan --compose` (-plan +compose.yaml):\n%s", diff)
	}
}

// Each module with a database has a server of its own in the other arrangement.
func TestDatabasePerServerKnowsEveryModule(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile("../compose.database-per-server.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		name, found := strings.CutSuffix(strings.TrimSpace(strings.SplitN(line, ":", 2)[0]), "_database_url")
		if !found {
			continue
		}
		for _, want := range []string{"\n  mysql-" + name + ":\n", "\n  " + name + ":\n", "\n  " + name + "_database_url: "} {
			if !strings.Contains(string(other), want) {
				t.Errorf("compose.database-per-server.yaml lacks %q", strings.TrimSpace(want))
			}
		}
	}
}
