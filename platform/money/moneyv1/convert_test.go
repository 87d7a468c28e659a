package moneyv1

import (
	"testing"

	"app/platform/money"
)

func TestMoneyGoesThereAndBack(t *testing.T) {
	t.Parallel()
	want := money.Money{Amount: 1990, Currency: "EUR"}
	if got := Of(want).Value(); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	var none *Money
	if got := none.Value(); got != (money.Money{}) {
		t.Errorf("nothing is %v", got)
	}
}
