package transfer_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/database/migrate"
	"app/platform/database/transfer"
)

// wares have every type that copies know, a key of several columns, and numbers that
// the engine gives out.
var wares = fstest.MapFS{
	"0001_create_wares.up.sql": {Data: []byte(`CREATE TABLE test_things (kind VARCHAR(20) NOT NULL, id BIGINT NOT NULL, name TEXT NOT NULL,
		note VARCHAR(100), data MEDIUMBLOB, size INTEGER, weight DOUBLE, more JSON, at BIGINT NOT NULL, PRIMARY KEY (kind, id))`)},
	"0002_create_numbers.mysql.up.sql":  {Data: []byte(`CREATE TABLE test_numbers (seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, word VARCHAR(20) NOT NULL)`)},
	"0002_create_numbers.sqlite.up.sql": {Data: []byte(`CREATE TABLE test_numbers (seq INTEGER NOT NULL PRIMARY KEY, word VARCHAR(20) NOT NULL)`)},
	"0004_first_nothing.up.sql":         {Data: []byte(`INSERT INTO test_nothing (id) VALUES (77)`)},
	"0003_create_nothing.up.sql":        {Data: []byte(`CREATE TABLE test_nothing (id BIGINT NOT NULL PRIMARY KEY)`)},
}

type ware struct {
	Kind   string
	ID     int64
	Name   string
	Note   *string
	Data   []byte
	Size   *int64
	Weight *float64
	More   *string
	At     int64
}

func at[T any](v T) *T { return &v }

// instances are rows that copies have got wrong elsewhere, and enough of the same for
// several batches.
func instances() []ware {
	micro := time.Date(2026, 11, 21, 12, 34, 56, 789_012_000, time.UTC).UnixMicro()
	out := []ware{
		{"big", math.MaxInt64, "", nil, nil, nil, nil, nil, math.MinInt64},
		{"big", math.MinInt64, " spaces ", at(""), []byte{}, at(int64(0)), at(0.1), at(`{"b": [1.50, null], "a": "ü"}`), micro},
		{"text", 1, "Zoë 🛍 \\ ' \" ` ? \n\t\x01", at("NULL"), []byte("\x00\xff'\\"), at(int64(-1)), at(-math.MaxFloat64), at(`[]`), 0},
		{"text", 2, strings.Repeat("ж", 5000), nil, bytesOf(70_000), at(int64(math.MaxInt32)), at(math.SmallestNonzeroFloat64), nil, micro},
		{"Text", 3, "another kind, by its case", nil, nil, nil, at(3.0), nil, micro},
	}
	for i := range int64(2500) {
		out = append(out, ware{"many", i * 7, fmt.Sprint("thing ", i), nil, bytesOf(int(i % 50)), at(i), nil, nil, micro + i})
	}
	return out
}

func bytesOf(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(i * 31)
	}
	return out
}

