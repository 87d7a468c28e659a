package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
	"time"
)

// Statements that answer with a number or with one row go to SQLite's driver directly: database/sql takes the connection, locks it and
// makes rows, each time, for a connection that has one user anyway. What the values mean is still database/sql's to say.

// arguments converts what a statement is called with, as database/sql does for a driver that has no say in it.
func arguments(args []any) ([]driver.NamedValue, error) {
	if len(args) == 0 {
		return nil, nil
	}
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		value, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: value}
	}
	return values, nil
}

// exec runs a statement that returns no rows.
func (c *sqliteConn) exec(query string, args []any) (sql.Result, error) {
	values, err := arguments(args)
	if err != nil {
		return nil, err
	}
	return c.ExecContext(context.Background(), query, values)
}

// first reads the first row that a query finds: sql.ErrNoRows when it finds none.
func (c *sqliteConn) first(query string, args []any) (row []driver.Value, err error) {
	values, err := arguments(args)
	if err != nil {
		return nil, err
	}
	rows, err := c.QueryContext(context.Background(), query, values)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closed := rows.Close(); err == nil {
			err = closed
		}
	}()
	row = make([]driver.Value, len(rows.Columns()))
	if err := rows.Next(row); errors.Is(err, io.EOF) {
		return nil, sql.ErrNoRows
	} else if err != nil {
		return nil, err
	}
	return row, nil
}

// assignAll gives the values of a row to where they are wanted.
func assignAll(dest []any, row []driver.Value) error {
	if len(dest) != len(row) {
		return fmt.Errorf("expected %d destinations in Scan, not %d", len(row), len(dest))
	}
	for i, value := range row {
		if err := assign(dest[i], value); err != nil {
			return fmt.Errorf("scan column %d: %w", i+1, err)
		}
	}
	return nil
}

// assign gives a value to where it is wanted. The usual pairs are served here, the rest by conversion.
func assign(dest any, value driver.Value) error {
	switch v := value.(type) {
	case string:
		if d, ok := dest.(*string); ok {
			*d = v
			return nil
		}
	case int64:
		switch d := dest.(type) {
		case *int64:
			*d = v
			return nil
		case *int:
			*d = int(v)
			return nil
		}
	case []byte: // the driver's copy, which nobody else has
		if d, ok := dest.(*[]byte); ok {
			*d = v
			return nil
		}
	}
	if d, ok := dest.(sql.Scanner); ok {
		return d.Scan(value) //nolint:wrapcheck // the column is named above
	}
	return convert(dest, value)
}

// convert is assign for what needs database/sql's conversions.
func convert(dest any, value driver.Value) error {
	switch d := dest.(type) {
	case *string:
		return through(d, value)
	case *int64:
		return through(d, value)
	case *int:
		return through(d, value)
	case *bool:
		return through(d, value)
	case *float64:
		return through(d, value)
	case *time.Time:
		return through(d, value)
	case *[]byte:
		if value == nil {
			*d = nil
			return nil
		}
		return through(d, value)
	case *any:
		*d = value
		return nil
	}
	return convertKind(dest, value)
}

// through converts as database/sql does where a value may be absent, which it may not be here.
func through[T any](dest *T, value driver.Value) error {
	var converted sql.Null[T]
	if err := converted.Scan(value); err != nil {
		return err //nolint:wrapcheck // the column is named above
	}
	if !converted.Valid {
		return fmt.Errorf("converting NULL to %T is unsupported", *dest)
	}
	*dest = converted.V
	return nil
}

// convertKind is convert for types of one's own, by what they are made of.
func convertKind(dest any, value driver.Value) error {
	pointer := reflect.ValueOf(dest)
	if pointer.Kind() != reflect.Pointer || pointer.IsNil() {
		return fmt.Errorf("destination %T is not a pointer", dest)
	}
	d := pointer.Elem()
	switch kind := d.Kind(); {
	case kind == reflect.Pointer && value == nil:
		d.SetZero()
		return nil
	case kind == reflect.Pointer:
		d.Set(reflect.New(d.Type().Elem()))
		return assign(d.Interface(), value)
	case kind == reflect.String:
		return converted(value, d.SetString)
	case kind == reflect.Bool:
		return converted(value, d.SetBool)
	case d.CanFloat():
		return converted(value, d.SetFloat)
	case d.CanInt():
		return fitting(value, d.OverflowInt, d.SetInt)
	case d.CanUint():
		return fitting(value, d.OverflowUint, d.SetUint)
	}
	return fmt.Errorf("destination %T is unsupported", dest)
}

func converted[T any](value driver.Value, set func(T)) error {
	var v T
	err := through(&v, value)
	if err == nil {
		set(v)
	}
	return err
}

// fitting refuses a number that is too large for where it is wanted.
func fitting[T any](value driver.Value, overflows func(T) bool, set func(T)) error {
	var v T
	err := through(&v, value)
	switch {
	case err != nil:
		return err
	case overflows(v):
		return fmt.Errorf("value %v is out of range", v)
	}
	set(v)
	return nil
}
