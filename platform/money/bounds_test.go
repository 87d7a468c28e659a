package money_test

import (
	"reflect"
	"strconv"
	"testing"

	"app/platform/money"
)

// The bound that the API documents is the one that the house keeps, and JSON keeps it
// exact.
func TestFault30_DocumentedBoundIsMax(t *testing.T) {
	t.Parallel()
	field, _ := reflect.TypeFor[money.Money]().FieldByName("Amount")
	if got := field.Tag.Get("maximum"); got != strconv.FormatInt(money.Max, 10) {
		t.Errorf("documented as %s, is %d", got, int64(money.Max))
	}
	if exact := float64(money.Max); int64(exact) != money.Max || int64(exact)+1 != money.Max+1 {
		t.Error("a reader of JSON rounds it")
	}
	most := money.Money{Amount: money.Max}
	if most.TooMuch() || !(money.Money{Amount: money.Max + 1}).TooMuch() {
		t.Error("Max itself is not too much, and one more is")
	}
}
