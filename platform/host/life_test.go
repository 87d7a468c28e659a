package host_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/database"
	"app/platform/database/migrate"
	"app/platform/host"
	"app/platform/host/setup"
	"app/platform/internal/demo"
	"app/platform/lifecycle"
)

// nowhere is the address of a broker, or a module, that is not there. A port that was
// free a moment ago may be another test's by now.
const nowhere = "127.0.0.1:1"

type readiness struct {
	Ready   bool               `json:"ready"`
	Reason  string             `json:"reason"`
	Modules []lifecycle.Status `json:"modules"`
}

func TestReadyNamesModuleAndReason(t *testing.T) {
	t.Parallel()
	bank, shop, door := demo.Modules()
	bank.OnReady = func(context.Context) error { return errors.New("the vault is shut") }
	h := start(t, options(t, []lifecycle.Module{bank, shop, door}, "all", nil))
	want := readiness{Modules: []lifecycle.Status{
		{Name: "bank", State: lifecycle.Running, Reason: "the vault is shut"},
		{Name: "shop", State: lifecycle.Running, Ready: true},
		{Name: "door", State: lifecycle.Running, Ready: true},
	}}
	status, body := call(t, http.MethodGet, h.AdminURL()+"/ready", "")
	if diff := cmp.Diff(want, decode[readiness](t, body)); status != http.StatusServiceUnavailable || diff != "" {
		t.Errorf("%d (-want +got):\n%s", status, diff)
	}
	for _, base := range []string{h.URL(), h.AdminURL()} {
		if status, body := call(t, http.MethodGet, base+"/live", ""); status != http.StatusOK {
			t.Errorf("live: %d %s", status, body)
		}
	}
}

func TestOneModuleDownLeavesTheOthersReady(t *testing.T) {
	t.Parallel()
	h := start(t, options(t, demo.All(), "shop,door", map[string]string{"INTERNAL_KEY": sharedKey, "BANK_URL": "http://" + nowhere}))
	if status, body := call(t, http.MethodGet, h.URL()+"/ready", ""); status != http.StatusOK {
		t.Errorf("ready: %d %s", status, body)
	}
	for method, path := range map[string]string{http.MethodGet: "/v1/accounts/acme", http.MethodPost: "/v1/sales"} {
		body := map[string]string{http.MethodPost: `{"account":"acme","amount":7}`}[method]
		if status, reply := call(t, method, h.URL()+path, body); status != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %s, want 503", path, status, reply)
		}
	}
	if status, body := call(t, http.MethodGet, h.URL()+"/v1/wait", ""); status != http.StatusOK {
		t.Errorf("a route of a module that is up: %d %s", status, body)
	}
}

// What keeps a module from serving names users, hosts and ports: strangers get no word
// of it, with the gateway or without.
func TestFault16_ReadyTellsStrangersNoReasons(t *testing.T) {
	t.Parallel()
	for _, hosted := range []string{"all", "bank"} {
		bank, shop, door := demo.Modules()
		bank.OnReady = func(context.Context) error { return errors.New("souk_bank@db.internal:3306 is shut") }
		o := options(t, []lifecycle.Module{bank, shop, door}, hosted, map[string]string{"INTERNAL_KEY": sharedKey})
		h := start(t, o)
		for _, path := range []string{"/ready", "/ready?verbose=1"} {
			if status, body := call(t, http.MethodGet, h.URL()+path, ""); status != http.StatusServiceUnavailable || strings.TrimSpace(body) != `{"ready":false}` {
				t.Errorf("%s of %s: %d %s", path, hosted, status, body)
			}
		}
		if _, body := call(t, http.MethodGet, h.AdminURL()+"/ready", ""); !strings.Contains(body, "db.internal:3306") {
			t.Errorf("the admin listener of %s: %s", hosted, body)
		}
	}
}

