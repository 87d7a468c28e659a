package invariants

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-sql-driver/mysql"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Modules are the modules with a database.
var Modules = []string{"users", "merchants", "catalog", "orders", "payments", "emails"}

// Open opens the databases of all modules for reading: those of the URLs by module, as
// in <MODULE>_DATABASE_URL, and the files in the data folder for the rest.
func Open(dataDir string, urls map[string]string) (Databases, error) {
	dbs := Databases{}
	for _, module := range Modules {
		db, err := open(dataDir, module, urls[module])
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open the database of %s: %w", module, err), dbs.Close())
		}
		dbs[module] = db
	}
	return dbs, nil
}

// Close closes them all.
func (d Databases) Close() error {
	var errs []error
	for _, db := range d {
		errs = append(errs, db.Close())
	}
	return errors.Join(errs...)
}

func open(dataDir, module, address string) (*sql.DB, error) {
	if strings.HasPrefix(address, "mysql://") {
		return openMySQL(address)
	}
	path := strings.TrimPrefix(strings.TrimPrefix(address, "sqlite://"), "sqlite:")
	if path == "" {
		path = filepath.Join(dataDir, module+".db")
	}
	if _, err := os.Stat(path); err != nil { // SQLite would make an empty one
		return nil, err
	}
	return sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=query_only(1)&_pragma=busy_timeout(5000)")
}

func openMySQL(address string) (*sql.DB, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("not a mysql:// URL")
	}
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.DBName = "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	if socket := u.Query().Get("socket"); socket != "" {
		cfg.Net, cfg.Addr = "unix", socket
	}
	cfg.User = u.User.Username()
	cfg.Passwd, _ = u.User.Password()
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}
