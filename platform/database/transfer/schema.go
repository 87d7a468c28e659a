package transfer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"app/platform/database"
)

// kind is what the two engines agree on about a column's values.
type kind string

const (
	kindInteger kind = "integer"
	kindReal    kind = "real"
	kindText    kind = "text"
	kindBytes   kind = "bytes"
	kindJSON    kind = "json" // a text that an engine may write in its own way
)

// table is how one database has a table.
type table struct {
	name    string
	columns []column // by name
	key     []string // columns of the primary key, in order
}

type column struct {
	name string
	kind kind
}

// The tables of this package and of the engine, which are no data of the module.
const notData = `('schema_migrations', 'sqlite_sequence', 'sqlite_stat1', 'sqlite_stat4')`

// The same three questions to both engines.
var (
	tablesQuery = map[database.Engine]string{
		database.SQLite: `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ` + notData + ` ORDER BY name`,
		database.MySQL: `SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'
			AND table_name NOT IN ` + notData + ` ORDER BY table_name`,
	}
	columnsQuery = map[database.Engine]string{
		database.SQLite: `SELECT name, type FROM pragma_table_info(?) ORDER BY name`,
		database.MySQL:  `SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY column_name`,
	}
	keyQuery = map[database.Engine]string{
		database.SQLite: `SELECT name, '' FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk`,
		database.MySQL: `SELECT column_name, '' FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? AND index_name = 'PRIMARY'
			ORDER BY seq_in_index`,
	}
)

// readTables reads how a database is made, table by table in order of their names.
func readTables(ctx context.Context, db *database.DB) (out []table, err error) {
	err = db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		names, err := queryPairs(ctx, q, `SELECT t.*, '' FROM (`+tablesQuery[db.Engine()]+`) AS t WHERE '' = ?`, "")
		if err != nil {
			return err
		}
		for _, name := range names {
			t, err := readTable(ctx, q, name[0])
			if err != nil {
				return err
			}
			out = append(out, t)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the schema of %s: %w", db.Module(), err)
	}
	slices.SortFunc(out, func(a, b table) int { return strings.Compare(a.name, b.name) })
	return out, nil
}

func readTable(ctx context.Context, q *database.Tx, name string) (table, error) {
	t := table{name: name}
	columns, err := queryPairs(ctx, q, columnsQuery[q.Engine()], name)
	if err != nil {
		return t, err
	}
	for _, c := range columns {
		k := kindOf(c[1])
		if k == "" {
			return t, fmt.Errorf("%s.%s has the type %s, of which no faithful copy can be promised", name, c[0], c[1])
		}
		t.columns = append(t.columns, column{c[0], k})
	}
	slices.SortFunc(t.columns, func(a, b column) int { return strings.Compare(a.name, b.name) })
	key, err := queryPairs(ctx, q, keyQuery[q.Engine()], name)
	for _, c := range key {
		t.key = append(t.key, c[0])
	}
	if err == nil && len(t.key) == 0 {
		err = fmt.Errorf("%s has no primary key", name)
	}
	return t, err
}

// queryPairs reads the rows of a query with two texts.
func queryPairs(ctx context.Context, q *database.Tx, query, argument string) (out [][2]string, err error) {
	rows, err := q.Query(ctx, query, argument)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err tells
	for rows.Next() {
		var p [2]string
		if err := rows.Scan(&p[0], &p[1]); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// kindOf reads a type's name in either engine, as SQLite does: by what the name
// contains. It is empty for types that the engines store differently, such as decimal
// numbers and dates.
func kindOf(name string) kind {
	name = strings.ToUpper(name)
	for _, c := range []struct {
		part string
		kind kind
	}{
		{"POINT", ""}, {"INT", kindInteger}, {"JSON", kindJSON}, {"CHAR", kindText}, {"TEXT", kindText}, {"CLOB", kindText},
		{"BLOB", kindBytes}, {"BINARY", kindBytes}, {"DOUBLE", kindReal}, {"REAL", kindReal},
	} {
		if strings.Contains(name, c.part) {
			return c.kind
		}
	}
	return ""
}

// matchTables pairs the tables of two databases, which must be made alike.
func matchTables(from, to []table) ([]table, error) {
	index := map[string]table{}
	for _, t := range to {
		index[t.name] = t
	}
	out := make([]table, 0, len(from))
	for _, t := range from {
		other, ok := index[t.name]
		if !ok {
			return nil, fmt.Errorf("the target has no table %s", t.name)
		}
		delete(index, t.name)
		if err := t.matchColumns(other); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	if len(index) > 0 {
		return nil, fmt.Errorf("the target has a table %s, which the source has not", slices.Min(slices.Collect(maps.Keys(index))))
	}
	return out, nil
}

// matchColumns compares, and lets the more particular kind hold for both.
func (t table) matchColumns(other table) error {
	if !slices.Equal(t.key, other.key) || len(t.columns) != len(other.columns) {
		return fmt.Errorf("%s has other columns, or another primary key, in the target", t.name)
	}
	for i, c := range t.columns {
		o := other.columns[i]
		text := func(k kind) bool { return k == kindText || k == kindJSON }
		switch {
		case o.name != c.name:
			return fmt.Errorf("%s has other columns in the target: %s, not %s", t.name, o.name, c.name)
		case text(o.kind) && text(c.kind):
			if o.kind == kindJSON {
				t.columns[i].kind = kindJSON
			}
		case o.kind != c.kind:
			return fmt.Errorf("%s.%s is %s in the source and %s in the target", t.name, c.name, c.kind, o.kind)
		}
	}
	return nil
}
