package database

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"app/platform/database/internal/mysql"
)

// Location is where a database lives.
type Location struct {
	Engine Engine
	// Path is the file of a SQLite database.
	Path string
	// Host is "host:port" of a MySQL server, Schema the database on it.
	Host, Schema string
	// Query holds the parameters of a MySQL location.
	Query url.Values

	hostname, user, password string
	pool                     mysql.Pool
}

// server is a MySQL location as the engine wants it.
func (l Location) server() mysql.Server {
	return mysql.Server{
		Name: l.String(), Host: l.hostname, Address: l.Host, Socket: l.Query.Get("socket"), Schema: l.Schema,
		User: l.user, Password: l.password, TLS: l.Query.Get("tls"), CA: l.Query.Get("ca"), Pool: l.pool,
	}
}

// String names the location without its password, for logs and errors.
func (l Location) String() string {
	if l.Engine == SQLite {
		return l.Path
	}
	return "mysql://" + l.user + "@" + l.Host + "/" + l.Schema
}

// Unverified says in a sentence what a location's parameters leave unchecked, "" when
// nothing is.
func (l Location) Unverified() string {
	switch mode := l.Query.Get("tls"); mode {
	case "preferred":
		return "tls=preferred: encrypted only if the server offers it, and with whoever answers; tls=true verifies the server"
	case "skip-verify":
		return "tls=skip-verify: encrypted with whoever answers; tls=true verifies the server"
	}
	return ""
}

// ParseURL reads the form of a location that Options.URL describes. An empty raw is the
// file <dataDir>/<module>.db. Parameters of a MySQL location: tls=true (verify the
// server), tls=skip-verify, tls=preferred or tls=false (the default); ca=/path.pem
// (verify against this authority instead of the system's); socket=/path (instead of the
// host). The pools: conns=16 connections for writing and as many for reading, closed
// after idle=1m without work and after lifetime=3m in any case, before the server's or
// a proxy's own limits do so. No error shows the location, because it may hold a
// password.
func ParseURL(raw, dataDir, module string) (Location, error) {
	if raw == "" {
		return Location{Engine: SQLite, Path: filepath.Join(dataDir, module+".db")}, nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		return Location{}, fmt.Errorf("database location of %s is not a URL", module)
	}
	switch u.Scheme {
	case "sqlite":
		return sqliteLocation(u, module)
	case "mysql":
		return mysqlLocation(u, module)
	}
	return Location{}, fmt.Errorf("database location of %s must start with sqlite: or mysql:, not %q", module, u.Scheme)
}

func sqliteLocation(u *url.URL, module string) (Location, error) {
	path, err := url.PathUnescape(u.Opaque)
	if path == "" {
		path = u.Path
	}
	if err == nil && (u.RawQuery != "" || u.Fragment != "") {
		return Location{}, fmt.Errorf("database location of %s: write %%23 for # and %%3F for ? in the name of a file", module) // else it ended there
	}
	if err != nil || u.Host != "" || path == "" {
		return Location{}, fmt.Errorf("database location of %s must look like sqlite:///absolute/path.db or sqlite:relative/path.db", module)
	}
	return Location{Engine: SQLite, Path: path}, nil
}

func mysqlLocation(u *url.URL, module string) (Location, error) {
	l := Location{Engine: MySQL, Host: u.Host, Schema: strings.Trim(u.Path, "/"), Query: u.Query()}
	l.hostname, l.user = u.Hostname(), u.User.Username()
	l.password, _ = u.User.Password()
	if u.Port() == "" {
		l.Host += ":3306"
	}
	err := checkMySQL(l)
	if err == nil {
		l.pool, err = poolOf(l.Query)
	}
	if err != nil {
		return Location{}, fmt.Errorf("database location of %s: %w", module, err)
	}
	return l, nil
}

func checkMySQL(l Location) error {
	if l.Schema == "" || strings.Contains(l.Schema, "/") {
		return errors.New("must name a schema, as in mysql://user:password@host:3306/orders")
	}
	if l.hostname == "" && l.Query.Get("socket") == "" {
		return errors.New("must name a host or a socket")
	}
	for name := range l.Query {
		if !slices.Contains(parameters, name) {
			return fmt.Errorf("unknown parameter %q (known: %s)", name, strings.Join(parameters, ", "))
		}
	}
	return nil
}

var parameters = []string{"tls", "ca", "socket", "conns", "lifetime", "idle"}

// poolOf reads the parameters of the pools.
func poolOf(query url.Values) (size mysql.Pool, err error) {
	if raw := query.Get("conns"); raw != "" {
		if size.Conns, err = strconv.Atoi(raw); err != nil || size.Conns < 1 {
			return size, fmt.Errorf("conns=%q is not a number above 0", raw)
		}
	}
	for name, value := range map[string]*time.Duration{"lifetime": &size.Lifetime, "idle": &size.Idle} {
		raw := query.Get(name)
		if raw == "" {
			continue
		}
		if *value, err = time.ParseDuration(raw); err != nil || *value <= 0 {
			return size, fmt.Errorf("%s=%q is not a time above 0, as in 90s", name, raw)
		}
	}
	return size, nil
}
