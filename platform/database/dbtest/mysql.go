package dbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// serverVariable names a server to use instead of a private one, as the URL of an
// administrator without a schema: "mysql://root:password@127.0.0.1:3306/".
const serverVariable = "SOUK_TEST_MYSQL"

// errNoServer tells that there is nothing to start.
var errNoServer = errors.New("no MySQL server: neither is " + serverVariable + " set nor are mariadbd and flock installed")

// MySQL gives the location of an empty schema with a user of its own, dropped when the
// test ends. The server is the one in SOUK_TEST_MYSQL, else a private MariaDB that the
// test binaries of a machine share and the last of them ends. With neither, the test is
// skipped; where the variable CI is set it fails instead.
func MySQL(t testing.TB) string {
	t.Helper()
	server, err := server()
	requireServer(t, err)
	location, err := newSchema(t, server)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

// requireServer skips or fails the test that got no server.
func requireServer(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, errNoServer) && os.Getenv("CI") == "" { //nolint:forbidigo // no program has this package
		t.Skipf("NOT TESTED ON MYSQL: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// administrator is a connection that may make schemas, and where it leads.
type administrator struct {
	db       *sql.DB
	location url.URL
}

var server = sync.OnceValues(func() (administrator, error) {
	raw := os.Getenv(serverVariable) //nolint:forbidigo // no program has this package
	if raw == "" {
		socket, err := sharedServer()
		if err != nil {
			return administrator{}, err
		}
		raw = "mysql://root@localhost/?socket=" + url.QueryEscape(socket)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return administrator{}, errors.New(serverVariable + " is not a URL")
	}
	connector, err := mysql.NewConnector(mysqlConfig(*u))
	if err != nil {
		return administrator{}, err
	}
	return administrator{sql.OpenDB(connector), *u}, nil
})

func mysqlConfig(u url.URL) *mysql.Config {
	c := mysql.NewConfig()
	c.User = u.User.Username()
	c.Passwd, _ = u.User.Password()
	c.Net, c.Addr = "tcp", u.Host
	if socket := u.Query().Get("socket"); socket != "" {
		c.Net, c.Addr = "unix", socket
	}
	return c
}

// newSchema makes a schema and a user that may do anything in it and nothing elsewhere.
func newSchema(t testing.TB, server administrator) (string, error) {
	var random [6]byte
	_, _ = rand.Read(random[:])
	name := "t_" + hex.EncodeToString(random[:])
	password := name + "/:@?%" // whoever builds locations must escape it
	undo := []string{"DROP DATABASE IF EXISTS " + name, "DROP USER IF EXISTS " + name}
	t.Cleanup(func() { _ = execStatements(server.db, undo) })
	err := execStatements(server.db, []string{
		"CREATE DATABASE " + name + " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
		"CREATE USER " + name + " IDENTIFIED BY '" + password + "'",
		"GRANT ALL ON " + name + ".* TO " + name,
	})
	if err != nil {
		return "", fmt.Errorf("make schema for the test: %w", err)
	}
	location := server.location
	location.User, location.Path = url.UserPassword(name, password), "/"+name
	return location.String(), nil
}

func execStatements(db *sql.DB, statements []string) error {
	for _, statement := range statements {
		if _, err := db.ExecContext(context.Background(), statement); err != nil {
			return err
		}
	}
	return nil
}
