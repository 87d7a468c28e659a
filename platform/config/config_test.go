package config_test

import (
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"app/platform/config"
)

type shopConfig struct {
	HoldTTL time.Duration `env:"SHOP_HOLD_TTL" envDefault:"30m" doc:"how long stock is held"`
	Limit   int           `env:"SHOP_LIMIT" envDefault:"100" doc:"lines per cart"`
	Key     string        `env:"SHOP_KEY,required" secret:"true" doc:"the key"`
}

func (c *shopConfig) Validate() error {
	if c.Limit < 1 {
		return errors.New("SHOP_LIMIT: at least 1")
	}
	return nil
}

func TestLoad(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(secret, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		environment map[string]string
		want        shopConfig
		problems    []string
	}{
		"defaults": {
			environment: map[string]string{"SHOP_KEY": "k"},
			want:        shopConfig{HoldTTL: 30 * time.Minute, Limit: 100, Key: "k"},
		},
		"given values": {
			environment: map[string]string{"SHOP_KEY": "k", "SHOP_HOLD_TTL": "5s", "SHOP_LIMIT": "7"},
			want:        shopConfig{HoldTTL: 5 * time.Second, Limit: 7, Key: "k"},
		},
		"empty counts as unset": {
			environment: map[string]string{"SHOP_KEY": "k", "SHOP_LIMIT": ""},
			want:        shopConfig{HoldTTL: 30 * time.Minute, Limit: 100, Key: "k"},
		},
		"a secret from a file loses its line end": {
			environment: map[string]string{"SHOP_KEY_FILE": secret},
			want:        shopConfig{HoldTTL: 30 * time.Minute, Limit: 100, Key: "s3cret"},
		},
		"every mistake at once, by name": {
			environment: map[string]string{"SHOP_HOLD_TTL": "soon", "SHOP_LIMIT": "many"},
			problems: []string{
				`SHOP_HOLD_TTL="soon": not a duration such as "30s" or "15m"`,
				`SHOP_LIMIT="many": not a whole number`,
				`SHOP_KEY is not set`,
			},
		},
		"what Validate says is not about values that cannot be read": {
			environment: map[string]string{"SHOP_LIMIT": "many", "SHOP_KEY": "k"},
			problems:    []string{`SHOP_LIMIT="many": not a whole number`},
		},
		"a value and a file": {
			environment: map[string]string{"SHOP_KEY": "k", "SHOP_KEY_FILE": secret},
			problems:    []string{"SHOP_KEY and SHOP_KEY_FILE are both set: keep one", "SHOP_KEY is not set"},
		},
		"what Validate says": {
			environment: map[string]string{"SHOP_KEY": "k", "SHOP_LIMIT": "0", "SHOP_HOLD_TTL": "soon"},
			problems:    []string{`SHOP_HOLD_TTL="soon": not a duration such as "30s" or "15m"`, "SHOP_LIMIT: at least 1"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got shopConfig
			err := config.Load(config.Fixed(c.environment), &got)
			if diff := cmp.Diff(c.problems, config.Problems(err)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.want, got); diff != "" && len(c.problems) == 0 {
				t.Errorf("config (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlatform(t *testing.T) {
	t.Parallel()
	t.Run("works without configuration", func(t *testing.T) {
		t.Parallel()
		var p config.Platform
		if err := config.Load(config.Fixed(nil), &p); err != nil {
			t.Fatal(err)
		}
		if p.HTTPAddr != "127.0.0.1:8080" || p.DataDir != "data" || p.LogLevel != slog.LevelInfo {
			t.Errorf("got %+v", p)
		}
	})
	t.Run("reads lists and levels", func(t *testing.T) {
		t.Parallel()
		var p config.Platform
		err := config.Load(config.Fixed(map[string]string{"TRUSTED_PROXIES": "10.0.0.0/8,::1/128", "LOG_LEVEL": "debug"}), &p)
		want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
		if diff := cmp.Diff(want, p.TrustedProxies, cmpopts.EquateComparable(netip.Prefix{})); err != nil || diff != "" {
			t.Errorf("err %v, proxies (-want +got):\n%s", err, diff)
		}
	})
	t.Run("refuses nonsense by name and shows no secret", func(t *testing.T) {
		t.Parallel()
		var p config.Platform
		err := config.Load(config.Fixed(map[string]string{
			"HTTP_ADDR": "8080", "RATE_LIMIT": "no", "BROKER_URL": "guest:pw@host", "INTERNAL_KEY": "short",
			"INTERNAL_KEYS_ACCEPTED": "0123456789abcdef0123456789abcdef,short",
		}), &p)
		want := []string{
			`HTTP_ADDR="8080": not host:port, such as 127.0.0.1:8080 or :8080`,
			"BROKER_URL: not a URL that begins with amqp:// or amqps://",
			`RATE_LIMIT="no": must be one of on, off`,
			"INTERNAL_KEY: 5 bytes, at least 32 are needed",
			"INTERNAL_KEYS_ACCEPTED: key 2 has 5 bytes, at least 32 are needed",
		}
		if diff := cmp.Diff(want, config.Problems(err)); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
	})
}

func TestDevelopment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		listen, public string
		want           bool
	}{
		{"127.0.0.1:8080", "", true}, {"[::1]:8080", "", true}, {"localhost:1", "", true},
		{":8080", "", false}, {"10.0.0.1:80", "", false},
		{"127.0.0.1:8080", "http://localhost:8080", true}, {"127.0.0.1:8080", "http://[::1]:8080", true},
		{"127.0.0.1:8080", "https://localhost", false}, {"127.0.0.1:8080", "http://shop.example", false},
		{"127.0.0.1:8080", "http://127.0.0.1.evil.example", false},
		{":8080", "http://127.0.0.1:8080", false},
	} {
		p := config.Platform{PublicURL: c.public}
		if got := p.Development(c.listen); got != c.want {
			t.Errorf("PUBLIC_URL=%s on %s: %t, want %t", c.public, c.listen, got, c.want)
		}
	}
	for _, c := range []struct {
		setting           string
		development, want bool
	}{{"on", false, true}, {"off", true, false}, {"auto", true, true}, {"auto", false, false}} {
		if got := config.SwitchedOn(c.setting, c.development); got != c.want {
			t.Errorf("%s with development %t: %t, want %t", c.setting, c.development, got, c.want)
		}
	}
}

func TestDotEnv(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(path, []byte("A=file\nB=file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env, err := config.DotEnv(path, config.Fixed(map[string]string{"A": "process"}))
	if err != nil {
		t.Fatal(err)
	}
	a, _ := env("A")
	b, _ := env("B")
	if a != "process" || b != "file" {
		t.Errorf("A=%s B=%s, want the process to win over the file", a, b)
	}
	if _, err := config.DotEnv(path+".none", config.Fixed(nil)); err != nil {
		t.Errorf("a missing file is an error: %v", err)
	}
}

func TestModuleURL(t *testing.T) {
	t.Parallel()
	env := config.Fixed(map[string]string{"CATALOG_URL": "http://catalog:8080/", "ORDERS_URL": "orders:8080"})
	if got, err := config.ModuleURL(env, "catalog"); err != nil || got != "http://catalog:8080" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := config.ModuleURL(env, "orders"); err == nil {
		t.Error("an address without a scheme was accepted")
	}
}
