package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/uptrace/bun"
)

// Model is what the statements of one row type share: its table and its columns, taken
// from the tags that bun reads. Get, List and Insert are prepared statements, for the
// paths whose cost is measured; Tx.Bun takes the same row type for all others. It is
// safe for concurrent use.
type Model[R any] struct {
	columns  string // "o.id, o.total"
	selected string // "SELECT o.id, o.total FROM orders_orders o "
	into     string // "INSERT INTO orders_orders (id, total)"
	one      string // into with the values of one row
	fields   []modelField
}

// modelField is one column of a row type.
type modelField struct {
	index int // in the struct
	// value is what is stored for the field, in a type that the drivers know.
	value func(field reflect.Value) any
	// target is what a column is scanned into.
	target func(field reflect.Value) any
}

// ModelOf makes the model of the row type R once, for a variable of a package. R is a
// struct that embeds bun.BaseModel with the tag `bun:"table:orders_orders,alias:o"`.
// Its other fields are exported, and each has the tag of its column: `bun:"id,pk"`,
// `bun:"total"`, or `bun:"due_at,nullzero"` where the zero value is stored as NULL and
// NULL is read as the zero value. A field is a string, a bool, a number, a []byte, a
// type with one of these underneath, a Timestamp, or a sql.Scanner and driver.Valuer.
// ModelOf panics, naming the field, when R is anything else.
func ModelOf[R any]() *Model[R] {
	m, err := newModel[R]()
	if err != nil {
		panic(fmt.Sprintf("database: model of %s: %v", reflect.TypeFor[R](), err))
	}
	return m
}

var (
	tableTag  = regexp.MustCompile(`^table:([a-z][a-z0-9_]*),alias:([a-z][a-z0-9_]*)$`)
	columnTag = regexp.MustCompile(`^([a-z][a-z0-9_]*)((?:,pk|,nullzero)*)$`)
)

func newModel[R any]() (*Model[R], error) {
	row := reflect.TypeFor[R]()
	if row.Kind() != reflect.Struct {
		return nil, errors.New("not a struct")
	}
	base, _ := row.FieldByName("BaseModel")
	table := tableTag.FindStringSubmatch(base.Tag.Get("bun"))
	if table == nil || base.Type != reflect.TypeFor[bun.BaseModel]() {
		return nil, errors.New("embeds no bun.BaseModel with a tag as `bun:\"table:demo_items,alias:i\"`")
	}
	names, keys := []string{}, 0
	m := &Model[R]{}
	for i := range row.NumField() {
		if i == base.Index[0] {
			continue
		}
		name, options, err := columnOf(row.Field(i))
		if err != nil {
			return nil, err
		}
		field, err := newModelField(row.Field(i), strings.Contains(options, ",nullzero"))
		if err != nil {
			return nil, err
		}
		m.fields, names = append(m.fields, field), append(names, name)
		keys += strings.Count(options, ",pk")
	}
	if keys == 0 {
		return nil, errors.New("no field has the tag of a primary key as `bun:\"id,pk\"`")
	}
	if twice := firstRepeated(names); twice != "" {
		return nil, fmt.Errorf("two fields are column %s", twice)
	}
	m.writeStatements(table[1], table[2], names)
	return m, nil
}

func (m *Model[R]) writeStatements(table, alias string, names []string) {
	m.columns = alias + "." + strings.Join(names, ", "+alias+".")
	m.selected = "SELECT " + m.columns + " FROM " + table + " " + alias + " "
	m.into = "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ")"
	m.one = m.into + " VALUES (" + strings.Repeat("?,", len(names)-1) + "?)"
}

func firstRepeated(names []string) string {
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			return name
		}
		seen[name] = true
	}
	return ""
}

// columnOf is the column of a field and the options of its tag, each after a comma.
func columnOf(field reflect.StructField) (name, options string, err error) {
	tag := columnTag.FindStringSubmatch(field.Tag.Get("bun"))
	switch {
	case field.Anonymous || !field.IsExported():
		return "", "", fmt.Errorf("field %s is embedded or not exported", field.Name)
	case tag == nil:
		return "", "", fmt.Errorf("the tag of field %s is not as `bun:\"id\"`, with pk or nullzero after a comma", field.Name)
	}
	return tag[1], tag[2], nil
}

