package host_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"app/platform/config"
	"app/platform/events/rabbit/rabbittest"
	"app/platform/host"
	"app/platform/internal/demo"
	"app/platform/lifecycle"
)

const sharedKey = "a key of the tests that is long enough"

// options are those of a process on free ports with a data folder of its own.
func options(t *testing.T, modules []lifecycle.Module, hosted string, variables map[string]string) host.Options {
	t.Helper()
	environment := map[string]string{
		"HTTP_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0", "DATA_DIR": t.TempDir(), "LOG_LEVEL": "error", "SHUTDOWN_TIMEOUT": "5s",
	}
	maps.Copy(environment, variables)
	o := host.Options{Modules: modules, Environment: config.Fixed(environment), LogTo: t.Output()}
	for _, m := range modules {
		if hosted == "all" || strings.Contains(","+hosted+",", ","+m.Name()+",") {
			o.Hosted = append(o.Hosted, m.Name())
		}
	}
	return o
}

// start runs a process until the end of the test.
func start(t *testing.T, o host.Options) *host.Host {
	t.Helper()
	h, err := host.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return h
}

func listener(t *testing.T) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func urlOf(l net.Listener) string { return "http://" + l.Addr().String() }

// call makes a request and returns the status and the body.
func call(t *testing.T, method, url, body string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data)
}

func decode[T any](t *testing.T, body string) (out T) {
	t.Helper()
	if err := json.NewDecoder(bytes.NewReader([]byte(body))).Decode(&out); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return out
}

// eventually tries until the check passes, for a minute at most: other tests are
// running.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-tick.C:
		}
	}
}

type account struct {
	Amount int64  `json:"amount"`
	UserID string `json:"user_id"`
	Caller string `json:"caller"`
}

type sale struct {
	ID     string `json:"id"`
	Caller string `json:"caller"`
}

// arrangements put the demo shop together in every way and give the base address of its
// public API.
func arrangements() map[string]func(t *testing.T) string {
	return map[string]func(t *testing.T) string{
		"one process": func(t *testing.T) string {
			return start(t, options(t, demo.All(), "all", nil)).URL()
		},
		"one process over rpc with everything twice": func(t *testing.T) string {
			o := options(t, demo.All(), "all", nil)
			o.Split, o.Network.Duplicate = o.Hosted, 1
			return start(t, o).URL()
		},
		"one process over rpc and a broker": func(t *testing.T) string {
			o := options(t, demo.All(), "all", map[string]string{"BROKER_URL": rabbittest.URL(t)})
			o.Split, o.Network.Duplicate = o.Hosted, 1
			return start(t, o).URL()
		},
		"the bank elsewhere, with a broker": func(t *testing.T) string {
			broker := rabbittest.URL(t)
			bank := options(t, demo.All(), "bank", map[string]string{"INTERNAL_KEY": sharedKey, "BROKER_URL": broker})
			bank.Listener = listener(t)
			start(t, bank)
			return start(t, options(t, demo.All(), "shop,door", map[string]string{
				"INTERNAL_KEY": sharedKey, "BANK_URL": urlOf(bank.Listener), "BROKER_URL": broker,
			})).URL()
		},
		"the bank elsewhere": func(t *testing.T) string {
			bank := options(t, demo.All(), "bank", map[string]string{"INTERNAL_KEY": sharedKey})
			bank.Listener = listener(t)
			start(t, bank)
			return start(t, options(t, demo.All(), "shop,door", map[string]string{
				"INTERNAL_KEY": sharedKey, "BANK_URL": urlOf(bank.Listener),
			})).URL()
		},
		"the shop elsewhere": func(t *testing.T) string {
			front := options(t, demo.All(), "bank,door", nil)
			shop := options(t, demo.All(), "shop", nil)
			front.Listener, front.Internal, shop.Listener = listener(t), listener(t), listener(t)
			front.Environment = config.Over(map[string]string{"INTERNAL_KEY": sharedKey, "SHOP_URL": urlOf(shop.Listener)}, front.Environment)
			shop.Environment = config.Over(map[string]string{"INTERNAL_KEY": sharedKey, "BANK_URL": urlOf(front.Internal)}, shop.Environment)
			start(t, front)
			start(t, shop)
			return urlOf(front.Listener)
		},
	}
}

func TestArrangements(t *testing.T) {
	t.Parallel()
	for name, arrange := range arrangements() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := arrange(t)
			for i := range 3 {
				status, body := call(t, http.MethodPost, base+"/v1/sales", `{"account":"acme","amount":7}`, "Demo-User", "usr_1")
				if status != http.StatusCreated {
					t.Fatalf("sale %d: %d %s", i, status, body)
				}
				if got := decode[sale](t, body); got.Caller != "shop" {
					t.Errorf("the bank was called by %q, want shop", got.Caller)
				}
			}
			eventually(t, func() error {
				status, body := call(t, http.MethodGet, base+"/v1/accounts/acme", "", "Demo-User", "usr_1")
				got := decode[account](t, body)
				if want := (account{Amount: 21, UserID: "usr_1", Caller: "door"}); status != http.StatusOK || got != want {
					return fmt.Errorf("account: %d %+v, want %+v", status, got, want)
				}
				return nil
			})
		})
	}
}

func TestProblemsInEveryArrangement(t *testing.T) {
	t.Parallel()
	for name, arrange := range arrangements() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := arrange(t)
			for _, c := range []struct {
				method, path, body string
				status             int
				code               string
			}{
				{http.MethodPost, "/v1/sales", `{"account":"acme","amount":0}`, http.StatusUnprocessableEntity, "validation_failed"},
				{http.MethodPost, "/v1/sales", `{`, http.StatusBadRequest, "malformed_json"},
				{http.MethodGet, "/v1/nothing", "", http.StatusNotFound, "route_not_found"},
				{http.MethodGet, "/rpc/souk.bank.v1.Bank/Balance", "", http.StatusNotFound, "route_not_found"},
			} {
				status, body := call(t, c.method, base+c.path, c.body)
				problem := decode[struct {
					Code      string `json:"code"`
					RequestID string `json:"request_id"`
				}](t, body)
				if status != c.status || problem.Code != c.code || problem.RequestID == "" {
					t.Errorf("%s %s: %d %s, want %d %s", c.method, c.path, status, body, c.status, c.code)
				}
			}
		})
	}
}
