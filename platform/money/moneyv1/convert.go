// Package moneyv1 is money in contracts and events.
package moneyv1

import "app/platform/money"

// Of puts an amount into a message.
func Of(m money.Money) *Money { return &Money{Amount: m.Amount, Currency: m.Currency} }

// Value takes the amount out of a message; nothing is zero of no currency.
func (x *Money) Value() money.Money {
	return money.Money{Amount: x.GetAmount(), Currency: x.GetCurrency()}
}
