package cli_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/internal/demo"
)

// sold makes a shop with a sale and gives its configuration and its data folder.
func sold(t *testing.T) (variables map[string]string, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	variables = map[string]string{"DATA_DIR": dir}
	if code, _, stderr := run(t, variables, "sell", "--account=acme"); code != 0 {
		t.Fatal(stderr)
	}
	return variables, dir
}

func TestDataCopy(t *testing.T) {
	t.Parallel()
	for name, place := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "mysql": dbtest.MySQL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			variables, dir := sold(t)
			secret := filepath.Join(t.TempDir(), "place")
			to := place(t)
			if err := os.WriteFile(secret, []byte(to+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			code, out, stderr := run(t, variables, "data", "copy", "--module=shop", "--to=@"+secret)
			want := `(?s)TABLE +ROWS +CHECKSUM.*\nevents_outbox +1 +[0-9a-f]{16}.*\nshop_sales +1 +[0-9a-f]{16}.*\nshop is the same in both places: set SHOP_DATABASE_URL`
			if code != 0 || !regexp.MustCompile(want).MatchString(out) || !strings.Contains(stderr, "shop_sales: 1 of 1 rows\n") {
				t.Errorf("exit code %d\n%s%s", code, out, stderr)
			}
			code, _, stderr = run(t, variables, "data", "copy", "--module=shop", "--to", to)
			if code != 1 || !strings.HasPrefix(stderr, "app: database: the target has rows already") || strings.Count(stderr, "\n") != 1 {
				t.Errorf("a second copy: exit code %d, %s", code, stderr)
			}
			code, out, stderr = run(t, variables, "data", "copy", "--module=shop", "--from", to, "--to=sqlite:"+filepath.Join(dir, "back.db"))
			if code != 0 || !strings.Contains(out, "shop is the same in both places") {
				t.Errorf("back: exit code %d\n%s%s", code, out, stderr)
			}
		})
	}
}

func TestDataMistakes(t *testing.T) {
	t.Parallel()
	variables, dir := sold(t)
	for args, want := range map[string]string{
		"data copy --module=shop":                                     `app: required flag(s) "to" not set`,
		"data copy --module=shop --to=":                               "app: the target is not given",
		"data copy --module=shpo --to=sqlite:x.db":                    `app: there is no module "shpo": the modules are bank, shop, door`,
		"data copy --module=door --to=sqlite:x.db":                    "app: door has no data",
		"data copy --module=shop --to=postgres://x/y":                 `app: database location of shop must start with sqlite: or mysql:, not "postgres"`,
		"data copy --module=shop --to=sqlite:" + dir + "/shop.db":     "app: source and target are the same: " + dir + "/shop.db",
		"data copy --module=shop --from=sqlite:x.db --to=sqlite:y.db": "app: the source does not exist: x.db",
		"data copy --module=shop --to=@" + dir + "/nowhere":           "app: read the place of a database: open " + dir + "/nowhere: no such file or directory",
		"data restore --module=shop":                                  `app: required flag(s) "from" not set`,
		"data restore --module=door --from=x.db":                      "app: door has no data",
		"events resend --module=shop --since=noon":                    `app: --since="noon": not a time such as 2026-11-21T06:00:00Z`,
		"data backup": `app: required flag(s) "to" not set`,
		"data copy --module=shop --to=sqlite:x.db --from=sqlite://h/x": "app: database location of shop must look like sqlite:///absolute/path.db or sqlite:relative/path.db",
	} {
		if code, _, stderr := run(t, variables, strings.Fields(args)...); code != 2 || stderr != want+"\n" {
			t.Errorf("%s: exit code %d, %s", args, code, stderr)
		}
	}
}

// A module that is served is neither copied nor restored, and is backed up all the
// same.
func TestDataOfAServedModule(t *testing.T) {
	t.Parallel()
	variables, dir := sold(t)
	launch(t, variables, "serve", "--all").url(t)
	backups := filepath.Join(t.TempDir(), "backups")
	code, out, stderr := run(t, variables, "data", "backup", "--to", backups)
	if code != 0 || out != "bank: "+backups+"/bank.db\nshop: "+backups+"/shop.db\n" {
		t.Fatalf("backup: exit code %d\n%s%s", code, out, stderr)
	}
	for _, args := range [][]string{
		{"data", "copy", "--module=shop", "--to=sqlite:" + filepath.Join(dir, "other.db")},
		{"data", "restore", "--module=shop", "--from", backups + "/shop.db"},
	} {
		if code, _, stderr := run(t, variables, args...); code != 1 || !strings.Contains(stderr, database.ErrInUse.Error()) {
			t.Errorf("%v: exit code %d, %s", args, code, stderr)
		}
	}
}

func TestDataRestore(t *testing.T) {
	t.Parallel()
	variables, dir := sold(t)
	backups := filepath.Join(t.TempDir(), "backups")
	for _, args := range [][]string{{"data", "backup", "--module=shop", "--to", backups}, {"sell", "--account=acme"}} {
		if code, _, stderr := run(t, variables, args...); code != 0 {
			t.Fatal(stderr)
		}
	}
	code, out, stderr := run(t, variables, "data", "restore", "--module=shop", "--from", backups+"/shop.db")
	if code != 0 || !strings.Contains(out, "shop: what was there is now "+dir+"/shop.db.before-") {
		t.Fatalf("exit code %d\n%s%s", code, out, stderr)
	}
	_, shop, _ := demo.Modules()
	db := dbtest.OpenURL(t, "sqlite://"+dir+"/shop.db", shop.Migrations())
	var sales int
	err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, `SELECT COUNT(*) FROM shop_sales WHERE account <> ?`, "").Scan(&sales)
	})
	if err != nil || sales != 1 {
		t.Errorf("%d sales, %v, want the one that was backed up", sales, err)
	}
}

func TestEventsResend(t *testing.T) {
	t.Parallel()
	variables, _ := sold(t)
	p := launch(t, variables, "serve", "--all")
	base := p.url(t)
	eventually(t, func() bool { // until it has been delivered once
		_, body := get(t, base+"/v1/accounts/acme")
		return strings.Contains(body, `"amount":1,`)
	})
	eventually(t, func() bool { // and written down as such
		_, out, _ := run(t, variables, "events", "resend", "--module=shop", "--since=2026-01-01T00:00:00Z")
		return out == "shop: 1 to be delivered again\n"
	})
}
