package shop

import (
	"database/sql"
	"maps"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"app/platform/config"
)

// Database opens a module's database for the rest of the test, past the module, as its
// administrator could.
func (s *Shop) Database(t testing.TB, module string) *sql.DB {
	t.Helper()
	db, err := s.database(module)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // its errors were those of the statements
	return db
}

func (s *Shop) database(module string) (*sql.DB, error) {
	location, remote := s.Databases[module]
	if !remote {
		return sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.Join(s.Dir, module+".db")}).EscapedPath()+"?_pragma=busy_timeout(5000)")
	}
	u, err := url.Parse(location)
	if err != nil {
		return nil, err
	}
	c := mysql.NewConfig()
	c.Net, c.Addr, c.DBName, c.User = "tcp", u.Host, strings.TrimPrefix(u.Path, "/"), u.User.Username()
	c.Passwd, _ = u.User.Password()
	if socket := u.Query().Get("socket"); socket != "" {
		c.Net, c.Addr = "unix", socket
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// Replica starts another process of a module, which nobody calls; it hears, and does
// the module's background work.
func (s *Shop) Replica(t testing.TB, module string) *Part {
	t.Helper()
	first := s.Part(t, module)
	env := maps.Clone(first.Env)
	env["HTTP_ADDR"] = FreeAddress(t)
	delete(env, config.ModuleVariable(module, "URL"))
	p := NewPart(module+" again", first.Binary, filepath.Join(s.Dir, module+"-again.log"), first.Args, env)
	s.Parts = append(s.Parts, p)
	p.Start(t)
	p.AwaitReady(t)
	return p
}
