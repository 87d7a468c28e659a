package transfer

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"app/platform/database"
)

// Digest is what a table holds, whatever the order of its rows and the engine that
// keeps them.
type Digest struct {
	Rows int64
	sum  [4]uint64
}

// addToDigest adds one row to a digest. The hashes of the rows are added up, so that
// their order does not matter.
func (t table) addToDigest(d *Digest, row []any) error {
	h := sha256.New()
	for i, value := range row {
		c := t.columns[i]
		tag, text, err := canonicalBytes(c.kind, value)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", t.name, c.name, err)
		}
		var head [9]byte
		head[0] = tag
		binary.BigEndian.PutUint64(head[1:], uint64(len(text)))
		h.Write(head[:])
		h.Write(text)
	}
	sum := h.Sum(nil)
	for i := range d.sum {
		d.sum[i] += binary.BigEndian.Uint64(sum[8*i:])
	}
	d.Rows++
	return nil
}

// String is the checksum, shortened for people.
func (d Digest) String() string {
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], d.sum[0]^d.sum[1]^d.sum[2]^d.sum[3])
	return hex.EncodeToString(raw[:])
}

// canonicalBytes writes a value the same way whichever engine it comes from.
func canonicalBytes(k kind, value any) (tag byte, text []byte, err error) {
	switch v := value.(type) {
	case nil:
		return '0', nil, nil
	case int64:
		return 'i', strconv.AppendInt(nil, v, 10), nil
	case float64:
		return 'f', binary.BigEndian.AppendUint64(nil, math.Float64bits(v)), nil
	case string:
		if k == kindJSON {
			text, err = canonicalJSON(v)
			return 'j', text, err
		}
		return 't', []byte(v), nil
	case []byte:
		return 'b', v, nil
	}
	return 0, nil, fmt.Errorf("unexpected %T", value)
}

// normalizeValue gives a value as it was read the type of its kind.
func normalizeValue(k kind, value any) (any, error) {
	if value == nil {
		return nil, nil
	}
	switch k {
	case kindInteger:
		switch v := value.(type) {
		case int64:
			return v, nil
		case []byte:
			return strconv.ParseInt(string(v), 10, 64)
		}
	case kindReal:
		switch v := value.(type) {
		case float64:
			return v, nil
		case float32:
			return float64(v), nil
		case int64:
			return float64(v), nil // SQLite keeps whole numbers short
		case []byte:
			return strconv.ParseFloat(string(v), 64)
		}
	case kindText, kindJSON:
		switch v := value.(type) {
		case string:
			return v, nil
		case []byte:
			return string(v), nil
		}
	case kindBytes:
		switch v := value.(type) {
		case []byte:
			return append([]byte{}, v...), nil // nil would be NULL
		case string:
			return []byte(v), nil
		}
	}
	return nil, fmt.Errorf("a %T does not belong into a column of %s", value, k)
}

// quoteName is a name in SQL; both engines take backticks.
func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

func (t table) columnList() string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = quoteName(c.name)
	}
	return strings.Join(names, ", ")
}

func (t table) keyOrder(suffix string) string {
	names := make([]string, len(t.key))
	for i, c := range t.key {
		names[i] = quoteName(c) + suffix
	}
	return strings.Join(names, ", ")
}

// afterKeyCondition is the condition of the rows after the one with the given key, and
// its arguments: (a, b) > (?, ?) on SQLite and a > ? OR (a = ? AND b > ?) on MySQL.
// Each engine would read the other's form from the first row of the table.
func (t table) afterKeyCondition(on database.Engine, key []any) (string, []any) {
	if key == nil {
		return "1 = ?", []any{1}
	}
	if on == database.SQLite {
		return "(" + t.keyOrder("") + ") > (?" + strings.Repeat(", ?", len(key)-1) + ")", key
	}
	var alternatives []string
	var args []any
	for i := range t.key {
		var parts []string
		for j := range i {
			parts, args = append(parts, quoteName(t.key[j])+" = ?"), append(args, key[j])
		}
		parts, args = append(parts, quoteName(t.key[i])+" > ?"), append(args, key[i])
		alternatives = append(alternatives, "("+strings.Join(parts, " AND ")+")")
	}
	return strings.Join(alternatives, " OR "), args
}

