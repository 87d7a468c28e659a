package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/cli"
	"app/platform/config"
	"app/platform/internal/demo"
)

// asProgram makes the test binary behave as the program, so that exit codes and signals
// are real.
const asProgram = "SOUK_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if _, ok := config.Process()(asProgram); ok {
		os.Exit(cli.Main(demo.All))
	}
	os.Exit(m.Run())
}

// run runs a command line in this process.
func run(t *testing.T, variables map[string]string, args ...string) (code int, out, err string) {
	t.Helper()
	environment := map[string]string{"DATA_DIR": filepath.Join(t.TempDir(), "data"), "HTTP_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "off"}
	maps.Copy(environment, variables)
	var stdout, stderr bytes.Buffer
	p := cli.Program{Modules: demo.All, Environment: config.Fixed(environment), Out: &stdout, Err: &stderr, Now: time.Now}
	code = p.Run(t.Context(), args)
	return code, stdout.String(), stderr.String()
}

func TestMistakesExitWith2AndOneLine(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	addr := taken.Addr().String()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		variables map[string]string
		args      string
		want      string
	}{
		"an unknown command":   {nil, "sevre", `app: unknown command "sevre" for "app"; did you mean serve?`},
		"an unknown flag":      {nil, "serve --al", "app: unknown flag: --al"},
		"an unknown module":    {nil, "serve --module=shpo", `app: there is no module "shpo": the modules are bank, shop, door`},
		"nothing chosen":       {nil, "serve", "app: nothing to serve: give --all, or --module with some of bank, shop, door, or --except"},
		"too many arguments":   {nil, "version now", `app: unknown command "now" for "app version"`},
		"a port in use":        {map[string]string{"HTTP_ADDR": addr}, "serve --all", "app: address " + addr + " (public) is in use by another process; set HTTP_ADDR to another"},
		"an unwritable folder": {map[string]string{"DATA_DIR": file + "/x"}, "serve --all", "app: DATA_DIR: cannot make the folder " + file + "/x: not a directory"},
		"a missing URL":        {map[string]string{"INTERNAL_KEY": strings.Repeat("k", 32)}, "serve --module=shop", "app: BANK_URL is not set: bank is not hosted here and shop calls it, it hears shop.Sold"},
		"an unknown split":     {nil, "serve --all --simulate-split=bank,shpo", `app: there is no module "shpo" to split: the modules are bank, shop, door`},
		"a split of another":   {map[string]string{"BANK_URL": "http://bank", "INTERNAL_KEY": strings.Repeat("k", 32)}, "serve --module=shop --simulate-split=bank", "app: bank is not served here, so it is split already"},
		"a split time":         {nil, "serve --all --simulate-split=bank --split-latency=5", `app: invalid argument "5" for "--split-latency" flag: not a time with its unit, such as 5ms or 1.5s`},
		"a long split time":    {nil, "serve --all --simulate-split=bank --split-jitter=11s", `app: invalid argument "11s" for "--split-jitter" flag: must be from 0s to 10s`},
		"a split share":        {nil, "serve --all --simulate-split=bank --split-loss=101%", `app: invalid argument "101%" for "--split-loss" flag: must be from 0 to 1, or 0% to 100%`},
		"no split share":       {nil, "serve --all --simulate-split=bank --split-duplicate=x", `app: invalid argument "x" for "--split-duplicate" flag: not a share such as 0.01 or 1%`},
		"a lonely split flag":  {nil, "serve --all --split-loss=0.1", "app: --split-loss is about --simulate-split, which is not given"},
		"a bad value":          {map[string]string{"LOG_LEVEL": "loud"}, "serve --all", `app: LOG_LEVEL="loud": not a level: debug, info, warn or error`},
		"several at once":      {map[string]string{"LOG_LEVEL": "loud", "RATE_LIMIT": "so-so", "BANK_LIMIT": "0"}, "serve --all", "app: 3 things have to be put right:\n  LOG_LEVEL=\"loud\": not a level: debug, info, warn or error\n  RATE_LIMIT=\"so-so\": must be one of on, off\n  BANK_LIMIT: must be positive"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			code, out, stderr := run(t, c.variables, strings.Fields(c.args)...)
			if code != 2 || out != "" {
				t.Errorf("exit code %d, output %q", code, out)
			}
			if diff := cmp.Diff(c.want+"\n", stderr); diff != "" {
				t.Errorf("standard error (-want +got):\n%s", diff)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	t.Parallel()
	for _, command := range []string{
		"serve", "modules", "plan", "migrate", "migrate up", "migrate status", "routes", "openapi", "health",
		"events", "events dead", "events show", "events retry", "events resend", "data", "data copy", "data backup", "data restore", "version", "sell",
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			code, out, stderr := run(t, map[string]string{"DATA_DIR": dir}, append(strings.Fields(command), "--help")...)
			if code != 0 || stderr != "" || !strings.Contains(out, "Examples:\n  app "+command) {
				t.Errorf("exit code %d, %s\n%s", code, stderr, out)
			}
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("help touched the data folder: %v", err)
			}
		})
	}
}