func TestStopDrainsRequestsInFlight(t *testing.T) {
	t.Parallel()
	bank, shop, door := demo.Modules()
	entered, release := make(chan struct{}), make(chan struct{})
	shop.OnWait = func(context.Context) { close(entered); <-release }
	h, err := host.New(t.Context(), options(t, []lifecycle.Module{bank, shop, door}, "all", nil))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended, answered := make(chan struct{}), make(chan error, 1), make(chan string, 1)
	go func() { ended <- h.Run(ctx, func() { close(ready) }) }()
	<-ready
	go func() {
		response, err := http.Get(h.URL() + "/v1/wait")
		if err != nil {
			answered <- err.Error()
			return
		}
		defer func() { _ = response.Body.Close() }()
		body, _ := io.ReadAll(response.Body)
		answered <- string(body)
	}()
	<-entered
	cancel()
	eventually(t, func() error { // the admin listener is there until the end, and says why
		_, body := call(t, http.MethodGet, h.AdminURL()+"/ready", "")
		if got := decode[readiness](t, body); got.Ready || got.Reason != "stopping" {
			return errors.New(body)
		}
		return nil
	})
	select {
	case err := <-ended:
		t.Fatalf("ended with a request in flight: %v", err)
	default:
	}
	close(release)
	if got := <-answered; got != "done" {
		t.Errorf("the request in flight got %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	if diff := cmp.Diff("", h.URL()); diff == "" {
		t.Error("no URL")
	}
}

func TestFailingStarts(t *testing.T) {
	t.Parallel()
	hang := func(context.Context) error { select {} }
	for name, c := range map[string]struct {
		start func(context.Context) error
		vars  map[string]string
		want  string
	}{
		"a failing module is named":                 {func(context.Context) error { return errors.New("no money") }, nil, "start bank: no money"},
		"a module that hangs is named and given up": {hang, map[string]string{"START_TIMEOUT": "50ms"}, "start bank: not done after 50ms"},
		"a panic is an error":                       {func(context.Context) error { panic("vault") }, nil, "start bank: panic: vault"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bank, shop, door := demo.Modules()
			bank.OnStart = c.start
			h, err := host.New(t.Context(), options(t, []lifecycle.Module{bank, shop, door}, "all", c.vars))
			if err != nil {
				t.Fatal(err)
			}
			err = h.Run(t.Context(), func() { t.Error("said it was ready") })
			var mistake *setup.Error
			if err == nil || !strings.HasPrefix(err.Error(), c.want) || errors.As(err, &mistake) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestInterruptDuringStart(t *testing.T) {
	t.Parallel()
	bank, shop, door := demo.Modules()
	ctx, cancel := context.WithCancel(t.Context())
	bank.OnStart = func(context.Context) error { cancel(); select {} }
	h, err := host.New(t.Context(), options(t, []lifecycle.Module{bank, shop, door}, "all", nil))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := h.Run(ctx, func() { t.Error("said it was ready") }); err != nil {
		t.Errorf("got %v, want a clean end", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestMistakesOfTheOperator(t *testing.T) {
	t.Parallel()
	taken := listener(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		variables map[string]string
		want      string
	}{
		"port in use":       {map[string]string{"HTTP_ADDR": taken.Addr().String()}, "address " + taken.Addr().String() + " (public) is in use by another process; set HTTP_ADDR to another"},
		"admin port in use": {map[string]string{"ADMIN_ADDR": taken.Addr().String()}, "address " + taken.Addr().String() + " (admin) is in use by another process; set ADMIN_ADDR to another"},
		"data folder":       {map[string]string{"DATA_DIR": file + "/data"}, "DATA_DIR: cannot make the folder " + file + "/data: not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, err := host.New(t.Context(), options(t, demo.All(), "all", c.variables))
			if err != nil {
				t.Fatal(err)
			}
			err = h.Run(t.Context(), nil)
			var mistake *setup.Error
			if err == nil || err.Error() != c.want || !errors.As(err, &mistake) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestGeneratedKey(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	o := options(t, demo.All(), "all", map[string]string{"DATA_DIR": dir})
	start(t, o)
	folder, err := os.Stat(dir)
	if err != nil || folder.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", folder.Mode(), err)
	}
	path := filepath.Join(dir, "internal.key")
	key, err := os.Stat(path)
	if err != nil || key.Mode().Perm() != 0o600 {
		t.Errorf("key: %v, %v", key.Mode(), err)
	}
	before, _ := os.ReadFile(path)
	// A second process on the folder uses the key: the shop can be split without
	// configuring one.
	start(t, options(t, demo.All(), "shop", map[string]string{"DATA_DIR": dir, "BANK_URL": "http://127.0.0.1:1"}))
	after, _ := os.ReadFile(path)
	if diff := cmp.Diff(before, after); diff != "" || len(before) < 32 {
		t.Errorf("%d bytes, changed by the second process:\n%s", len(before), diff)
	}
}

func TestTool(t *testing.T) {
	t.Parallel()
	bank, shop, door := demo.Modules()
	o := options(t, []lifecycle.Module{bank, shop, door}, "", nil)
	bank.OnStart = func(context.Context) error { return errors.New("background work in a command") }
	command := shop.Commands(host.NewTool(o, "shop"))[0]
	command.SetArgs([]string{"--account=acme"})
	var out strings.Builder
	command.SetOut(&out)
	if err := command.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "sal_") {
		t.Errorf("printed %q", out.String())
	}
	bank.OnStart = nil
	h := start(t, func() host.Options { o.Hosted = []string{"bank", "shop", "door"}; return o }())
	eventually(t, func() error { // the event of the command is delivered by whoever serves next
		_, body := call(t, http.MethodGet, h.URL()+"/v1/accounts/acme", "")
		if decode[account](t, body).Amount != 1 {
			return errors.New(body)
		}
		return nil
	})
}

func TestDatabases(t *testing.T) {
	t.Parallel()
	o := options(t, demo.All(), "all", nil)
	visit := func(create bool) (seen []string) {
		err := host.Databases(t.Context(), o, create, func(module string, db *database.DB) error {
			seen = append(seen, module)
			_, err := migrate.Up(t.Context(), db)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return seen
	}
	if got := visit(false); len(got) > 0 {
		t.Errorf("looking made the databases of %v", got)
	}
	if diff := cmp.Diff([]string{"bank", "shop"}, visit(true)); diff != "" {
		t.Errorf("made (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"bank", "shop"}, visit(false)); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

func TestUsualAdminAddressInUse(t *testing.T) {
	t.Parallel()
	if l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:9090"); err == nil {
		t.Cleanup(func() { _ = l.Close() }) // else somebody else has it, which is as good
	}
	h := start(t, options(t, demo.All(), "all", map[string]string{"ADMIN_ADDR": ""}))
	if url := h.AdminURL(); url == "" || strings.HasSuffix(url, ":9090") {
		t.Errorf("the admin listener is at %q", url)
	}
}

func TestAdminListener(t *testing.T) {
	t.Parallel()
	h := start(t, options(t, demo.All(), "all", nil))
	for path, want := range map[string]string{
		"/metrics": "souk_build_info", "/debug/pprof/": "goroutine", "/live": `"live":true`, "/modules": `{"to":"bank","local":true}`,
	} {
		if status, body := call(t, http.MethodGet, h.AdminURL()+path, ""); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d, no %s", path, status, want)
		}
	}
	off := start(t, options(t, demo.All(), "all", map[string]string{"ADMIN_ADDR": "off"}))
	if off.AdminURL() != "" {
		t.Errorf("listens at %s", off.AdminURL())
	}
}