func fill(t *testing.T, db *database.DB) {
	t.Helper()
	err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		for _, x := range instances() {
			_, err := tx.Exec(ctx, `INSERT INTO test_things (kind, id, name, note, data, size, weight, more, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				x.Kind, x.ID, x.Name, x.Note, x.Data, x.Size, x.Weight, x.More, x.At)
			if err != nil {
				return err
			}
		}
		for _, word := range []string{"one", "two", "three", "four"} {
			if _, err := tx.Exec(ctx, `INSERT INTO test_numbers (word) VALUES (?)`, word); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `DELETE FROM test_numbers WHERE word IN (?, ?)`, "two", "four")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func readWares(t *testing.T, db *database.DB) (out []ware) {
	t.Helper()
	err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
		rows, err := q.Query(ctx, `SELECT kind, id, name, note, data, data IS NULL, size, weight, more, at FROM test_things WHERE 1 = ?`, 1)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var x ware
			var none bool
			if err := rows.Scan(&x.Kind, &x.ID, &x.Name, &x.Note, &x.Data, &none, &x.Size, &x.Weight, &x.More, &x.At); err != nil {
				return err
			}
			if !none && x.Data == nil {
				x.Data = []byte{}
			}
			x.More = meaning(t, x.More)
			out = append(out, x)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// meaning is a document without what MySQL, other than MariaDB and SQLite, does not
// keep: how it was written.
func meaning(t *testing.T, document *string) *string {
	t.Helper()
	if document == nil {
		return nil
	}
	var v any
	if err := json.Unmarshal([]byte(*document), &v); err != nil {
		t.Error(err)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Error(err)
	}
	return at(string(raw))
}

func opened(t *testing.T, url string) *database.DB {
	t.Helper()
	return dbtest.OpenURL(t, url, wares)
}

// alone opens without migrating, as for a copy, and closes it at the end of the test at
// the latest.
func alone(t *testing.T, url string) *database.DB {
	t.Helper()
	db, err := database.OpenAlone(t.Context(), database.Options{Module: "test", URL: url, Migrations: []fs.FS{wares}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func closeDB(t *testing.T, dbs ...*database.DB) {
	t.Helper()
	for _, db := range dbs {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// engines runs a test from each engine to each.
func engines(t *testing.T, run func(t *testing.T, from, to string)) {
	t.Helper()
	urls := map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "mysql": dbtest.MySQL}
	for from := range urls {
		for to := range urls {
			t.Run(from+" to "+to, func(t *testing.T) {
				t.Parallel()
				run(t, urls[from](t), urls[to](t))
			})
		}
	}
}

func TestCopy(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, fromURL, toURL string) {
		source := opened(t, fromURL)
		fill(t, source)
		want := readWares(t, source)
		closeDB(t, source)
		from, to := alone(t, fromURL), alone(t, toURL)
		var last int64
		copied, err := transfer.Copy(t.Context(), from, to, func(table string, done, all int64) {
			if table == "test_things" {
				last = done * 10_000 / all
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		rows := map[string]int64{}
		for _, c := range copied {
			if rows[c.Table] = c.To.Rows; !c.Same() {
				t.Errorf("%+v", c)
			}
		}
		if diff := cmp.Diff(map[string]int64{"test_things": 2505, "test_numbers": 2, "test_nothing": 1}, rows); diff != "" || last != 10_000 {
			t.Errorf("progress %d, -want +got\n%s", last, diff)
		}
		closeDB(t, from, to)
		target := opened(t, toURL)
		less := cmp.Transformer("sorted", func(in []ware) map[string]ware {
			out := map[string]ware{}
			for _, x := range in {
				out[fmt.Sprint(x.Kind, x.ID)] = x
			}
			return out
		})
		if diff := cmp.Diff(want, readWares(t, target), less); diff != "" {
			t.Errorf("-want +got\n%.2000s", diff)
		}
		countsOn(t, target, from.Engine() == database.MySQL && target.Engine() == database.MySQL)
	})
}

// countsOn checks that numbers are given out after the greatest that exists, or, when
// the counter is kept, that was.
func countsOn(t *testing.T, db *database.DB, kept bool) {
	t.Helper()
	err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		result, err := tx.Exec(ctx, `INSERT INTO test_numbers (word) VALUES (?)`, "next")
		if err != nil {
			return err
		}
		next, err := result.LastInsertId()
		if want := map[bool]int64{true: 5, false: 4}[kept]; next != want {
			t.Errorf("next number %d, want %d", next, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A copy that is interrupted leaves a target that cannot be served and that the next
// copy completes.
func TestCopy_Interrupted(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, fromURL, toURL string) {
		source := opened(t, fromURL)
		fill(t, source)
		closeDB(t, source)
		from, to := alone(t, fromURL), alone(t, toURL)
		ctx, interrupt := context.WithCancel(t.Context())
		if _, err := transfer.Copy(ctx, from, to, func(_ string, done, _ int64) {
			if done >= 1000 {
				interrupt()
			}
		}); !errors.Is(err, context.Canceled) {
			t.Fatalf("interrupted: %v", err)
		}
		if _, err := migrate.Up(t.Context(), to); !errors.Is(err, migrate.ErrHalfCopied) {
			t.Errorf("migrate half a copy: %v", err)
		}
		began := int64(-1)
		if _, err := transfer.Copy(t.Context(), from, to, func(table string, done, _ int64) {
			if table == "test_things" && began < 0 {
				began = done
			}
		}); err != nil || began < 1000 {
			t.Errorf("continued after %d rows: %v", began, err)
		}
		if _, err := migrate.Up(t.Context(), to); err != nil {
			t.Errorf("migrate a whole copy: %v", err)
		}
	})
}

func TestCopy_Refuses(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, fromURL, toURL string) {
		source, target := opened(t, fromURL), opened(t, toURL)
		if _, err := database.OpenAlone(t.Context(), database.Options{Module: "test", URL: fromURL}); !errors.Is(err, database.ErrInUse) {
			t.Errorf("a database in use: %v", err)
		}
		closeDB(t, source, target)
		from, to := alone(t, fromURL), alone(t, toURL)
		if _, err := transfer.Copy(t.Context(), from, to, nil); !errors.Is(err, transfer.ErrNotEmpty) {
			t.Errorf("a target with rows: %v", err)
		}
		execute(t, from, `DELETE FROM schema_migrations WHERE id = ?`, "0003_create_nothing")
		if _, err := transfer.Copy(t.Context(), from, to, nil); err == nil || !strings.Contains(err.Error(), "lacks migration 0003_create_nothing") {
			t.Errorf("an old source: %v", err)
		}
		execute(t, from, `INSERT INTO schema_migrations (id, checksum, started_at, applied_at) VALUES ('0003_create_nothing', ?, 1, 1)`, "x")
		execute(t, from, `INSERT INTO schema_migrations (id, checksum, started_at, applied_at) VALUES ('0009_new', ?, 1, 1)`, "x")
		if _, err := transfer.Copy(t.Context(), from, to, nil); err == nil || !strings.Contains(err.Error(), "has migration 0009_new") {
			t.Errorf("a new source: %v", err)
		}
	})
}

// Whatever is not the same in one value, or is missing, is found and named.
func TestCopy_FindsDifferences(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"a value":     `UPDATE test_things SET name = ? WHERE kind = 'text' AND id = 1`,
		"a null":      `UPDATE test_things SET note = NULL WHERE note = '' AND '' <> ?`,
		"a row":       `DELETE FROM test_things WHERE id = 7 AND '' <> ?`,
		"another row": `INSERT INTO test_things (kind, id, name, at) VALUES ('many', 8, ?, 0)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fromURL, toURL := dbtest.SQLite(t), dbtest.SQLite(t)
			source := opened(t, fromURL)
			fill(t, source)
			closeDB(t, source)
			from, to := alone(t, fromURL), alone(t, toURL)
			changed := false
			_, err := transfer.Copy(t.Context(), from, to, func(table string, done, all int64) {
				if table == "test_things" && done == all && !changed {
					changed = true
					execute(t, to, change, "changed")
				}
			})
			if !errors.Is(err, transfer.ErrDiffers) || !strings.Contains(err.Error(), "test_things has 2505 rows") {
				t.Errorf("copied: %v", err)
			}
			if _, err := migrate.Up(t.Context(), to); !errors.Is(err, migrate.ErrHalfCopied) {
				t.Errorf("migrate: %v", err)
			}
		})
	}
}

func execute(t *testing.T, db *database.DB, query string, args ...any) {
	t.Helper()
	err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatal(err)
	}
}
