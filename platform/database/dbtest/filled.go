package dbtest

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// RoundTrip fails unless a value of which every exported field is filled (see Filled)
// is the same after there and back: a field that one of them leaves out is the
// difference. It tests the conversion of a domain type to its row, and with the row's
// type first that of the row. Fields that have no place in the other type are left out
// by cmpopts.IgnoreFields.
func RoundTrip[T, R any](t testing.TB, there func(T) R, back func(R) T, opts ...gocmp.Option) {
	t.Helper()
	want := Filled[T](t)
	if diff := gocmp.Diff(want, back(there(want)), opts...); diff != "" {
		t.Errorf("%T after the round trip (-want +got):\n%s", want, diff)
	}
}

// Filled makes a T whose exported fields, and those within them, are not zero and all
// differ: strings are short ("v7"), times are whole microseconds in UTC, slices and maps
// have one element, pointers point to something. All bools are true. What cannot be
// filled, such as a func, fails the test.
func Filled[T any](t testing.TB) T {
	t.Helper()
	var value T
	if err := new(filler).fill(reflect.ValueOf(&value).Elem(), reflect.TypeFor[T]().String()); err != nil {
		t.Fatal(err)
	}
	return value
}

// filler counts the values it has made, so that each is another.
type filler struct {
	count int64
	depth int
}

// maxDepth is beyond what any type has that does not hold itself.
const maxDepth = 12

func (f *filler) fill(v reflect.Value, path string) error {
	if f.depth++; f.depth > maxDepth {
		return fmt.Errorf("%s: the type holds itself", path)
	}
	defer func() { f.depth-- }()
	switch v.Kind() {
	case reflect.Struct:
		return f.fillStruct(v, path)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return f.fill(v.Elem(), path)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		return f.fill(v.Index(0), path+"[0]")
	case reflect.Array:
		return f.fillArray(v, path)
	case reflect.Map:
		return f.fillMap(v, path)
	default:
		return f.fillBasic(v, path)
	}
}

func (f *filler) fillStruct(v reflect.Value, path string) error {
	if moment, ok := v.Addr().Interface().(*time.Time); ok {
		f.count++
		*moment = time.Date(2026, 11, 21, 12, 0, int(f.count), 123_456_000, time.UTC)
		return nil
	}
	exported := v.NumField() == 0 // bun.BaseModel has nothing to fill
	for i := range v.NumField() {
		if field := v.Type().Field(i); field.IsExported() {
			exported = true
			if err := f.fill(v.Field(i), path+"."+field.Name); err != nil {
				return err
			}
		}
	}
	if !exported {
		return fmt.Errorf("%s: a %s has no exported field to fill", path, v.Type())
	}
	return nil
}

func (f *filler) fillArray(v reflect.Value, path string) error {
	for i := range v.Len() {
		if err := f.fill(v.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) fillMap(v reflect.Value, path string) error {
	key, element := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
	if err := f.fill(key, path+" key"); err != nil {
		return err
	}
	if err := f.fill(element, path+" element"); err != nil {
		return err
	}
	v.Set(reflect.MakeMap(v.Type()))
	v.SetMapIndex(key, element)
	return nil
}

func (f *filler) fillBasic(v reflect.Value, path string) error {
	f.count++
	switch {
	case v.Kind() == reflect.String:
		v.SetString(fmt.Sprint("v", f.count))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(f.count)
	case v.CanUint() && v.Kind() != reflect.Uintptr:
		v.SetUint(uint64(f.count))
	case v.CanFloat():
		v.SetFloat(float64(f.count) + 0.5)
	default:
		return fmt.Errorf("%s: a %s cannot be filled", path, v.Type())
	}
	return nil
}

// WantFilled fails for each exported field of made, and of what is in it, that is zero:
// whoever made it of a value that had every field (see Filled) has left one out. Of a
// slice the first element is looked at, and neither times nor interfaces are opened.
// except names fields that may be zero, with the names on the way to them, such as
// "Stock.ProductID".
func WantFilled(t testing.TB, made any, except ...string) {
	t.Helper()
	for _, path := range zeroFields(reflect.ValueOf(made), "", except) {
		t.Errorf("%T: %s is left out", made, path)
	}
}

// zeroFields lists what is zero in v, which is at the path.
func zeroFields(v reflect.Value, path string, except []string) (zero []string) {
	if path != "" && slices.Contains(except, path) {
		return nil
	}
	if v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 {
		return []string{cmp.Or(path, "all of it")}
	}
	switch v.Kind() {
	case reflect.Pointer:
		return zeroFields(v.Elem(), path, except)
	case reflect.Slice:
		return zeroFields(v.Index(0), path, except)
	case reflect.Struct:
		if _, moment := v.Interface().(time.Time); moment {
			return nil
		}
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && field.Type.Size() > 0 {
				zero = append(zero, zeroFields(v.Field(i), strings.TrimPrefix(path+"."+field.Name, "."), except)...)
			}
		}
	}
	return zero
}
