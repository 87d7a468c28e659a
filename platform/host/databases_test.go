package host_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"app/platform/database/dbtest"
	"app/platform/freeport"
	"app/platform/host"
	"app/platform/internal/demo"
)

// grants is what the account of the shop may do on its server.
const grants = "CREATE DATABASE `@module@` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n" +
	"CREATE USER '@module@'@'%' IDENTIFIED BY '@password@';\nGRANT ALL ON `@module@`.* TO '@module@'@'%';"

// A database server that is away takes its module out of service and no other, and
// nobody waits for it.
func TestDatabaseServerIsAway(t *testing.T) {
	t.Parallel()
	server := dbtest.Start(t)
	h := start(t, options(t, demo.All(), "all", map[string]string{"SHOP_DATABASE_URL": server.Account(t, "shop", grants)}))
	base := h.URL()
	for name, c := range map[string]struct{ leave, comeBack func(testing.TB) }{
		"killed":        {server.Kill, server.Restart},
		"not answering": {server.Pause, server.Resume},
	} {
		c.leave(t)
		expectUnavailable(t, base+"/v1/sales")
		if status, body := call(t, http.MethodGet, base+"/v1/accounts/acme", "", "Demo-User", "usr_1"); status != http.StatusOK {
			t.Errorf("%s: the bank, on a database of its own, suffers: %d %s", name, status, body)
		}
		got := readinessOf(t, h.AdminURL())
		for _, m := range got.Modules {
			if away := m.Name == "shop"; m.Ready == away || away && !strings.Contains(m.Reason, "database: ") {
				t.Errorf("%s: %s is ready: %t, reason %q", name, m.Name, m.Ready, m.Reason)
			}
		}
		c.comeBack(t)
		eventually(t, func() error {
			status, body := call(t, http.MethodPost, base+"/v1/sales", `{"account":"acme","amount":7}`, "Demo-User", "usr_1")
			if status != http.StatusCreated || !readinessOf(t, base).Ready {
				return errors.New(name + ": not back: " + body)
			}
			return nil
		})
	}
}

// expectUnavailable expects a sale to be refused, with a hint when to try again.
func expectUnavailable(t *testing.T, url string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(`{"account":"acme","amount":7}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	kind, wait := response.Header.Get("Content-Type"), response.Header.Get("Retry-After")
	if response.StatusCode != http.StatusServiceUnavailable || kind != "application/problem+json" || wait == "" {
		t.Errorf("a sale without a database: %d, %s, Retry-After %q", response.StatusCode, kind, wait)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func readinessOf(t *testing.T, base string) readiness {
	t.Helper()
	_, body := call(t, http.MethodGet, base+"/ready", "")
	return decode[readiness](t, body)
}

// A process that starts before its server waits for it, and says so.
func TestProcessStartsBeforeItsDatabaseServer(t *testing.T) {
	t.Parallel()
	server := dbtest.Start(t)
	o := options(t, demo.All(), "all", map[string]string{"SHOP_DATABASE_URL": server.Account(t, "shop", grants), "ADMIN_ADDR": freeAddress(t)})
	o.Listener = listener(t)
	admin, err := o.Environment.Get("ADMIN_ADDR")
	if err != nil {
		t.Fatal(err)
	}
	server.Kill(t)
	h, err := host.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- h.Run(ctx, func() { close(ready) }) }()
	base := urlOf(o.Listener)
	eventually(t, func() error {
		reply, err := http.Get("http://" + admin + "/ready") // which may not listen yet
		if err != nil {
			return err
		}
		defer reply.Body.Close()
		var got readiness
		if err := json.NewDecoder(reply.Body).Decode(&got); err != nil || got.Ready || !strings.Contains(got.Reason, "waiting: open the database of shop: ") {
			return errors.New("reason " + got.Reason)
		}
		return nil
	})
	if status, body := call(t, http.MethodGet, base+"/ready", ""); status != http.StatusServiceUnavailable || strings.TrimSpace(body) != `{"ready":false}` {
		t.Errorf("TestFault16: outside it says %d %s", status, body)
	}
	expectUnavailable(t, base+"/v1/sales")
	server.Restart(t)
	select {
	case <-ready:
	case err := <-ended:
		t.Fatalf("it ended: %v", err)
	}
	if got := readinessOf(t, base); !got.Ready {
		t.Errorf("with its database it says %q", got.Reason)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
}
