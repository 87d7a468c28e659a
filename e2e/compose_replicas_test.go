//go:build compose

package e2e_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"app/e2e/harness/shop"
)

// Replicas that are added get their share of the requests, and those that are taken
// away are not missed.
func moreReplicas(t *testing.T, s *shop.Shop) {
	st := openStand(t, s, "replicas", 700, 100_000)
	l := startLoad(t, s, "replicas", st.product.ID)
	l.goesOn(t)
	scale(t, 3)
	var replicas []*shop.Client
	for i := range 3 {
		replicas = append(replicas, &shop.Client{Base: "http://" + compose(t, "port", "--index", strconv.Itoa(i+1), "catalog", "9090")})
	}
	within(t, time.Minute, func() error {
		for i, replica := range replicas {
			if n, err := requestsOf(t, replica); err != nil || n < 10 {
				return fmt.Errorf("replica %d has answered %v requests, %w", i+1, n, err)
			}
		}
		return nil
	})
	scale(t, 1)
	l.goesOn(t)
	settled(t, s, l.stop(t)...)
}

func scale(t *testing.T, n int) {
	t.Helper()
	compose(t, "up", "-d", "--no-build", "--no-deps", "--no-recreate", "--scale", fmt.Sprintf("catalog=%d", n), "catalog")
}

// requestsOf reads from a process's metrics how many requests it has answered.
func requestsOf(t *testing.T, admin *shop.Client) (n float64, err error) {
	t.Helper()
	reply, err := admin.Do(t.Context(), http.MethodGet, "/metrics", nil)
	if err != nil {
		return 0, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(reply.Body)); lines.Scan(); {
		if name, value, _ := strings.Cut(lines.Text(), " "); strings.HasPrefix(name, "souk_http_requests_total") {
			one, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0, err
			}
			n += one
		}
	}
	return n, nil
}

// The shop in one container shares the databases with the containers that are there, as
// replicas do.
func monolith(t *testing.T, s *shop.Shop) {
	compose(t, "--profile", "monolith", "up", "-d", "--no-build", "--no-deps", "monolith")
	one := &shop.Shop{Client: &shop.Client{Base: setting(t, composeMonolith)}, Databases: s.Databases}
	within(t, time.Minute, func() error {
		return one.Call(t.Context(), http.StatusOK, http.MethodGet, "/ready", nil, nil)
	})
	here := purchase(t, one, "monolith")
	there := purchase(t, s, "beside-the-monolith")
	settled(t, s, here, there)
	compose(t, "--profile", "monolith", "rm", "--stop", "--force", "monolith")
}

// Each module's tables are on the server that it got, and nobody else's are.
func TestComposeDatabasePerServer(t *testing.T) {
	t.Parallel()
	walk(t, &shop.Shop{Client: &shop.Client{Base: setting(t, composeShop)}})
	for _, module := range []string{"users", "merchants", "catalog", "payments", "orders", "emails"} {
		out := compose(t, "exec", "-T", "mysql-"+module, "sh", "-c",
			`mysql -uroot -p"$(cat /run/secrets/mysql_root_password)" -N -e "SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_name = 'schema_migrations'"`)
		if out != module {
			t.Errorf("the server of %s has the schemas %q", module, strings.Fields(out))
		}
	}
}
