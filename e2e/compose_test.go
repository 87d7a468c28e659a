//go:build compose

package e2e_test

import (
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"app/e2e/invariants"
	"app/e2e/shop"
	"app/platform/config"
)

// Where deploy/test.sh has published the containers: the gateway, the database server, and a module that nobody but the
// gateway should be able to use.
const (
	composeShop   = "SOUK_COMPOSE"         // http://127.0.0.1:32768
	composeMySQL  = "SOUK_COMPOSE_MYSQL"   // 127.0.0.1:32769
	composeModule = "SOUK_COMPOSE_CATALOG" // http://127.0.0.1:32770
)

// The shop of compose.yaml, a container for each module on MySQL, is the same shop: `make test-compose`.
func TestCompose(t *testing.T) {
	t.Parallel()
	if setting(t, composeShop) == "" {
		t.Fatal("there are no containers to test: `make test-compose` starts them")
	}
	s := &shop.Shop{Client: &shop.Client{Base: setting(t, composeShop)}, Databases: composeDatabases(t)}
	for name, scenario := range map[string]func(*testing.T, *shop.Shop){
		"register to receipt": registerToReceipt,
		"payment outcomes":    paymentOutcomes,
		"cancel and refund":   cancelAndRefund,
		"the README's walk":   walk,
		"a module's account reaches its own schema and no other": ownSchemaOnly,
		"a module refuses what does not come from another":       onlyThroughTheGateway,
		"a container that is down delays only its own part":      oneContainerDown,
	} {
		t.Run(name, func(t *testing.T) { scenario(t, s) })
	}
}

func setting(t *testing.T, name string) string {
	t.Helper()
	return must(config.Process().Get(name))(t)
}

// composeDatabases are the addresses that the modules got, as they are from outside of the containers.
func composeDatabases(t *testing.T) map[string]string {
	t.Helper()
	addresses := map[string]string{}
	for _, module := range invariants.Modules {
		raw := must(os.ReadFile(filepath.Join(shop.Root(), "deploy", "secrets", module+"_database_url")))(t)
		u := must(url.Parse(strings.TrimSpace(string(raw))))(t)
		u.Host = setting(t, composeMySQL)
		addresses[module] = u.String()
	}
	return addresses
}

func ownSchemaOnly(t *testing.T, s *shop.Shop) {
	dbs := must(invariants.Open("", s.Databases))(t)
	defer func() { _ = dbs.Close() }()
	for module, db := range dbs {
		for _, other := range invariants.Modules {
			var n int
			err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+other+".events_outbox").Scan(&n)
			if other == module && err != nil || other != module && !denied(err) {
				t.Errorf("%s asks the schema of %s: %v", module, other, err)
			}
		}
		refused(t, module, db, "CREATE DATABASE "+module+"_more")
		refused(t, module, db, "CREATE USER friend IDENTIFIED BY 'of mine'")
	}
}

func refused(t *testing.T, module string, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); !denied(err) {
		t.Errorf("%s: %s: %v", module, statement, err)
	}
}

// denied tells whether the server refused a statement for want of a right.
func denied(err error) bool {
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Number {
	case 1044, 1142, 1227: // to a schema, to a table, to do something to the server
		return true
	}
	return false
}

func onlyThroughTheGateway(t *testing.T, s *shop.Shop) {
	direct := &shop.Client{Base: setting(t, composeModule)}
	if err := s.Call(t.Context(), http.StatusOK, http.MethodGet, "/v1/products", nil, nil); err != nil {
		t.Errorf("through the gateway: %v", err)
	}
	for _, call := range []struct{ method, path string }{
		{http.MethodGet, "/v1/products"},
		{http.MethodPost, "/rpc/souk.catalog.v1.Catalog/Reserve"},
		{http.MethodPost, "/rpc/souk.platform.events.v1.Delivery/Deliver"},
	} {
		reply := must(direct.Do(t.Context(), call.method, call.path, struct{}{}, shop.Header("Souk-Assertion", "made up")))(t)
		if reply.Status != http.StatusUnauthorized {
			t.Errorf("%s %s of catalog itself: %d %s", call.method, call.path, reply.Status, reply.Body)
		}
	}
}

// A killed container keeps nobody from buying; what waited for it is done when it is back.
func oneContainerDown(t *testing.T, s *shop.Shop) {
	st := openStand(t, s, "containers", 700, 20)
	var acknowledged []invariants.Acknowledged
	for service, meanwhile := range map[string]string{"emails": "paid", "payments": "pending_payment", "rabbitmq": "pending_payment"} {
		compose(t, "kill", service)
		guest, order := buy(t, s.Client, st.product.ID, 1, service+"-down@example.com", "test_ok", "order-while-down-"+service)
		if order, err := guest.AwaitOrder(t.Context(), order.ID, meanwhile); err != nil {
			t.Errorf("without %s: %v, payment %s", service, err, order.Payment.Status)
		}
		compose(t, "start", service)
		if _, err := guest.AwaitOrder(t.Context(), order.ID, "paid"); err != nil {
			t.Errorf("after %s is back: %v", service, err)
		}
		must(s.AwaitLetter(t.Context(), service+"-down@example.com", regexp.MustCompile("Receipt for order "+order.ID)))(t)
		acknowledged = append(acknowledged, invariants.Acknowledged{OrderID: order.ID, Key: "order-while-down-" + service})
	}
	settled(t, s, acknowledged...)
}

// compose does something with the containers under test, which COMPOSE_PROJECT_NAME names.
func compose(t *testing.T, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "docker", append([]string{"compose"}, args...)...)
	command.Dir = shop.Root()
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("docker compose %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
