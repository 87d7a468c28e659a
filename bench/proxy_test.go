package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/e2e/harness/load"
)

func value(t *testing.T, figures []Figure, name string) Figure {
	t.Helper()
	for _, f := range figures {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no figure %q in %v", name, figures)
	return Figure{}
}

func TestProxyFigures(t *testing.T) {
	t.Parallel()
	measured := []costs{{micros: []float64{50, 44, 46}, rates: []float64{1, 3, 2}}, {micros: []float64{12, 11, 13}}, {micros: []float64{880}}}
	figures := proxyFigures(measured, []contender{{name: "nginx"}, {name: "FastAPI gateway", verifies: true}}, "; NOT MEASURED: caddy (not installed here)")
	if ours := figures[0]; ours.Value != 44 || !ours.Met() || !strings.HasSuffix(ours.Note, "NOT MEASURED: caddy (not installed here)") {
		t.Errorf("ours: %+v", ours)
	}
	if nginx := value(t, figures, "nginx, same rounds, passing on only"); nginx.Value != 11 {
		t.Errorf("nginx: %+v", nginx)
	}
	if times := value(t, figures, "so many times nginx"); times.Value != 4 {
		t.Errorf("times: %+v", times)
	}
	if gateway := value(t, figures, "FastAPI gateway, same rounds"); gateway.Value != 880 {
		t.Errorf("a peer that verifies: %+v", gateway)
	}
}

func TestAddedFigures(t *testing.T) {
	t.Parallel()
	direct := &steady{contender: contender{name: "the module itself"}, p50: []float64{0.25, 0.5}, p99: []float64{2, 1}}
	souk := &steady{contender: contender{name: "souk"}, p50: []float64{0.375, 0.5}, p99: []float64{3, 1.25}}
	behind := &steady{contender: contender{name: "caddy"}, failed: "; failed: achieved 3,000/s"}
	t.Run("SmallestLessSmallest", func(t *testing.T) {
		t.Parallel()
		figures, err := addedFigures(direct, souk, []*steady{{contender: contender{name: "nginx"}, p50: []float64{0.5}, p99: []float64{2}}, behind}, "")
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, f := range figures {
			got[f.Name] = f.Value
		}
		want := map[string]float64{
			"p50 added": 0.125, "p99 added": 0.25, "p50 of the module itself": 0.25, "p99 of the module itself": 1,
			"nginx adds, p50": 0.25, "nginx adds, p99": 1,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if !strings.Contains(figures[0].Note, "caddy kept up in no round; failed: achieved 3,000/s") {
			t.Errorf("note: %s", figures[0].Note)
		}
	})
	t.Run("ErrNoRoundCounts", func(t *testing.T) {
		t.Parallel()
		_, err := addedFigures(direct, &steady{contender: contender{name: "souk"}, failed: "; failed: achieved 3,000/s"}, nil, "")
		if err == nil || !strings.Contains(err.Error(), "souk: no round at 4000/s counts; failed: achieved 3,000/s") {
			t.Errorf("addedFigures: %v", err)
		}
	})
}

func TestSteady(t *testing.T) {
	t.Parallel()
	var s steady
	s.take(load.Outcome{Done: steadyRate - 100, Took: 1e9})
	s.take(load.Outcome{Done: steadyRate, Failed: 1, Took: 1e9, Err: errors.New("connection reset")})
	if len(s.p50) != 0 || !strings.Contains(s.failed, "achieved 3,900/s") || !strings.Contains(s.failed, "1 failed: connection reset") {
		t.Errorf("rounds that do not count: %+v", s)
	}
	s.take(load.Outcome{Done: steadyRate, Took: 1e9})
	if len(s.p50) != 1 || len(s.p99) != 1 {
		t.Errorf("a round that counts: %+v", s)
	}
}

func TestPeerConfigurations(t *testing.T) {
	t.Parallel()
	for _, program := range peerPrograms {
		t.Run(program.name, func(t *testing.T) {
			t.Parallel()
			template, err := os.ReadFile(filepath.Join("peers", program.configuration))
			if err != nil {
				t.Fatal(err)
			}
			full := fillIn(string(template)+strings.Join(program.args, " "), "127.0.0.1:8001", "127.0.0.1:8002", "/folder")
			full = strings.ReplaceAll(full, "@CONFIGURATION@", "/folder/configuration")
			if strings.Contains(full, "@") || !strings.Contains(full, "8001") || !strings.Contains(full, "127.0.0.1:8002") {
				t.Errorf("not filled in:\n%s", full)
			}
		})
	}
}

func TestObtain(t *testing.T) {
	t.Parallel()
	const module, empty = "module peer\n\ngo 1.26.0\n", "package main\n\nfunc main() {}\n"
	for name, tc := range map[string]struct{ module, source, missing string }{
		"Builds":       {module, empty, ""},
		"DoesNotBuild": {module, "package main\n\nfunc main() { none() }\n", "does not build here"},
		"NoModules":    {module + "\nrequire example.invalid/none v1.0.0\n", "package main\n\nimport _ \"example.invalid/none\"\n\nfunc main() {}\n", "its Go modules are not to be had here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &bench{root: t.TempDir(), work: t.TempDir()}
			folder := filepath.Join(b.root, "bench", "peers", "peer")
			if err := errors.Join(os.MkdirAll(folder, 0o700),
				os.WriteFile(filepath.Join(folder, "go.mod"), []byte(tc.module), 0o600),
				os.WriteFile(filepath.Join(folder, "main.go"), []byte(tc.source), 0o600)); err != nil {
				t.Fatal(err)
			}
			path, missing := b.obtain(t.Context(), peerProgram{name: "peer", source: "peer"})
			if missing != tc.missing || (path == "") != (missing != "") {
				t.Errorf("obtain: %q, %q, want %q", path, missing, tc.missing)
			}
		})
	}
	t.Run("NotBuiltAhead", func(t *testing.T) {
		t.Parallel()
		if path, missing := (&bench{root: t.TempDir()}).obtain(t.Context(), peerProgram{name: "peer", ahead: true}); path != "" || missing != "not built here: make bench-peers" {
			t.Errorf("obtain: %q, %q", path, missing)
		}
	})
	t.Run("NotInstalled", func(t *testing.T) {
		t.Parallel()
		if path, missing := (&bench{}).obtain(t.Context(), peerProgram{name: "no-such-server"}); path != "" || missing != "not installed here" {
			t.Errorf("obtain: %q, %q", path, missing)
		}
	})
}
