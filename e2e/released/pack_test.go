package released_test

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"app/e2e/harness/invariants"
	"app/e2e/harness/shop"
)

// packFolder writes the files of a data folder into a compressed archive.
func packFolder(t *testing.T, dir, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	if err := errors.Join(w.AddFS(os.DirFS(dir)), w.Close(), z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// unpackFolder writes the files of an archive into a new folder that only its owner can
// read.
func unpackFolder(t *testing.T, path string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	z := reader(t, path)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err == nil && h.Typeflag == tar.TypeReg {
			err = write(filepath.Join(dir, filepath.Base(h.Name)), r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func write(path string, from io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}

func reader(t *testing.T, path string) io.Reader {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() }) // it was only read
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// moduleLine begins the statements of one module in a dump; every other line is one
// statement.
const moduleLine = "-- module "

// dump writes the schemas of all modules as statements, one a line.
func dump(t *testing.T, s *shop.Shop, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	for _, module := range invariants.Modules {
		lines := append([]string{moduleLine + module}, schema(t, s.Database(t, module))...)
		if _, err := io.WriteString(z, strings.Join(lines, "\n")+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// schema gives the statements that make the tables of a schema with their rows.
func schema(t *testing.T, db *sql.DB) (statements []string) {
	t.Helper()
	for _, table := range texts(t, db, "SHOW TABLES", 1) {
		create := texts(t, db, "SHOW CREATE TABLE `"+table[0]+"`", 2)[0][1]
		statements = append(statements, strings.ReplaceAll(create, "\n", " "))
		statements = append(statements, inserts(t, db, table[0])...)
	}
	return statements
}

// inserts gives a statement for each row of a table.
func inserts(t *testing.T, db *sql.DB, table string) (statements []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM `"+table+"`")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // Err tells
	types, err := rows.ColumnTypes()
	for err == nil && rows.Next() {
		var values []string
		if values, err = literals(rows, types); err == nil {
			statements = append(statements, fmt.Sprintf("INSERT INTO `%s` VALUES (%s)", table, strings.Join(values, ", ")))
		}
	}
	if err := errors.Join(err, rows.Err()); err != nil {
		t.Fatal(err)
	}
	return statements
}

// texts reads the first n columns of a statement's rows.
func texts(t *testing.T, db *sql.DB, statement string, n int) (out [][]string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // Err tells
	for rows.Next() {
		row, into := make([]string, n), make([]any, n)
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// literals writes a row's values as SQL has them: numbers as they are, everything else
// by its bytes.
func literals(rows *sql.Rows, types []*sql.ColumnType) ([]string, error) {
	raw, into := make([]sql.RawBytes, len(types)), make([]any, len(types))
	for i := range raw {
		into[i] = &raw[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	out := make([]string, len(types))
	for i, value := range raw {
		kind := types[i].DatabaseTypeName()
		number := slices.ContainsFunc([]string{"INT", "DECIMAL", "DOUBLE", "FLOAT"}, func(s string) bool { return strings.Contains(kind, s) })
		binary := slices.ContainsFunc([]string{"BINARY", "BLOB"}, func(s string) bool { return strings.Contains(kind, s) })
		switch {
		case value == nil:
			out[i] = "NULL"
		case number:
			out[i] = string(value)
		case binary:
			out[i] = "X'" + hex.EncodeToString(value) + "'"
		default: // an introducer, so that the bytes are read as text whatever the connection speaks
			out[i] = "_utf8mb4 X'" + hex.EncodeToString(value) + "'"
		}
	}
	return out, nil
}

// load runs a dump's statements on schemas that are empty.
func load(t *testing.T, databases map[string]string, path string) {
	t.Helper()
	s := &shop.Shop{Databases: databases}
	var conn *sql.Conn
	lines := bufio.NewScanner(reader(t, path))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		module, begins := strings.CutPrefix(lines.Text(), moduleLine)
		var err error
		if begins {
			conn, err = s.Database(t, module).Conn(t.Context())
			if err == nil {
				t.Cleanup(func() { _ = conn.Close() }) // what it did is done
				_, err = conn.ExecContext(t.Context(), "SET FOREIGN_KEY_CHECKS = 0")
			}
		} else {
			_, err = conn.ExecContext(context.WithoutCancel(t.Context()), lines.Text())
		}
		if err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}