// Columns is the list of all columns, each with the table's alias: "o.id, o.total". It
// is for statements that are written out.
func (m *Model[R]) Columns() string { return m.columns }

// Fields is where a row of Columns is scanned into: a pointer for each, in their order.
func (m *Model[R]) Fields(row *R) []any {
	fields, at := make([]any, len(m.fields)), reflect.ValueOf(row).Elem()
	for i := range m.fields {
		fields[i] = m.fields[i].target(at.Field(m.fields[i].index))
	}
	return fields
}

// Values are the arguments of a statement that stores the row: one for each of Columns,
// in their order.
func (m *Model[R]) Values(row *R) []any {
	return m.appendValues(make([]any, 0, len(m.fields)), row)
}

func (m *Model[R]) appendValues(values []any, row *R) []any {
	at := reflect.ValueOf(row).Elem()
	for i := range m.fields {
		values = append(values, m.fields[i].value(at.Field(m.fields[i].index)))
	}
	return values
}

// Insert adds rows, in as few statements as Tx.InsertMany. The error is ErrDuplicate
// when a row with the same identity is there, else it begins with "insert" and what.
func (m *Model[R]) Insert(ctx context.Context, tx *Tx, what string, rows ...R) error {
	if len(rows) == 1 {
		_, err := tx.Exec(ctx, m.one, m.Values(&rows[0])...)
		return Inserted(what, err)
	}
	values := make([]any, 0, len(rows)*len(m.fields))
	for i := range rows {
		values = m.appendValues(values, &rows[i])
	}
	return Inserted(what, tx.InsertMany(ctx, m.into, len(m.fields), values))
}

// Get reads the row that tail finds: all that follows the table's alias in the
// statement, such as "WHERE o.id = ?". The error is ErrNotFound when there is none,
// else it begins with "read" and what.
func (m *Model[R]) Get(ctx context.Context, q *Tx, what, tail string, args ...any) (R, error) {
	var row R
	if err := q.QueryRow(ctx, m.selected+tail, args...).Scan(m.Fields(&row)...); err != nil {
		var none R
		return none, Found(what, err)
	}
	return row, nil
}

// List reads all rows that tail finds; see Get. There may be none. The error begins
// with "list" and what.
func (m *Model[R]) List(ctx context.Context, q *Tx, what, tail string, args ...any) ([]R, error) {
	list, err := m.list(ctx, q, m.selected+tail, args)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", what, err)
	}
	return list, nil
}

func (m *Model[R]) list(ctx context.Context, q *Tx, query string, args []any) ([]R, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []R
	var row R
	fields := m.Fields(&row) // for all rows: each scan replaces every field
	for rows.Next() {
		if err := rows.Scan(fields...); err != nil {
			return nil, err
		}
		list = append(list, row)
	}
	return list, rows.Err()
}

var _ sql.Scanner = nullField{}

// nullField scans NULL as the zero value into a field of a basic kind.
type nullField struct{ field reflect.Value }

// Scan implements sql.Scanner.
func (n nullField) Scan(src any) error {
	if src == nil {
		n.field.SetZero()
		return nil
	}
	switch n.field.Kind() {
	case reflect.String:
		return scanInto(src, n.field.SetString)
	case reflect.Bool:
		return scanInto(src, n.field.SetBool)
	case reflect.Slice:
		return scanInto(src, n.field.SetBytes)
	case reflect.Float32, reflect.Float64:
		return scanInto(src, n.field.SetFloat)
	default:
		return n.scanInteger(src)
	}
}

func (n nullField) scanInteger(src any) error {
	var integer int64
	if err := scanInto(src, func(i int64) { integer = i }); err != nil {
		return err
	}
	if n.field.CanUint() {
		if integer < 0 || n.field.OverflowUint(uint64(integer)) {
			return fmt.Errorf("%d does not fit a %s", integer, n.field.Type())
		}
		n.field.SetUint(uint64(integer))
		return nil
	}
	if n.field.OverflowInt(integer) {
		return fmt.Errorf("%d does not fit a %s", integer, n.field.Type())
	}
	n.field.SetInt(integer)
	return nil
}

// scanInto converts what a driver gave as database/sql does.
func scanInto[T any](src any, set func(T)) error {
	var value sql.Null[T]
	if err := value.Scan(src); err != nil {
		return err
	}
	set(value.V)
	return nil
}
