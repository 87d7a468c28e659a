package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"app/e2e/harness/process"
	"app/platform/freeport"
)

// mariaDB is a private server on a loopback port, with one schema and the account that
// owns it, both of the same name.
type mariaDB struct {
	*process.Process
	db                *sql.DB // as that account
	host, port        string
	account, password string
	settings          map[string]float64 // see readMariaDB
}

// startMariaDB starts a server on an empty folder, on one core, and makes its schema
// with a statement. It refuses a server that would not flush every commit to the disk.
func (b *bench) startMariaDB(ctx context.Context, core, schema string) (m *mariaDB, err error) {
	folder, err := os.MkdirTemp(b.work, "mariadb-")
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	address, err := freeport.Address()
	if err != nil {
		return nil, err
	}
	m = &mariaDB{account: "guide", password: rand.Text()}
	m.host, m.port, _ = net.SplitHostPort(address) // of a listener's address: cannot fail
	args, err := m.install(ctx, folder)
	if err != nil {
		return nil, err
	}
	program, err := findServer("mariadbd")
	if err != nil {
		return nil, err
	}
	if m.Process, err = process.Start(ctx, process.Options{Program: program, Args: args, Dir: folder, Core: core}); err != nil {
		return nil, err //nolint:wrapcheck // names the program
	}
	if err = m.open(ctx, address, schema); err == nil {
		err = b.hold(overMariaDB, m.settings)
	}
	if err != nil {
		return nil, errors.Join(err, m.close())
	}
	return m, nil
}

// install makes the data folder and returns the arguments of the server. What is not
// named has the server's default, but for the name of a caller's machine, which nobody
// asks for.
func (m *mariaDB) install(ctx context.Context, folder string) ([]string, error) {
	program, err := findServer("mariadb-install-db")
	if err != nil {
		return nil, err
	}
	me, err := user.Current()
	if err != nil {
		return nil, fmt.Errorf("find the own account: %w", err)
	}
	common := []string{"--no-defaults", "--user=" + me.Username, "--datadir=" + filepath.Join(folder, "data")}
	if said, err := exec.CommandContext(ctx, program, append(common, "--skip-test-db")...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("mariadb-install-db: %w: %s", err, said)
	}
	first := filepath.Join(folder, "first.sql")
	statements := strings.NewReplacer("@account@", m.account, "@password@", m.password).Replace(
		"CREATE DATABASE @account@ CHARACTER SET utf8mb4;\nCREATE USER @account@ IDENTIFIED BY '@password@';\nGRANT ALL ON @account@.* TO @account@;\n")
	if err := os.WriteFile(first, []byte(statements), 0o600); err != nil {
		return nil, fmt.Errorf("write statements: %w", err)
	}
	return append(common, "--init-file="+first, "--socket=socket", "--bind-address="+m.host, "--port="+m.port, // the socket is in the data folder
		"--skip-name-resolve", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=1", "--max-connections=500"), nil
}

// open connects, makes the schema and reads the settings back.
func (m *mariaDB) open(ctx context.Context, address, schema string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := m.AwaitPort(ctx, address); err != nil {
		return err //nolint:wrapcheck // names the address
	}
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.Passwd, c.DBName = "tcp", address, m.account, m.password, m.account
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return fmt.Errorf("connect to MariaDB: %w", err)
	}
	m.db = sql.OpenDB(connector)
	if _, err := m.db.ExecContext(ctx, schema); err != nil {
		return fmt.Errorf("make schema: %w", err)
	}
	m.settings, err = readMariaDB(ctx, m.db)
	return err
}

// close disconnects and stops the server.
func (m *mariaDB) close() (err error) {
	if m.db != nil {
		err = m.db.Close()
	}
	return errors.Join(err, m.Stop())
}
