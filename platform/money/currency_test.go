package money_test

import (
	"testing"
	"time"

	"golang.org/x/text/currency"

	"app/platform/money"
)

// The digits are those that the Unicode CLDR has, which golang.org/x/text carries,
// where the two agree. CLDR has the digits that people write, ISO 4217 those that banks
// count.
func TestDigitsOfCLDR(t *testing.T) {
	t.Parallel()
	written := map[string]int{ // CLDR 32
		"AFN": 0, "ALL": 0, "AMD": 0, "COP": 0, "CRC": 2, "CZK": 2, "GYD": 0, "HUF": 2, "IDR": 0, "IQD": 0, "IRR": 0, "KPW": 0, "LAK": 0,
		"LBP": 0, "MGA": 0, "MMK": 0, "MNT": 0, "MRO": 0, "MUR": 0, "NOK": 2, "PKR": 0, "RSD": 0, "SEK": 2, "SLL": 0, "SOS": 0, "STD": 0,
		"SYP": 0, "TWD": 2, "TZS": 0, "UZS": 0, "YER": 0, "ZMK": 0,
	}
	younger := map[string]bool{"SLE": true, "VED": true, "VES": true, "UYW": true, "XCG": true, "ZWG": true, "MRU": true, "STN": true}
	seen := 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			for c := 'A'; c <= 'Z'; c++ {
				code := string([]rune{a, b, c})
				if !money.Known(code) {
					continue
				}
				seen++
				unit, err := currency.ParseISO(code)
				if err != nil {
					if !younger[code] {
						t.Errorf("%s: CLDR does not know it", code)
					}
					continue
				}
				want, listed := written[code]
				got, _ := currency.Standard.Rounding(unit)
				if !listed {
					want = money.Digits(code)
				}
				if got != want && !younger[code] {
					t.Errorf("%s: %d digits, CLDR has %d", code, money.Digits(code), got)
				}
			}
		}
	}
	if seen < 170 {
		t.Errorf("%d currencies", seen)
	}
}

func TestInUse(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		currency, at string
		want         bool
	}{
		{"EUR", "2026-11-28", true},
		{"HRK", "2022-12-31", true}, // Croatia has the euro since 2023
		{"HRK", "2023-01-01", false},
		{"BGN", "2025-12-31", true}, // and Bulgaria since 2026
		{"BGN", "2026-01-01", false},
		{"XAU", "2026-11-28", false},
		{"eur", "2026-11-28", false},
		{"", "2026-11-28", false},
	} {
		at, err := time.Parse(time.DateOnly, tc.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := money.InUse(tc.currency, at); got != tc.want {
			t.Errorf("%s on %s: %t", tc.currency, tc.at, got)
		}
	}
	if !money.Known("HRK") {
		t.Error("what was sold in kuna cannot be read any more")
	}
	for code, want := range map[string]int{"JPY": 0, "EUR": 2, "KWD": 3, "CLF": 4, "???": 2} {
		if got := money.Digits(code); got != want {
			t.Errorf("%s has %d digits", code, got)
		}
	}
}
