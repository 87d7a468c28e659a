package database

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"reflect"
)

// newModelField says how a field is stored and read.
func newModelField(field reflect.StructField, nullZero bool) (modelField, error) {
	value, isZero := valueOf(field.Type)
	if value == nil {
		return modelField{}, fmt.Errorf("field %s is a %s, which is stored in no column", field.Name, field.Type)
	}
	made := modelField{index: field.Index[0], value: value, target: addressOf}
	if !nullZero {
		return made, nil
	}
	if isZero == nil {
		return modelField{}, fmt.Errorf("field %s is a %s, which has no IsZero for nullzero to ask", field.Name, field.Type)
	}
	made.value = func(v reflect.Value) any {
		if isZero(v) {
			return nil
		}
		return value(v)
	}
	if !reflect.PointerTo(field.Type).Implements(reflect.TypeFor[sql.Scanner]()) {
		made.target = func(v reflect.Value) any { return nullField{v} }
	}
	return made, nil
}

func addressOf(v reflect.Value) any { return v.Addr().Interface() }

// valueOf says how the fields of a type are stored, nil when they are not, and which of
// their values are zero, nil when the type does not say.
func valueOf(t reflect.Type) (value func(reflect.Value) any, isZero func(reflect.Value) bool) {
	pointer := reflect.PointerTo(t)
	scanner := pointer.Implements(reflect.TypeFor[sql.Scanner]())
	switch {
	case t == reflect.TypeFor[Timestamp]():
		return timestampValue, timestampIsZero
	case scanner != pointer.Implements(reflect.TypeFor[driver.Valuer]()):
		return nil, nil // bun would store one thing and read another
	case !scanner:
		return basicValue(t), reflect.Value.IsZero
	case !t.Implements(reflect.TypeFor[driver.Valuer]()):
		return addressOf, nil
	case t.Implements(reflect.TypeFor[zeroer]()):
		isZero = valueIsZero
	}
	return reflect.Value.Interface, isZero
}

// zeroer is how bun, too, asks a value whether it is the zero one.
type zeroer interface{ IsZero() bool }

func valueIsZero(v reflect.Value) bool {
	z, ok := v.Interface().(zeroer)
	return ok && z.IsZero()
}

// basicValue gives the drivers the kinds of values that they know, whatever the type is
// called.
func basicValue(t reflect.Type) func(reflect.Value) any {
	switch t.Kind() {
	case reflect.String:
		return func(v reflect.Value) any { return v.String() }
	case reflect.Bool:
		return func(v reflect.Value) any { return v.Bool() }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(v reflect.Value) any { return v.Int() }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return func(v reflect.Value) any { return int64(v.Uint()) }
	case reflect.Float32, reflect.Float64:
		return func(v reflect.Value) any { return v.Float() }
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return func(v reflect.Value) any { return v.Bytes() }
		}
	}
	return nil
}

// timestampValue and timestampIsZero read a Timestamp where it is: Interface would copy
// it to the heap first.
func timestampValue(v reflect.Value) any { return Micros(timestampAt(v).Time) }

func timestampIsZero(v reflect.Value) bool { return timestampAt(v).IsZero() }

func timestampAt(v reflect.Value) *Timestamp {
	t, _ := v.Addr().Interface().(*Timestamp)
	return t
}
