package host_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/platform/config"
	"app/platform/host"
	"app/platform/host/plan"
	"app/platform/host/setup"
	"app/platform/internal/demo"
	"app/platform/lifecycle"
)

func TestNewReportsEverythingMissingAtOnce(t *testing.T) {
	t.Parallel()
	const noKey = "INTERNAL_KEY is not set: the processes of the shop sign what they ask of each other with a key that they all have, 32 random bytes at least"
	cases := map[string]struct {
		hosted    string
		variables map[string]string
		want      []string
	}{
		"the shop alone": {"shop", nil, []string{
			"BANK_URL is not set: bank is not hosted here and shop calls it, it hears shop.Sold", noKey,
		}},
		"the door alone": {"door", nil, []string{
			"BANK_URL is not set: bank is not hosted here and door passes requests on to it",
			"SHOP_URL is not set: shop is not hosted here and door passes requests on to it",
			noKey,
		}},
		"the bank alone needs nobody": {"bank", map[string]string{"INTERNAL_KEY": sharedKey}, nil},
		"modules behind a gateway that others need": {"bank,door", map[string]string{"INTERNAL_KEY": sharedKey, "SHOP_URL": "http://shop"}, []string{
			"INTERNAL_ADDR is not set: it is where shop, not hosted here, reach the modules behind the gateway",
		}},
		"an address that is none": {"shop", map[string]string{"INTERNAL_KEY": sharedKey, "BANK_URL": "bank:8080"}, []string{
			"BANK_URL: not a URL that begins with http:// or https://",
		}},
		"configuration of modules elsewhere is not read": {
			"shop", map[string]string{"INTERNAL_KEY": sharedKey, "BANK_URL": "http://bank", "BANK_LIMIT": "lots"}, nil,
		},
		"all mistakes in the configuration of modules here": {"all", map[string]string{"BANK_LIMIT": "lots", "BANK_INTEREST": "often", "SHOP_DATABASE_URL": "oracle://x"}, []string{
			`database location of shop must start with sqlite: or mysql:, not "oracle"`,
			`BANK_INTEREST="often": not a duration such as "30s" or "15m"`,
			`BANK_LIMIT="lots": not a whole number`,
		}},
		"a value that the module refuses": {"all", map[string]string{"BANK_LIMIT": "-1"}, []string{"BANK_LIMIT: must be positive"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := host.New(t.Context(), options(t, demo.All(), c.hosted, c.variables))
			if diff := cmp.Diff(c.want, config.Problems(err)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			var mistake *setup.Error
			if err != nil && !errors.As(err, &mistake) {
				t.Errorf("%T is not a setup.Error", err)
			}
		})
	}
}

func TestNewTouchesNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := host.New(t.Context(), options(t, demo.All(), "all", map[string]string{"DATA_DIR": dir})); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the data folder was made: %v", err)
	}
}

// backwards is a caller that is listed before its callee.
func TestCallsMustPointDownTheList(t *testing.T) {
	t.Parallel()
	bank, shop, _ := demo.Modules()
	_, err := host.New(t.Context(), options(t, []lifecycle.Module{shop, bank}, "all", nil))
	if err == nil || !strings.Contains(err.Error(), "shop calls bank, which is not listed before it") {
		t.Errorf("got %v", err)
	}
}

// A subscription to what nobody emits is a mistake in the program.
func TestHearingWhatNobodyEmits(t *testing.T) {
	t.Parallel()
	bank, _, _ := demo.Modules()
	_, err := host.New(t.Context(), options(t, []lifecycle.Module{bank}, "all", nil))
	if err == nil || err.Error() != "bank subscribes to shop.Sold, which no module emits" {
		t.Errorf("got %v", err)
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	process, err := host.Examine(options(t, demo.All(), "shop", map[string]string{"BANK_URL": "http://bank:8080/", "SHOP_DATABASE_URL": "mysql://shop:secret@db/shop"}))
	if err != nil {
		t.Fatal(err)
	}
	shop, _ := process.Module("shop")
	if diff := cmp.Diff([]plan.Edge{{To: "bank", Service: "souk.bank.v1.Bank", URL: "http://bank:8080"}}, shop.Calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if want := "mysql://shop@db:3306/shop"; shop.Database != want {
		t.Errorf("database is shown as %q, want %q", shop.Database, want)
	}
	bank, _ := process.Module("bank")
	if diff := cmp.Diff([]plan.Subscription{{Consumer: "bank.credit", Type: "shop.Sold", From: "shop"}}, bank.Subscriptions); diff != "" {
		t.Errorf("subscriptions (-want +got):\n%s", diff)
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		all          bool
		only, except []string
		want         []string
		err          string
	}{
		"all":                      {all: true, want: []string{"bank", "shop", "door"}},
		"some, in order":           {only: []string{"shop,bank"}, want: []string{"bank", "shop"}},
		"some, given twice":        {only: []string{"shop", "bank"}, want: []string{"bank", "shop"}},
		"all but one":              {except: []string{"shop"}, want: []string{"bank", "door"}},
		"an unknown name":          {only: []string{"shpo"}, err: `there is no module "shpo": the modules are bank, shop, door`},
		"an unknown exception":     {except: []string{"shpo"}, err: `there is no module "shpo": the modules are bank, shop, door`},
		"nothing":                  {err: "nothing to serve: give --all, or --module with some of bank, shop, door, or --except"},
		"all and some":             {all: true, only: []string{"shop"}, err: "choose one of --all, --module and --except"},
		"everything but all of it": {except: []string{"bank,shop,door"}, err: "--except leaves no module to serve"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := host.Select(demo.All(), c.all, c.only, c.except)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("modules (-want +got):\n%s", diff)
			}
			if text := strings.Join(config.Problems(err), "\n"); text != c.err {
				t.Errorf("error %q, want %q", text, c.err)
			}
		})
	}
}
