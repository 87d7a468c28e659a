package modules_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules"
	"app/platform/cli"
	"app/platform/config"
	"app/platform/host"
	"app/platform/scaffold/compose"
)

// What compose.yaml says about the modules is what they declare: its last part is the
// output of `app plan --compose`.
func TestComposeFollowsTheDeclarations(t *testing.T) {
	t.Parallel()
	compareDeployment(t, compose.ServicesFile, func(current []byte) ([]byte, error) {
		return compose.Services(current, planned(t, "--compose"))
	})
}

// What the broker imports is what the modules declare.
func TestBrokerDefinitionsFollowTheDeclarations(t *testing.T) {
	t.Parallel()
	compareDeployment(t, compose.BrokerFile, func([]byte) ([]byte, error) { return planned(t, "--broker"), nil })
}

// Each module with a database has a server of its own in the other arrangement.
func TestDatabasePerServerKnowsEveryModule(t *testing.T) {
	t.Parallel()
	compareDeployment(t, compose.PerServerFile, func(current []byte) ([]byte, error) {
		return compose.PerServer(current, planned(t, "--compose"))
	})
}

// planned is what `app plan` prints about all modules.
func planned(t *testing.T, flag string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	p := cli.Program{Modules: modules.All, Environment: config.Fixed(nil), Out: &out, Err: &errs, Now: time.Now}
	if code := p.Run(t.Context(), []string{"plan", flag}); code != 0 {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	return out.Bytes()
}

// compareDeployment compares a file with what it would be after `make compose`.
func compareDeployment(t *testing.T, path string, update func(current []byte) ([]byte, error)) {
	t.Helper()
	current, err := os.ReadFile(filepath.Join("..", path))
	if err != nil {
		t.Fatal(err)
	}
	want, err := update(current)
	if diff := cmp.Diff(string(want), string(current)); err != nil || diff != "" {
		t.Errorf("%s does not follow the declarations: run `make compose`; err %v (-declared +file):\n%s", path, err, diff)
	}
}

// What compose.yaml passes on is empty until somebody sets it, and then every module is
// configured as if it were not there.
func TestComposeSetsNothingByItself(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	unset, passed := modules.All(), modules.All()
	for i := range unset {
		want, ok := unset[i].(host.Configurer)
		other, same := passed[i].(host.Configurer)
		if !ok || !same {
			continue
		}
		got, variables := other.Config(), map[string]string{}
		for _, v := range config.Describe(got) {
			if v.Secret {
				variables[v.Name+"_FILE"] = empty
			} else {
				variables[v.Name] = ""
			}
		}
		if err := errors.Join(config.Load(config.Fixed(nil), want.Config()), config.Load(config.Fixed(variables), got)); err != nil {
			t.Errorf("%s: %v", unset[i].Name(), err)
		}
		if diff := cmp.Diff(want.Config(), got); diff != "" {
			t.Errorf("%s (-unset +empty):\n%s", unset[i].Name(), diff)
		}
	}
}

// deploy/secrets.sh makes every file that compose.yaml mounts, keeps what is there, and
// leaves empty what is up to the operator.
func TestSecretsForCompose(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := errors.Join(os.CopyFS(filepath.Join(dir, "deploy"), os.DirFS("../deploy")), os.RemoveAll(filepath.Join(dir, "deploy", "secrets"))); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile("../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "compose.yaml"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	generate := func() {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), "bash", filepath.Join(dir, "deploy", "secrets.sh")).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	generate()
	password := filepath.Join(dir, "deploy", "secrets", "email_smtp_password")
	if raw, err := os.ReadFile(password); err != nil || len(raw) > 0 {
		t.Errorf("a secret that is up to the operator: %q, %v", raw, err)
	}
	if err := os.WriteFile(password, []byte("his own"), 0o600); err != nil {
		t.Fatal(err)
	}
	generate()
	if raw, err := os.ReadFile(password); err != nil || string(raw) != "his own" {
		t.Errorf("what was there: %q, %v", raw, err)
	}
	_, secrets, _ := strings.Cut(string(raw), "\nsecrets:\n")
	for line := range strings.Lines(secrets) {
		_, path, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), "}"), "{file: ")
		if _, err := os.Stat(filepath.Join(dir, path)); err != nil || path == "" {
			t.Errorf("%q: %v", strings.TrimSpace(line), err)
		}
	}
}
