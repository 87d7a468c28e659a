// Package money counts in minor units of an ISO 4217 currency; nothing here or anywhere
// else is a float.
package money

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// Max is the largest amount that the house counts in minor units, of a price, a line, a
// cart, an order, a share and a refund alike: the largest integer that every reader of
// JSON keeps exact (RFC 8259 section 6, RFC 7493 section 2.2).
const Max = 1<<53 - 1

// Money is an amount in minor units (cents for EUR, yen for JPY) and its currency.
type Money struct {
	Amount   int64  `json:"amount" minimum:"0" maximum:"9007199254740991" example:"1990" doc:"Amount in minor units of the currency"`
	Currency string `json:"currency" pattern:"^[A-Z]{3}$" example:"EUR" doc:"ISO 4217 code"`
}

// Errors of the arithmetic.
var (
	ErrCurrency = errors.New("money: different currencies")
	ErrOverflow = errors.New("money: overflow")
)

// TooMuch reports whether the amount is above Max.
func (m Money) TooMuch() bool { return m.Amount > Max }

// Add sums two amounts of one currency.
func (m Money) Add(o Money) (Money, error) {
	if m.Currency != o.Currency {
		return Money{}, ErrCurrency
	}
	sum := m.Amount + o.Amount
	if (sum > m.Amount) != (o.Amount > 0) && o.Amount != 0 {
		return Money{}, ErrOverflow
	}
	return Money{Amount: sum, Currency: m.Currency}, nil
}

// Times multiplies by a quantity that is not negative.
func (m Money) Times(quantity int64) (Money, error) {
	if quantity < 0 || m.Amount < 0 {
		return Money{}, ErrOverflow
	}
	hi, lo := bits.Mul64(uint64(m.Amount), uint64(quantity))
	if hi != 0 || lo > math.MaxInt64 {
		return Money{}, ErrOverflow
	}
	return Money{Amount: int64(lo), Currency: m.Currency}, nil
}

// String writes the amount for people: "19.90 EUR", "500 JPY".
func (m Money) String() string {
	digits := Digits(m.Currency)
	sign, n := "", uint64(m.Amount)
	if m.Amount < 0 {
		sign, n = "-", -n
	}
	s := fmt.Sprintf("%0*d", digits+1, n)
	if digits > 0 {
		s = s[:len(s)-digits] + "." + s[len(s)-digits:]
	}
	return strings.Join([]string{sign + s, m.Currency}, " ")
}
