package service

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"app/modules/catalog/internal/store"
	"app/platform/fault"
	"app/platform/money"
)

// Bounds of a product. The lengths are in characters.
const (
	MaxTitle       = 200
	MaxDescription = 5_000
	MaxSKU         = 64
	MaxPrice       = money.Max
	MaxStock       = store.MaxOnHand
	// DefaultLowStock is the number of available units at which a merchant is told unless it chose another.
	DefaultLowStock = 5
	// MinQuantity and MaxQuantity bound the units of one product in one order, unless the merchant chose narrower bounds.
	MinQuantity = 1
	MaxQuantity = 10_000
)

// clean takes away what nobody means: spaces around title and sku.
func clean(p Product) Product {
	p.Title, p.SKU = strings.TrimSpace(p.Title), strings.TrimSpace(p.SKU)
	return p
}

// flaws lists what keeps the product from being listed.
func flaws(p Product) (wrong []fault.Field) {
	wrong = append(wrong, text("/title", p.Title, 1, MaxTitle, "")...)
	wrong = append(wrong, text("/description", p.Description, 0, MaxDescription, "\n\r\t")...)
	wrong = append(wrong, text("/sku", p.SKU, 1, MaxSKU, "")...)
	wrong = append(wrong, number("/price/amount", p.Price.Amount, MaxPrice)...)
	if !money.Known(p.Price.Currency) {
		wrong = append(wrong, fault.Field{Pointer: "/price/currency", Detail: "is not a currency of this shop"})
	}
	wrong = append(wrong, number("/stock", p.Stock.OnHand, MaxStock)...)
	wrong = append(wrong, number("/low_stock_threshold", p.Stock.LowThreshold, MaxStock)...)
	if p.MinQuantity < MinQuantity || p.MinQuantity > MaxQuantity {
		wrong = append(wrong, fault.Field{Pointer: "/min_quantity", Detail: "must be between 1 and " + strconv.Itoa(MaxQuantity)})
	}
	if p.MaxQuantity < p.MinQuantity || p.MaxQuantity > MaxQuantity {
		wrong = append(wrong, fault.Field{Pointer: "/max_quantity", Detail: "must be between min_quantity and " + strconv.Itoa(MaxQuantity)})
	}
	return wrong
}

// text checks a text's length and that it has no control characters but the allowed ones.
func text(pointer, s string, least, most int, allowed string) []fault.Field {
	control := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(allowed, r) }
	switch n := utf8.RuneCountInString(s); {
	case n < least:
		return []fault.Field{{Pointer: pointer, Detail: "must not be empty"}}
	case n > most:
		return []fault.Field{{Pointer: pointer, Detail: "must have at most " + strconv.Itoa(most) + " characters"}}
	case !utf8.ValidString(s) || strings.ContainsFunc(s, control):
		return []fault.Field{{Pointer: pointer, Detail: "has characters that are not allowed"}}
	}
	return nil
}

func number(pointer string, n, most int64) []fault.Field {
	if n < 0 || n > most {
		return []fault.Field{{Pointer: pointer, Detail: "must be between 0 and " + strconv.FormatInt(most, 10)}}
	}
	return nil
}
