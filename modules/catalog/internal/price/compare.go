package price

import (
	"app/platform/fault"
	"app/platform/money"
)

// ValidateCompareAt lists what is wrong with an amount that was sent for a price to be
// compared with. Nil and an amount of 0 are none.
func ValidateCompareAt(sent *money.Money, now money.Money) []fault.Field {
	switch {
	case sent == nil || sent.Amount == 0:
		return nil
	case sent.Currency != now.Currency:
		return []fault.Field{{Pointer: "/compare_at/currency", Detail: "must be that of the price, " + now.Currency}}
	case sent.Amount <= now.Amount || sent.Amount > money.Max:
		return []fault.Field{{Pointer: "/compare_at/amount", Detail: "must be more than the price, or 0 for none"}}
	}
	return nil
}

// CompareAt is the amount that a price is compared with after a change: what was sent,
// else what it was before. That goes with a price that is not less than it any more, or
// in another currency.
func CompareAt(sent *money.Money, was int64, before, after money.Money) int64 {
	switch {
	case sent != nil:
		return sent.Amount
	case after.Currency != before.Currency || was <= after.Amount:
		return 0
	}
	return was
}
