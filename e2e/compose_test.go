//go:build compose

package e2e_test

import (
	"bytes"
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

	"app/e2e/harness/invariants"
	"app/e2e/harness/shop"
	"app/platform/config"
)

// Where deploy/test.sh has put the containers: the gateway, the shop in one container,
// and the database server.
const (
	composeShop     = "SOUK_COMPOSE"          // http://127.0.0.1:20001
	composeMonolith = "SOUK_COMPOSE_MONOLITH" // http://127.0.0.1:20002
	composeMySQL    = "SOUK_COMPOSE_MYSQL"    // 127.0.0.1:20003
	composeImage    = "SOUK_IMAGE"            // souk
)

// The shop of compose.yaml, a container for each module on MySQL and RabbitMQ, is the
// same shop, and stays one while parts of it die, are added, and are replaced: `make
// test-compose`.
func TestCompose(t *testing.T) {
	t.Parallel()
	s := &shop.Shop{Client: &shop.Client{Base: setting(t, composeShop)}, Databases: composeDatabases(t)}
	for _, step := range []struct {
		name string
		run  func(*testing.T, *shop.Shop)
	}{
		{"image and containers are as they should be", imageAndContainers},
		{"register to receipt", registerToReceipt},
		{"payment outcomes", paymentOutcomes},
		{"cancel and refund", cancelAndRefund},
		{"the README's walk", walk},
		{"a module's account reaches its own schema and no other", ownSchemaOnly},
		{"a module refuses what does not come from another", onlyThroughTheGateway},
		{"a container that is down delays only its own part", oneContainerDown},
		{"a module that comes back is used", moduleComesBack},
		{"the database is killed under load", databaseKilled},
		{"the database stands still under load", databasePaused},
		{"more replicas get their share", moreReplicas},
		{"one container on the same databases", monolith},
		{"upgrade", upgrade}, // last: it leaves other containers behind
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, s) }) {
			t.Logf("%s failed", step.name)
		}
	}
}

// setting reads what deploy/test.sh has said.
func setting(t *testing.T, name string) string {
	t.Helper()
	value := must(config.Process().Get(name))(t)
	if value == "" {
		t.Fatalf("no %s: `make test-compose` starts the containers and says where they are", name)
	}
	return value
}

// composeDatabases are the addresses that the modules got, as they are from outside of
// the containers.
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

// denied reports whether the server refused a statement for want of a right.
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
	direct := &shop.Client{Base: "http://" + compose(t, "port", "catalog", "8080")}
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

// compose does something with the containers under test, which the environment names,
// and gives what it said.
func compose(t *testing.T, args ...string) string {
	t.Helper()
	return composeWith(t, setting(t, composeImage), args...)
}

// composeWith is compose with another image for the modules.
func composeWith(t *testing.T, image string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "docker", append([]string{"compose"}, args...)...)
	command.Dir = shop.Root()
	command.Env = append(os.Environ(), composeImage+"="+image) //nolint:forbidigo // it names the containers, and where Docker is
	var said bytes.Buffer
	command.Stderr = &said
	out, err := command.Output()
	if err != nil {
		t.Fatalf("docker compose %s: %v\n%s%s", strings.Join(args, " "), err, out, &said)
	}
	return strings.TrimSpace(string(out))
}

// purchase is a stand, an order, and its receipt, under names that nobody else uses.
func purchase(t *testing.T, s *shop.Shop, name string) invariants.Acknowledged {
	t.Helper()
	st := openStand(t, s, name, 1200, 5)
	guest, order := buy(t, s.Client, st.product.ID, 2, name+"-guest@example.com", "test_ok", "purchase-"+name)
	must(guest.AwaitOrder(t.Context(), order.ID, "paid"))(t)
	must(s.AwaitLetter(t.Context(), name+"-guest@example.com", regexp.MustCompile("Receipt for order "+order.ID)))(t)
	return invariants.Acknowledged{OrderID: order.ID, Key: "purchase-" + name}
}
