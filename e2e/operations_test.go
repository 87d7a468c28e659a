package e2e_test

import (
	"context"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"app/e2e/harness/shop"
	"app/platform/database/dbtest"
)

func operations(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(shop.Root(), "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// afterwards is what the test asks of the shop that the walk has split: a letter from
// before, and one from after.
const afterwards = `
letters() { curl -sS "http://$HTTP_ADDR/dev/mailbox.json?to=$1" | grep -c '"subject"'; }
register() {
	curl -sS -o /dev/null -H 'Content-Type: application/json' "http://$HTTP_ADDR/v1/auth/register" \
		-d "{\"email\":\"$1\",\"password\":\"Correct-Horse-9\",\"confirm_password\":\"Correct-Horse-9\",\"first_name\":\"Ada\",\"middle_name\":\"\",\"last_name\":\"L\"}"
}
register after@example.com
for i in $(seq 300); do [ "$(letters after@example.com)" -gt 0 ] && break; sleep 0.1; done
echo "e-mails: before $(letters before@example.com), after $(letters after@example.com)"
kill -INT $SHOP $EMAILS; wait $SHOP $EMAILS
`

// The five steps work when they are pasted into a shell beside a shop with data.
func TestOperations_SplitInFiveSteps(t *testing.T) {
	t.Parallel()
	block := regexp.MustCompile("(?s)<!-- walk: .*?-->\n```bash\n(.*?)```").FindStringSubmatch(operations(t))
	if block == nil {
		t.Fatal("the page has no walk")
	}
	for name, place := range map[string]func(testing.TB) string{"sqlite": nil, "mysql": dbtest.MySQL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := shop.OpenProcess(t, nil)
			if err := s.Call(t.Context(), http.StatusAccepted, http.MethodPost, "/v1/auth/register", map[string]string{
				"email": "before@example.com", "password": shop.Password, "confirm_password": shop.Password,
				"first_name": "Ada", "middle_name": "", "last_name": "Lovelace",
			}, nil); err != nil {
				t.Fatal(err)
			}
			must(s.AwaitLetter(t.Context(), "before@example.com", regexp.MustCompile(`\d{6}`)))(t)
			s.Parts[0].Stop(t)

			script := strings.ReplaceAll(block[1], "127.0.0.1:8081", shop.FreeAddress(t))
			script = strings.ReplaceAll(script, "127.0.0.1:8082", shop.FreeAddress(t))
			if place != nil {
				script = strings.Replace(script, "sqlite:emails/emails.db", "'"+place(t)+"'", 1)
				script = strings.Replace(script, "--to=$EMAILS_DATABASE_URL", `--to="$EMAILS_DATABASE_URL"`, 1)
			}
			said := paste(t, s.Parts[0], script+afterwards)
			for _, want := range []string{`missing`, `(?s)simulated split: emails, 2ms later, 1 % lost.*simulated split:`, `emails is the same in both places`, `e-mails: before 1, after 1`} {
				if regexp.MustCompile(want).MatchString(said) == (want == "missing") {
					t.Errorf("%s in:\n%s", want, said)
				}
			}
		})
	}
}

// paste runs a script in a shell, in a folder with the program and the data of a shop
// that has stopped.
func paste(t *testing.T, p *shop.Part, script string) string {
	t.Helper()
	dir := t.TempDir()
	for name, target := range map[string]string{"app": p.Binary, "data": p.Env["DATA_DIR"]} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "data", "internal.key"), []byte(p.Env["INTERNAL_KEY"]), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-eu", "-c", script)
	cmd.Dir, cmd.WaitDelay = dir, 5*time.Second
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HTTP_ADDR=" + p.Address, "DEV_PAGES=on", "RATE_LIMIT=off", "ADMIN_ADDR=off"} //nolint:forbidigo // a shell needs it
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// Each of the shop's figures is explained, and each that is explained exists: it is
// there after a purchase, or, when it takes something rarer, the program has its name.
func TestOperations_EveryMetricIsExplained(t *testing.T) {
	t.Parallel()
	admin, alone := shop.FreeAddress(t), shop.FreeAddress(t)
	s := shop.Open(t, shop.Simulated, map[string]string{"ADMIN_ADDR": admin})
	registerToReceipt(t, s)
	shop.OpenProcess(t, map[string]string{"ADMIN_ADDR": alone, "BROKER_URL": "amqp://127.0.0.1:1"})
	names := sourceMetrics(t)
	for _, address := range []string{admin, alone} {
		maps.Copy(names, scrape(t, address))
	}
	explained := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(souk_\\w+)` \\|").FindAllStringSubmatch(operations(t), -1) {
		explained[m[1]] = true
		if !names[m[1]] {
			t.Errorf("%s is explained and does not exist", m[1])
		}
	}
	for name := range names {
		if !explained[name] {
			t.Errorf("%s is not explained in docs/operations.md", name)
		}
	}
}

// scrape gives the names of the shop's own metrics in a process.
func scrape(t *testing.T, admin string) map[string]bool {
	t.Helper()
	reply, err := (&shop.Client{Base: "http://" + admin}).Do(t.Context(), http.MethodGet, "/metrics", nil)
	if err != nil || reply.Status != http.StatusOK {
		t.Fatalf("%d: %v", reply.Status, err)
	}
	out := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# HELP (souk_\w+) `).FindAllStringSubmatch(string(reply.Body), -1) {
		out[m[1]] = true
	}
	return out
}

// sourceMetrics finds the metrics whose names the program writes out, or puts together
// from a name of its own.
func sourceMetrics(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	literal := regexp.MustCompile(`"(souk_[a-z_]+[a-z])"|(?:new(?:Counter|Gauge|Histogram)(?:Vec)?|namespace)(?:\(| \+ )"([a-z_]+)"`)
	prefixes := map[string]string{"platform/events/rabbit": "souk_events_broker_", "platform/events/internal/metrics": "souk_events_", "platform/database": "souk_database_"}
	for _, root := range []string{"modules", "platform"} {
		err := filepath.WalkDir(filepath.Join(shop.Root(), root), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.Contains(path, "test") {
				return err
			}
			raw, err := os.ReadFile(path)
			folder, _ := filepath.Rel(shop.Root(), filepath.Dir(path))
			for _, m := range literal.FindAllSubmatch(raw, -1) {
				if prefix := prefixes[filepath.ToSlash(folder)]; len(m[2]) > 0 && prefix != "" {
					out[prefix+string(m[2])] = true
				} else if len(m[1]) > 0 {
					out[string(m[1])] = true
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}
