package userstest

import (
	"reflect"
	"testing"
)

// WantNoZero checks that every field of a reply has a value: it was rendered from one
// whose fields all have.
func WantNoZero(t testing.TB, reply any) {
	t.Helper()
	v := reflect.ValueOf(reply)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%s: %s is left out", v.Type().Name(), v.Type().Field(i).Name)
		}
	}
}
