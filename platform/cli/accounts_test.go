package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/platform/database/dbtest"
)

var password = regexp.MustCompile(`[0-9a-f]{64}`)

// What is printed is what the containers' servers run for each module.
func TestPlanAsSQL(t *testing.T) {
	t.Parallel()
	code, out, stderr := run(t, map[string]string{"SHOP_DATABASE_URL": "mysql://clerk@db/sho`p"}, "plan", "--all", "--sql")
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	_, out, _ = strings.Cut(out, "\n\n")
	var seen []string
	for i, p := range password.FindAllString(out, -1) { // twice each: in the address, in the statement
		if i%2 == 0 {
			seen = append(seen, p)
		}
		out = strings.Replace(out, p, "@password@", 1)
	}
	if len(seen) != 2 || seen[0] == seen[1] {
		t.Errorf("passwords %v", seen)
	}
	deployed := script(t)
	shop := strings.NewReplacer("`@module@`", "`sho``p`", "'@module@'", "'clerk'").Replace(deployed)
	want := "-- BANK_DATABASE_URL=mysql://bank:@password@@HOST:3306/bank?tls=preferred\n" + strings.ReplaceAll(deployed, "@module@", "bank") +
		"\n-- SHOP_DATABASE_URL=mysql://clerk:@password@@db:3306/sho%60p?tls=preferred\n" + shop
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("plan --sql (-want +got):\n%s", diff)
	}
	if code, _, stderr := run(t, nil, "plan", "--compose", "--sql"); code != 2 {
		t.Errorf("with --compose: exit code %d, %s", code, stderr)
	}
}

// script is deploy/mysql/account.sql without comments.
func script(t *testing.T) (out string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "deploy", "mysql", "account.sql"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if !strings.HasPrefix(line, "--") {
			out += line
		}
	}
	return out
}

// A server takes the statements, and the account they make can migrate its schema.
func TestPlannedAccountMigrates(t *testing.T) {
	t.Parallel()
	location := dbtest.Account(t, "bank", script(t))
	for range 2 { // the second finds it done
		if code, out, stderr := run(t, map[string]string{"BANK_DATABASE_URL": location}, "migrate", "up", "--module=bank"); code != 0 {
			t.Fatalf("exit code %d, %s%s", code, out, stderr)
		}
	}
}
