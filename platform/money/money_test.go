package money_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"app/platform/money"
)

func TestString(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]money.Money{
		"19.90 EUR": {Amount: 1990, Currency: "EUR"}, "0.05 USD": {Amount: 5, Currency: "USD"},
		"500 JPY": {Amount: 500, Currency: "JPY"}, "1.234 KWD": {Amount: 1234, Currency: "KWD"}, "-0.01 EUR": {Amount: -1, Currency: "EUR"},
	} {
		if got := m.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAddRefusesOtherCurrency(t *testing.T) {
	t.Parallel()
	if _, err := (money.Money{Amount: 1, Currency: "EUR"}).Add(money.Money{Amount: 1, Currency: "USD"}); !errors.Is(err, money.ErrCurrency) {
		t.Errorf("got %v", err)
	}
}

// TestArithmeticIsExactOrRefused compares with arbitrary precision.
func TestArithmeticIsExactOrRefused(t *testing.T) {
	t.Parallel()
	limit := big.NewInt(math.MaxInt64)
	check := func(t *rapid.T, want *big.Int, got money.Money, err error) {
		if want.Cmp(limit) > 0 {
			if !errors.Is(err, money.ErrOverflow) {
				t.Fatalf("%s passed as %d", want, got.Amount)
			}
			return
		}
		if err != nil || got.Amount != want.Int64() {
			t.Fatalf("got %d, %v, want %s", got.Amount, err, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64Min(0).Draw(t, "a"), rapid.Int64Min(0).Draw(t, "b")
		x, y := big.NewInt(a), big.NewInt(b)
		m := money.Money{Amount: a, Currency: "EUR"}
		sum, err := m.Add(money.Money{Amount: b, Currency: "EUR"})
		check(t, new(big.Int).Add(x, y), sum, err)
		product, err := m.Times(b)
		check(t, new(big.Int).Mul(x, y), product, err)
	})
}