// keyOf are the values of a row's primary key.
func (t table) keyOf(row []any) []any {
	out := make([]any, 0, len(t.key))
	for _, name := range t.key {
		for i, c := range t.columns {
			if c.name == name {
				out = append(out, row[i])
			}
		}
	}
	return out
}

// selectAfterKey is the statement that reads on from a key.
func (t table) selectAfterKey(on database.Engine, key []any, limit int) (string, []any) {
	where, args := t.afterKeyCondition(on, key)
	return "SELECT " + t.columnList() + " FROM " + quoteName(t.name) + " WHERE " + where + " ORDER BY " + t.keyOrder("") + " LIMIT " + strconv.Itoa(limit), args
}

// readRowsAfter reads the rows after a key, at most limit of them and about
// maxCopyBytes.
func (t table) readRowsAfter(ctx context.Context, db *database.DB, key []any, limit int) (out [][]any, err error) {
	query, args := t.selectAfterKey(db.Engine(), key, limit)
	err = db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		rows, err := q.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // Err tells
		for size := 0; size < maxCopyBytes && rows.Next(); {
			row, err := t.scanRow(rows)
			if err != nil {
				return err
			}
			out, size = append(out, row), size+rowSize(row)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.name, err)
	}
	return out, nil
}

func (t table) scanRow(rows *sql.Rows) ([]any, error) {
	row, into := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range row {
		into[i] = &row[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	for i, c := range t.columns {
		value, err := normalizeValue(c.kind, row[i])
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.name, err)
		}
		row[i] = value
	}
	return row, nil
}

func rowSize(row []any) int {
	size := 16 * len(row)
	for _, value := range row {
		switch v := value.(type) {
		case string:
			size += len(v)
		case []byte:
			size += len(v)
		}
	}
	return size
}

// lastKey is the greatest primary key of a table, nil when it is empty.
func (t table) lastKey(ctx context.Context, db *database.DB) (key []any, err error) {
	err = db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		rows, err := q.Query(ctx, "SELECT "+t.columnList()+" FROM "+quoteName(t.name)+" WHERE 1 = ? ORDER BY "+t.keyOrder(" DESC")+" LIMIT 1", 1)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // Err tells
		if !rows.Next() {
			return rows.Err()
		}
		row, err := t.scanRow(rows)
		key = t.keyOf(row)
		return errors.Join(err, rows.Err())
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.name, err)
	}
	return key, nil
}

// insertRows writes rows, several by one statement.
func (t table) insertRows(ctx context.Context, db *database.DB, rows [][]any) error {
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(t.columns)), ", ") + ")"
	err := db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		for rest := rows; len(rest) > 0; {
			n := min(len(rest), rowsPerStatement)
			var args []any
			for _, row := range rest[:n] {
				args = append(args, row...)
			}
			query := "INSERT INTO " + quoteName(t.name) + " (" + t.columnList() + ") VALUES " + strings.TrimSuffix(strings.Repeat(one+", ", n), ", ")
			if _, err := tx.Exec(ctx, query, args...); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", t.name, err)
	}
	return nil
}

// digestRows reads a whole table.
func (t table) digestRows(ctx context.Context, db *database.DB) (d Digest, err error) {
	for key := []any(nil); ; {
		rows, err := t.readRowsAfter(ctx, db, key, rowsPerBatch)
		if err != nil || len(rows) == 0 {
			return d, err
		}
		for _, row := range rows {
			if err := t.addToDigest(&d, row); err != nil {
				return d, err
			}
		}
		key = t.keyOf(rows[len(rows)-1])
	}
}