func TestCommandsThatOnlyLook(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"version":            `^souk \S+ \(go`,
		"modules":            `(?s)bank\n  asks +other banks\n  hears +shop.Sold.*shop\n  calls +bank\n  emits +shop.Sold`,
		"plan --all":         `(?s)hosted here +bank, shop, door\nlistens +HTTP_ADDR +127.0.0.1:0 +the public API.*calls +bank +local`,
		"routes":             `(?m)^POST +/v1/sales +optional +default +accepted +shop$`,
		"openapi":            `"openapi": "3.1.0"`,
		"events dead":        `^$`,
		"migrate status":     `^$`,
		"events --help":      `retry`,
		"":                   `Available Commands`,
		"help serve":         `app serve --all`,
		"completion bash":    `bash completion`,
		"migrate":            `app migrate status`,
		"plan --except=door": `hosted here +bank, shop\n`,
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			code, out, stderr := run(t, map[string]string{"DATA_DIR": dir, "INTERNAL_KEY": strings.Repeat("k", 32)}, strings.Fields(command)...)
			if code != 0 || stderr != "" || !regexp.MustCompile(want).MatchString(out) {
				t.Errorf("exit code %d, %s\n%s\nwant %s", code, stderr, out, want)
			}
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("looking touched the data folder: %v", err)
			}
		})
	}
}

func TestPlanShowsWhatIsMissing(t *testing.T) {
	t.Parallel()
	code, out, stderr := run(t, nil, "plan", "--module=shop")
	if code != 2 || !strings.Contains(out, "calls") || !strings.Contains(out, "remote, at an address that is not set") ||
		!strings.Contains(out, "missing") || !strings.Contains(stderr, "app: not ready to be served: 2 missing, see above") {
		t.Errorf("exit code %d\n%s%s", code, out, stderr)
	}
}

// process is the program in a process of its own.
type process struct {
	*exec.Cmd
	banner *bufio.Reader
	stderr *bytes.Buffer
}

func launch(t *testing.T, variables map[string]string, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.CommandContext(t.Context(), self, args...), stderr: new(bytes.Buffer)}
	p.Dir = t.TempDir()
	p.Env = []string{asProgram + "=1", "HTTP_ADDR=127.0.0.1:0", "ADMIN_ADDR=off"}
	for name, value := range variables {
		p.Env = append(p.Env, name+"="+value)
	}
	p.Stderr = p.stderr
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.banner = bufio.NewReader(out)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	return p
}

// url waits for the banner and returns the shop's address.
func (p *process) url(t *testing.T) string {
	t.Helper()
	for {
		line, err := p.banner.ReadString('\n')
		if err != nil {
			t.Fatalf("no banner: %v\n%s", err, p.stderr)
		}
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == "shop" {
			return fields[1]
		}
	}
}

func (p *process) end(t *testing.T) int {
	t.Helper()
	_, _ = io.Copy(io.Discard, p.banner)
	_ = p.Wait()
	return p.ProcessState.ExitCode()
}

func TestServeUntilInterrupted(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			p := launch(t, nil, "serve", "--all")
			base := p.url(t)
			code, out, stderr := run(t, nil, "health", "--url="+base)
			if code != 0 || !strings.Contains(out, `"ready":true`) {
				t.Errorf("health: exit code %d, %s %s", code, out, stderr)
			}
			_ = p.Process.Signal(signal)
			if code := p.end(t); code != 0 {
				t.Errorf("exit code %d\n%s", code, p.stderr)
			}
			if code, _, _ := run(t, nil, "health", "--url="+base); code != 1 {
				t.Errorf("health of a process that is gone: exit code %d, want 1", code)
			}
		})
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	p := launch(t, map[string]string{"SHUTDOWN_DELAY": "60s"}, "serve", "--all")
	base := p.url(t)
	_ = p.Process.Signal(syscall.SIGTERM)
	eventually(t, func() bool { // until the first signal has been taken in
		status, _ := get(t, base+"/ready")
		return status == http.StatusServiceUnavailable
	})
	began := time.Now()
	_ = p.Process.Signal(syscall.SIGTERM)
	if code := p.end(t); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(data)
}

// eventually asks until the answer is yes, for a minute at most: other tests are
// running.
func eventually(t *testing.T, ask func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ask() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("not within a minute")
		}
	}
}

func TestRestartLosesNothing(t *testing.T) {
	t.Parallel()
	data := map[string]string{"DATA_DIR": filepath.Join(t.TempDir(), "data")}
	p := launch(t, data, "serve", "--all")
	base := p.url(t)
	response, err := http.Post(base+"/v1/sales", "application/json", strings.NewReader(`{"account":"acme","amount":5}`))
	if err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("sale: %v %v", response, err)
	}
	_ = response.Body.Close()
	_ = p.Process.Kill()
	p.end(t)
	base = launch(t, data, "serve", "--all").url(t)
	eventually(t, func() bool {
		_, body := get(t, base+"/v1/accounts/acme")
		return strings.Contains(body, `"amount":5`)
	})
}

func TestCommandOfAModule(t *testing.T) {
	t.Parallel()
	dir := map[string]string{"DATA_DIR": filepath.Join(t.TempDir(), "data")}
	code, out, stderr := run(t, dir, "sell", "--account=acme")
	if code != 0 || !strings.HasPrefix(out, "sal_") {
		t.Errorf("exit code %d, %s%s", code, out, stderr)
	}
	code, out, _ = run(t, dir, "migrate", "status", "--module=shop")
	if code != 0 || !strings.Contains(out, "0001_create_sales") || strings.Contains(out, "pending") {
		t.Errorf("exit code %d, %s", code, out)
	}
}
