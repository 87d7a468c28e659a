package money

import "time"

// digits are the minor-unit digits of the currencies that prices may have (ISO 4217 list
// one; SIX Financial Information, the maintenance agency, publishes it). Precious metals,
// units of account between banks and codes for testing are left out.
var digits = map[string]int{
	"AED": 2, "AFN": 2, "ALL": 2, "AMD": 2, "AOA": 2, "ARS": 2, "AUD": 2, "AWG": 2, "AZN": 2, "BAM": 2,
	"BBD": 2, "BDT": 2, "BHD": 3, "BIF": 0, "BMD": 2, "BND": 2, "BOB": 2, "BRL": 2, "BSD": 2, "BTN": 2,
	"BWP": 2, "BYN": 2, "BZD": 2, "CAD": 2, "CDF": 2, "CHF": 2, "CLF": 4, "CLP": 0, "CNY": 2, "COP": 2,
	"CRC": 2, "CUP": 2, "CVE": 2, "CZK": 2, "DJF": 0, "DKK": 2, "DOP": 2, "DZD": 2, "EGP": 2, "ERN": 2,
	"ETB": 2, "EUR": 2, "FJD": 2, "FKP": 2, "GBP": 2, "GEL": 2, "GHS": 2, "GIP": 2, "GMD": 2, "GNF": 0,
	"GTQ": 2, "GYD": 2, "HKD": 2, "HNL": 2, "HTG": 2, "HUF": 2, "IDR": 2, "ILS": 2, "INR": 2, "IQD": 3,
	"IRR": 2, "ISK": 0, "JMD": 2, "JOD": 3, "JPY": 0, "KES": 2, "KGS": 2, "KHR": 2, "KMF": 0, "KPW": 2,
	"KRW": 0, "KWD": 3, "KYD": 2, "KZT": 2, "LAK": 2, "LBP": 2, "LKR": 2, "LRD": 2, "LSL": 2, "LYD": 3,
	"MAD": 2, "MDL": 2, "MGA": 2, "MKD": 2, "MMK": 2, "MNT": 2, "MOP": 2, "MRU": 2, "MUR": 2, "MVR": 2,
	"MWK": 2, "MXN": 2, "MYR": 2, "MZN": 2, "NAD": 2, "NGN": 2, "NIO": 2, "NOK": 2, "NPR": 2, "NZD": 2,
	"OMR": 3, "PAB": 2, "PEN": 2, "PGK": 2, "PHP": 2, "PKR": 2, "PLN": 2, "PYG": 0, "QAR": 2, "RON": 2,
	"RSD": 2, "RUB": 2, "RWF": 0, "SAR": 2, "SBD": 2, "SCR": 2, "SDG": 2, "SEK": 2, "SGD": 2, "SHP": 2,
	"SLE": 2, "SOS": 2, "SRD": 2, "SSP": 2, "STN": 2, "SVC": 2, "SYP": 2, "SZL": 2, "THB": 2, "TJS": 2,
	"TMT": 2, "TND": 3, "TOP": 2, "TRY": 2, "TTD": 2, "TWD": 2, "TZS": 2, "UAH": 2, "UGX": 0, "USD": 2,
	"UYU": 2, "UYW": 4, "UZS": 2, "VED": 2, "VES": 2, "VND": 0, "VUV": 0, "WST": 2, "XAF": 0, "XCD": 2,
	"XCG": 2, "XOF": 0, "XPF": 0, "YER": 2, "ZAR": 2, "ZMW": 2, "ZWG": 2,
	// Ended, and still in old orders: see retired.
	"ANG": 2, "BGN": 2, "BYR": 0, "CUC": 2, "CYP": 2, "EEK": 2, "HRK": 2, "LTL": 2, "LVL": 2, "MRO": 2,
	"MTL": 2, "SIT": 2, "SKK": 2, "SLL": 2, "STD": 2, "VEF": 2, "ZMK": 2, "ZWL": 2,
}

// retired is the first day on which no price is taken in a currency that has ended: when
// its successor took over, or when it ceased to be legal tender if that came later
// (ISO 4217 list three).
var retired = map[string]string{
	"SIT": "2007-01-01", "CYP": "2008-01-01", "MTL": "2008-01-01", "SKK": "2009-01-01", "EEK": "2011-01-01",
	"ZMK": "2013-01-01", "LVL": "2014-01-01", "LTL": "2015-01-01", "BYR": "2017-01-01", "MRO": "2018-01-01",
	"STD": "2018-01-01", "VEF": "2018-08-20", "CUC": "2021-07-01", "HRK": "2023-01-01", "SLL": "2024-04-01",
	"ZWL": "2024-09-01", "ANG": "2025-07-01", "BGN": "2026-01-01",
}

// Known reports whether the house can count in the currency, also in one that has ended:
// what was sold in it stays readable.
func Known(currency string) bool {
	_, ok := digits[currency]
	return ok
}

// InUse reports whether a price may be made in the currency at a time: it is known, and
// has not ended.
func InUse(currency string, at time.Time) bool {
	end, over := retired[currency]
	return Known(currency) && (!over || at.UTC().Format(time.DateOnly) < end)
}

// Digits is how many digits the minor unit of a currency has: 2 for EUR, 0 for JPY, 3
// for KWD. It is 2 for what is no currency.
func Digits(currency string) int {
	if n, ok := digits[currency]; ok {
		return n
	}
	return 2
}
