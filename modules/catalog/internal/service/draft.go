package service

import (
	"strconv"
	"time"

	"app/modules/catalog/internal/store"
	"app/platform/fault"
	"app/platform/money"
	"app/platform/text"
)

// Bounds of a product. The lengths are in characters.
const (
	MaxTitle       = 200
	MaxDescription = 5_000
	MaxSKU         = 64
	MaxPrice       = money.Max
	MaxStock       = store.MaxOnHand
	// DefaultLowStock is the number of available units at which a merchant is told
	// unless it chose another.
	DefaultLowStock = 5
	// MinQuantity and MaxQuantity bound the units of one product in one order, unless
	// the merchant chose narrower bounds.
	MinQuantity = 1
	MaxQuantity = 10_000
)

// normaliseProduct puts the product's texts in the form to keep and lists what keeps it
// from being listed.
func normaliseProduct(p *Product, now time.Time) (wrong []fault.Field) {
	wrong = append(wrong, normaliseText("/title", &p.Title, text.Line, 1, MaxTitle)...)
	wrong = append(wrong, normaliseText("/description", &p.Description, text.Block, 0, MaxDescription)...)
	wrong = append(wrong, normaliseText("/sku", &p.SKU, text.Line, 1, MaxSKU)...)
	wrong = append(wrong, validatePrice(p.Price, now)...)
	wrong = append(wrong, validateCount("/stock", p.Stock.OnHand, MaxStock)...)
	wrong = append(wrong, validateCount("/low_stock_threshold", p.Stock.LowThreshold, MaxStock)...)
	return append(wrong, validateQuantityBounds(*p)...)
}

// validateQuantityBounds lists what is wrong with how many units one cart may hold.
func validateQuantityBounds(p Product) (wrong []fault.Field) {
	if p.MinQuantity < MinQuantity || p.MinQuantity > MaxQuantity {
		wrong = append(wrong, fault.Field{Pointer: "/min_quantity", Detail: "must be between 1 and " + strconv.Itoa(MaxQuantity)})
	}
	if p.MaxQuantity < p.MinQuantity || p.MaxQuantity > MaxQuantity {
		wrong = append(wrong, fault.Field{Pointer: "/max_quantity", Detail: "must be between min_quantity and " + strconv.Itoa(MaxQuantity)})
	}
	return wrong
}

// cleanChange is the same for what is to be changed, and for nothing else: a product
// that was listed before a rule still gets another price.
func cleanChange(c *Change, now time.Time) (wrong []fault.Field) {
	var p Product
	for _, s := range []struct {
		pointer     string
		given       **string
		kept        *string
		rule        func(s string, least, most int) (string, error)
		least, most int
	}{
		{"/title", &c.Title, &p.Title, text.Line, 1, MaxTitle}, {"/description", &c.Description, &p.Description, text.Block, 0, MaxDescription},
		{"/sku", &c.SKU, &p.SKU, text.Line, 1, MaxSKU},
	} {
		if *s.given != nil {
			*s.kept = **s.given
			wrong = append(wrong, normaliseText(s.pointer, s.kept, s.rule, s.least, s.most)...)
			*s.given = s.kept
		}
	}
	if c.Price != nil {
		wrong = append(wrong, validatePrice(*c.Price, now)...)
	}
	if c.LowStockThreshold != nil {
		wrong = append(wrong, validateCount("/low_stock_threshold", *c.LowStockThreshold, MaxStock)...)
	}
	return wrong
}

func validatePrice(m money.Money, now time.Time) []fault.Field {
	wrong := validateCount("/price/amount", m.Amount, MaxPrice)
	switch {
	case !money.Known(m.Currency):
		wrong = append(wrong, fault.Field{Pointer: "/price/currency", Detail: "is not a currency of this shop"})
	case !money.InUse(m.Currency, now):
		wrong = append(wrong, fault.Field{Pointer: "/price/currency", Detail: "is a currency that has ended"})
	}
	return wrong
}

// normaliseText replaces a text by its form to keep, or says what is wrong with it.
func normaliseText(pointer string, s *string, rule func(s string, least, most int) (string, error), least, most int) []fault.Field {
	kept, err := rule(*s, least, most)
	if err != nil {
		return []fault.Field{{Pointer: pointer, Detail: err.Error()}}
	}
	*s = kept
	return nil
}

func validateCount(pointer string, n, most int64) []fault.Field {
	if n < 0 || n > most {
		return []fault.Field{{Pointer: pointer, Detail: "must be between 0 and " + strconv.FormatInt(most, 10)}}
	}
	return nil
}
