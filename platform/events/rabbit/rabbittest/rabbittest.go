// Package rabbittest gives tests a real RabbitMQ.
package rabbittest

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
)

// serverVariable names a server to use instead of a private one, as the address of its
// management plugin with an administrator's name and password:
// "http://guest:guest@127.0.0.1:15672".
const serverVariable = "SOUK_TEST_RABBITMQ"

// errNotInstalled tells that there is nothing to start.
var errNotInstalled = errors.New("rabbitmq-server and epmd are not installed")

// URL gives the amqp:// address of an empty virtual host, removed when the test ends.
// The server is the one in SOUK_TEST_RABBITMQ, else a private one that the tests of the
// process share and that ends with it, however the process ends. With neither, the test
// is skipped; where the variable CI is set it fails instead.
func URL(t testing.TB) string {
	t.Helper()
	broker, err := shared()
	requireServer(t, err)
	location, err := broker.newHost(t)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

// Start gives a private server that the test may kill and start again; it ends with the
// test. What URL says about missing servers holds here too, but SOUK_TEST_RABBITMQ is
// of no help: a server of somebody else is not killed.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := startServer()
	if errors.Is(err, errNotInstalled) && env(serverVariable) != "" {
		t.Skipf("NOT TESTED: a server of the test's own is needed: %v", err)
	}
	requireServer(t, err)
	t.Cleanup(s.stopAndRemove)
	return s
}

func requireServer(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, errNotInstalled) && env("CI") == "" {
		t.Skipf("NOT TESTED ON RABBITMQ: neither is %s set, and %v", serverVariable, err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func env(name string) string {
	return os.Getenv(name) //nolint:forbidigo // a test's own switch
}

// shared is the server of the tests that share one.
var shared = sync.OnceValues(func() (*administrator, error) {
	if given := env(serverVariable); given != "" {
		return newAdministrator(given)
	}
	s, err := startServer()
	if err != nil {
		return nil, err
	}
	private = s
	return s.adminClient(), nil
})

// private is the server that the tests share, nil for a given one. It would end if the
// collector closed its keeper's input.
var private *Server

// newHost makes a virtual host for the life of the test.
func (a *administrator) newHost(t testing.TB) (string, error) {
	var random [6]byte
	_, _ = rand.Read(random[:])
	name := "souk-test-" + hex.EncodeToString(random[:])
	t.Cleanup(func() { _ = a.doRequest("DELETE", "/api/vhosts/"+name, "", nil) })
	if err := a.doRequest("PUT", "/api/vhosts/"+name, "{}", nil); err != nil {
		return "", fmt.Errorf("make a virtual host: %w", err)
	}
	rights := `{"configure": ".*", "write": ".*", "read": ".*"}`
	if err := a.doRequest("PUT", "/api/permissions/"+name+"/"+url.PathEscape(a.base.User.Username()), rights, nil); err != nil {
		return "", fmt.Errorf("make a virtual host: %w", err)
	}
	return strings.TrimSuffix(a.amqp, "/") + "/" + name, nil
}

// Import has the server that URL uses take definitions as an administrator would
// (rabbitmq.com/docs/definitions). The accounts named are removed when the test ends.
func Import(t testing.TB, definitions []byte, accounts ...string) {
	t.Helper()
	broker, err := shared()
	requireServer(t, err)
	t.Cleanup(func() {
		for _, name := range accounts {
			_ = broker.doRequest("DELETE", "/api/users/"+url.PathEscape(name), "", nil)
		}
	})
	if err := broker.doRequest("POST", "/api/definitions", string(definitions), nil); err != nil {
		t.Fatal(err)
	}
}
