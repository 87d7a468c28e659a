package users_test

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"app/modules/users"
	"app/platform/config"
	"app/platform/host"
	"app/platform/lifecycle"
)

// admin runs `app admin` on a data folder and returns what it printed.
func admin(t *testing.T, folder, stdin string, args ...string) (string, error) {
	t.Helper()
	m := users.New()
	tool := host.NewTool(host.Options{
		Modules:     []lifecycle.Module{m},
		Environment: config.Fixed(map[string]string{"DATA_DIR": folder, "LOG_LEVEL": "error"}),
		LogTo:       t.Output(),
	}, "users")
	c := m.Commands(tool)[0]
	var out bytes.Buffer
	c.SetArgs(args)
	c.SetIn(strings.NewReader(stdin))
	c.SetOut(&out)
	c.SetErr(&out)
	c.SilenceUsage, c.SilenceErrors = true, true
	err := c.ExecuteContext(context.Background())
	return out.String(), err
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, step := range []struct {
		stdin string
		args  []string
		want  string
	}{
		{"", []string{"--email", "ada@example.com"}, "with a new account; password, shown this once: "},
		{"", []string{"--email", "Ada@example.com"}, "is an administrator already; nothing changed"},
		{"Correct-Horse-9\n", []string{"--email", "ada@example.com", "--password-stdin"}, "is an administrator already; nothing changed"},
		{"Correct-Horse-9\r\nmore", []string{"--email", "bob@example.com", "--password-stdin"}, "with a new account\n"},
		{"", []string{"--list"}, "bob@example.com  none            active"},
		{"", []string{"--email", "bob@example.com", "--remove"}, "is no administrator any more; sessions ended: 0\n"},
		{"", []string{"--email", "bob@example.com", "--remove"}, "is no administrator; nothing changed\n"},
		{"", []string{"--email", "bob@example.com"}, "an administrator, from the next sign-in on; the account was there: sessions ended: 0; it keeps its password\n"},
		{"", []string{"--email", "bob@example.com", "--remove"}, "is no administrator any more"},
		{"", []string{"--email", "ada@example.com", "--remove"}, "\nwarning: the shop has no administrator now"},
		{"", []string{"--list"}, "SECOND FACTORS"},
	} {
		got, err := admin(t, folder, step.stdin, step.args...)
		if err != nil || !strings.Contains(got, step.want) {
			t.Errorf("%v: %q, %v", step.args, got, err)
		}
	}
}

func TestAdminRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		stdin string
		args  []string
		want  string
	}{
		"NoAddress":    {"", nil, "required flag(s) \"email\" not set"},
		"BadAddress":   {"", []string{"--email", "ada"}, "email must be an e-mail address"},
		"WeakPassword": {"password", []string{"--email", "ada@example.com", "--password-stdin"}, "password must have an upper"},
		"NoPassword":   {"", []string{"--email", "ada@example.com", "--password-stdin"}, "the standard input is empty"},
		"Nobody":       {"", []string{"--email", "eve@example.com", "--remove"}, "user_not_found"},
		"ListOfOne":    {"", []string{"--list", "--email", "ada@example.com"}, "none of the others can be"},
		"Argument":     {"", []string{"ada@example.com"}, "unknown command"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := admin(t, t.TempDir(), tc.stdin, tc.args...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	defaults, ok := users.New().Config().(*users.Config)
	if !ok || config.Load(config.Fixed(nil), defaults) != nil {
		t.Fatal("the defaults are not valid")
	}
	err := config.Load(config.Fixed(map[string]string{
		"USERS_CODE_LIFE": "11m", "USERS_ACCESS_LIFE": "2h", "USERS_REFRESH_IDLE": "1s", "USERS_REFRESH_GRACE": "-1s",
		"USERS_SESSION_LIFE": "0s", "USERS_SWEEP_INTERVAL": "0s", "USERS_LETTERS_PER_HOUR": "0", "USERS_LETTERS_PER_NETWORK": "0",
		"USERS_PASSWORD_RULES": "none", "USERS_IMPORTED_HASHES": "yes", "USERS_PASSWORD_GRANT": "auto",
	}), new(users.Config))
	for _, name := range []string{"CODE_LIFE", "ACCESS_LIFE", "REFRESH_IDLE", "REFRESH_GRACE", "SESSION_LIFE", "SWEEP_INTERVAL", "LETTERS_PER_HOUR", "LETTERS_PER_NETWORK",
		"PASSWORD_RULES", "IMPORTED_HASHES", "PASSWORD_GRANT"} {
		if err == nil || !strings.Contains(err.Error(), "USERS_"+name) {
			t.Errorf("USERS_%s is not named in %v", name, err)
		}
	}
}

// A list of breached passwords that cannot be used keeps the program from starting.
func TestBreachedHashesUnreadable(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	m := users.New()
	tool := host.NewTool(host.Options{
		Modules:     []lifecycle.Module{m},
		Environment: config.Fixed(map[string]string{"DATA_DIR": folder, "LOG_LEVEL": "error", "USERS_BREACHED_HASHES": filepath.Join(folder, "none")}), LogTo: t.Output(),
	}, "users")
	if err := tool.Run(t.Context(), func(context.Context) error { return nil }); err == nil || !strings.Contains(err.Error(), "USERS_BREACHED_HASHES") {
		t.Error(err)
	}
}
