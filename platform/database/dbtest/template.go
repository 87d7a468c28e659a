package dbtest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"

	"app/platform/database"
	"app/platform/database/migrate"
)

// A schema that was migrated once in this process is made again by its CREATE
// statements: sixty migrations take a server most of a second, the twenty tables that
// they end in a tenth of it. What migrates a schema that is not empty always takes the
// long way.
var templates = struct {
	sync.Mutex
	made map[string]*template
}{made: map[string]*template{}}

type template struct {
	once       sync.Once
	statements []string // none when the schema could not be copied
}

// applyMigrations applies the migrations to a database that was made for one test.
func applyMigrations(t testing.TB, db *database.DB, location string, migrations []fs.FS) {
	t.Helper()
	if db.Engine() == database.MySQL {
		key, err := migrationsDigest(db, migrations)
		if err != nil {
			t.Fatal(err)
		}
		if len(withSchema(t, location, listTables)) == 0 {
			MigrateSchema(t, location, key, func() { migrateByFiles(t, db) })
			return
		}
	}
	migrateByFiles(t, db)
}

func migrateByFiles(t testing.TB, db *database.DB) {
	t.Helper()
	if _, err := migrate.Up(context.Background(), db); err != nil {
		t.Fatal(err)
	}
}

// MigrateSchema migrates the empty schema at a location: by the function the first time
// that this process is given the key, from then on as a copy of what the function made.
func MigrateSchema(t testing.TB, location, key string, migrateUp func()) {
	t.Helper()
	templates.Lock()
	made, ok := templates.made[key]
	if !ok {
		made = &template{}
		templates.made[key] = made
	}
	templates.Unlock()
	first := false
	made.once.Do(func() {
		first = true
		migrateUp()
		made.statements = withSchema(t, location, dumpSchema)
	})
	switch {
	case first:
	case len(made.statements) == 0: // the first test has failed
		migrateUp()
	default:
		withSchema(t, location, func(q *sql.DB) ([]string, error) {
			return nil, execStatements(q, []string{strings.Join(made.statements, ";\n")})
		})
	}
}

// migrationsDigest names what a database is to be migrated to: the ids in their order,
// and all that the files say.
func migrationsDigest(db *database.DB, migrations []fs.FS) (string, error) {
	sum := sha256.New()
	pending, err := migrate.Status(context.Background(), db)
	for _, m := range pending {
		_, _ = fmt.Fprintln(sum, m.ID) // a hash takes everything
	}
	for _, set := range migrations {
		names, globErr := fs.Glob(set, "*")
		err = errors.Join(err, globErr)
		for _, name := range names {
			data, readErr := fs.ReadFile(set, name)
			err = errors.Join(err, readErr)
			_, _ = fmt.Fprintf(sum, "%s %d\n%s", name, len(data), data)
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), err
}

// withSchema runs a function on a connection that takes several statements at once.
func withSchema(t testing.TB, location string, do func(q *sql.DB) ([]string, error)) []string {
	t.Helper()
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	config := mysqlConfig(*u)
	config.DBName, config.MultiStatements = strings.TrimPrefix(u.Path, "/"), true
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	q := sql.OpenDB(connector)
	defer func() { _ = q.Close() }()
	q.SetMaxOpenConns(1)
	out, err := do(q)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func listTables(q *sql.DB) (out []string, err error) {
	rows, err := q.QueryContext(context.Background(), "SHOW TABLES")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		out = append(out, name)
	}
	return out, rows.Err()
}

// dumpSchema gives the statements that make a schema again: its tables, and the rows
// that its migrations put there.
func dumpSchema(q *sql.DB) (out []string, err error) {
	names, err := listTables(q)
	if err != nil {
		return nil, err
	}
	out = []string{"SET foreign_key_checks = 0"}
	for _, name := range names {
		var create string
		if err := q.QueryRowContext(context.Background(), "SHOW CREATE TABLE `"+name+"`").Scan(&name, &create); err != nil {
			return nil, err
		}
		rows, err := tableInsertSQL(q, name)
		if err != nil {
			return nil, err
		}
		out = append(append(out, create), rows...)
	}
	return out, nil
}

// tableInsertSQL gives an INSERT for the rows of a table, none for an empty one. Values
// go in hexadecimal, whatever they are.
func tableInsertSQL(q *sql.DB, table string) (out []string, err error) {
	rows, err := q.QueryContext(context.Background(), "SELECT * FROM `"+table+"`") //nolint:gosec // a name that the server gave
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	var tuples []string
	for rows.Next() {
		values := make([]sql.RawBytes, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		tuples = append(tuples, "("+strings.Join(sqlLiterals(columns, values), ", ")+")")
	}
	if len(tuples) > 0 {
		out = []string{"INSERT INTO `" + table + "` VALUES " + strings.Join(tuples, ", ")}
	}
	return out, rows.Err()
}

func sqlLiterals(columns []*sql.ColumnType, values []sql.RawBytes) []string {
	out := make([]string, len(values))
	for i, v := range values {
		switch {
		case v == nil:
			out[i] = "NULL"
		case strings.Contains(columns[i].DatabaseTypeName(), "INT"):
			out[i] = string(v)
		default:
			out[i] = fmt.Sprintf("X'%x'", []byte(v))
		}
	}
	return out
}
