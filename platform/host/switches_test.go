package host_test

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"app/platform/config"
	"app/platform/host"
	"app/platform/internal/demo"
	"app/platform/lifecycle"
)

// toys is a module with a switch and with something to announce.
type toys struct{ setting string }

func (toys) Name() string { return "toys" }

func (m toys) Switches() []config.Switch {
	return []config.Switch{{Variable: "TOYS", Setting: m.setting, What: "toys: everybody plays"}}
}

func (toys) Announce(context.Context) ([]string, error) {
	return []string{"dolls that everybody knows"}, nil
}

// What belongs to development is announced where strangers may come, one line each, and
// shown by the plan.
func TestFault04_DevelopmentAnnouncesItself(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setting string
		env     map[string]string
		on      bool     // by the plan
		want    []string // lines of the log
	}{
		"development":    {"auto", nil, true, nil},
		"auto in public": {"auto", map[string]string{"PUBLIC_URL": "https://shop.example"}, false, []string{"dolls that everybody knows"}},
		"on in public": {"on", map[string]string{"PUBLIC_URL": "https://shop.example", "DEV_PAGES": "on"}, true,
			[]string{"toys: everybody plays", "TOYS=on", "DEV_PAGES=on", "dolls that everybody knows"}},
		"behind a proxy": {"auto", map[string]string{"PUBLIC_URL": "http://shop.example"}, false, []string{"dolls that everybody knows"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			modules := append([]lifecycle.Module{toys{c.setting}}, demo.All()...)
			env := map[string]string{"LOG_LEVEL": "warn"}
			maps.Copy(env, c.env)
			o := options(t, modules, "all", env)
			o.LogTo = &log
			h := start(t, o)
			on := false
			for _, s := range h.Plan().Switches {
				on = on || s.Variable == "TOYS" && s.On(h.Plan().Development)
			}
			if on != c.on {
				t.Errorf("the plan says %t", on)
			}
			for _, line := range c.want {
				if !strings.Contains(log.String(), line) {
					t.Errorf("the log lacks %q:\n%s", line, log.String())
				}
			}
			if len(c.want) == 0 && strings.Contains(log.String(), "not for the public") {
				t.Errorf("announced in development:\n%s", log.String())
			}
		})
	}
}

// The admin listener of this machine is for people at this machine.
func TestFault02_AdminListenerIsForThisMachine(t *testing.T) {
	t.Parallel()
	h := start(t, options(t, demo.All(), "all", nil))
	for _, header := range []string{"X-Forwarded-For", "Forwarded"} {
		if status, _ := call(t, http.MethodGet, h.AdminURL()+"/metrics", "", header, "for=203.0.113.9"); status != http.StatusForbidden {
			t.Errorf("%s: %d", header, status)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.AdminURL()+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "evil.example"
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusForbidden {
		t.Errorf("by a name of somebody else's: %d", reply.StatusCode)
	}
}

// A data folder that others can read is mended, and one that everybody shares is
// refused.
func TestFault15_DataFolderIsItsOwners(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, "internal.key")
	if err := os.WriteFile(key, []byte(sharedKey), 0o644); err != nil {
		t.Fatal(err)
	}
	start(t, options(t, demo.All(), "all", map[string]string{"DATA_DIR": dir}))
	for path, want := range map[string]os.FileMode{dir: 0o700, key: 0o600, filepath.Join(dir, "bank.db"): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s is %o, want %o", path, got, want)
		}
	}
	shared := filepath.Join(t.TempDir(), "shared")
	if err := os.Mkdir(shared, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(shared, os.ModeSticky|0o777); err != nil {
		t.Fatal(err)
	}
	h, err := host.New(t.Context(), options(t, demo.All(), "all", map[string]string{"DATA_DIR": shared}))
	if err == nil {
		err = h.Start(t.Context())
	}
	if err == nil || !strings.Contains(err.Error(), "DATA_DIR") {
		t.Errorf("a folder that everybody shares: %v", err)
	}
}
