package users_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"app/modules/users"
	"app/platform/config"
	"app/platform/host"
	"app/platform/lifecycle"
)

// run runs a command of the module on a data folder, named by its words, and returns
// what it printed.
func run(t *testing.T, folder string, words ...string) (string, error) {
	t.Helper()
	m := users.New()
	tool := host.NewTool(host.Options{
		Modules:     []lifecycle.Module{m},
		Environment: config.Fixed(map[string]string{"DATA_DIR": folder, "LOG_LEVEL": "error"}),
		LogTo:       t.Output(),
	}, "users")
	for _, c := range m.Commands(tool) {
		if c.Name() != words[0] {
			continue
		}
		var out bytes.Buffer
		c.SetArgs(words[1:])
		c.SetOut(&out)
		c.SetErr(&out)
		c.SilenceUsage, c.SilenceErrors = true, true
		err := c.ExecuteContext(context.Background())
		return out.String(), err
	}
	t.Fatalf("no command %s", words[0])
	return "", nil
}

// steps runs one command after another and looks for a text in what each prints or
// fails with.
func steps(t *testing.T, folder string, steps [][2]string) {
	t.Helper()
	for _, step := range steps {
		out, err := run(t, folder, strings.Fields(step[0])...)
		if err != nil {
			out += "failed: " + err.Error()
		}
		if !strings.Contains(out, step[1]) {
			t.Errorf("%s: %q, want %q", step[0], out, step[1])
		}
	}
}

func TestKeysCommand(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	steps(t, folder, [][2]string{
		{"keys list", "KID"},
		{"keys list", "signs now"},
		{"keys rotate --lead 1s", "failed: lead must be between 15s"},
		{"keys rotate --lead 1h --revoke", "failed: --revoke and --lead"},
		{"keys rotate", "signs now"},
		{"keys rotate", "failed: rotate keys: failed_precondition (rotation_pending)"},
		{"keys rotate --revoke", "signs now"},
	})
	out, err := run(t, folder, "keys", "list")
	if lines := strings.Split(strings.TrimSpace(out), "\n"); err != nil || len(lines) != 2 || strings.Fields(lines[1])[1] != "3" {
		t.Errorf("in the end: %q, %v", out, err)
	}
}

func TestUsersCommand(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if _, err := admin(t, folder, "", "--email", "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	steps(t, folder, [][2]string{
		{"users disable --user Ada@example.com", "disabled; every session has ended"},
		{"users disable --user ada@example.com", "is disabled already"},
		{"users enable --user ada@example.com", "may sign in again"},
		{"users enable --user ada@example.com", "is not disabled"},
		{"users sign-out --user ada@example.com", "signed out of 0 sessions"},
		{"users sign-out --user who@example.com", "failed: not_found (user_not_found)"},
		{"users disable", "failed: required flag"},
		{"users audit --user ada@example.com --limit 0", "failed: --limit must be between 1 and 1000"},
		{"users audit --user ada@example.com", "account_change  ok       signed_out"},
		{"users audit --user -", "TIME"},
	})
	out, err := run(t, folder, "users", "audit", "--user", "ada@example.com", "--limit", "2")
	if lines := strings.Split(strings.TrimSpace(out), "\n"); err != nil || len(lines) != 3 {
		t.Errorf("%q, %v", out, err)
	}
}
