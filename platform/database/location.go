package database

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
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
}

// String names the location without its password, for logs and errors.
func (l Location) String() string {
	if l.Engine == SQLite {
		return l.Path
	}
	return "mysql://" + l.user + "@" + l.Host + "/" + l.Schema
}

// ParseURL reads the form of a location that Options.URL describes. An empty raw is the file <dataDir>/<module>.db.
// Parameters of a MySQL location: tls=true (verify the server), tls=skip-verify, tls=preferred or tls=false (the
// default); ca=/path.pem (verify against this authority instead of the system's); socket=/path (instead of the
// host). No error shows the location, because it may hold a password.
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
	if err := checkMySQL(l); err != nil {
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
		if name != "tls" && name != "ca" && name != "socket" {
			return fmt.Errorf("unknown parameter %q (known: tls, ca, socket)", name)
		}
	}
	return nil
}
