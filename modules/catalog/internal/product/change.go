package product

import (
	"time"

	"app/modules/catalog/internal/stock"
	"app/platform/fault"
	"app/platform/money"
	"app/platform/text"
)

// Change holds the new values of a product; nil leaves a value as it is.
type Change struct {
	Title, Description, SKU *string
	Price                   *money.Money
	LowStockThreshold       *int64

	MinQuantity, MaxQuantity *int64
}

// normaliseChange does for what is to be changed what is done for a new product, and for
// nothing else: a product that was listed before a rule still gets another price.
func (c *Change) normaliseChange(now time.Time) (wrong []fault.Field) {
	wrong = append(wrong, normaliseGiven("/title", &c.Title, text.Line, 1, MaxTitle)...)
	wrong = append(wrong, normaliseGiven("/description", &c.Description, text.Block, 0, MaxDescription)...)
	wrong = append(wrong, normaliseGiven("/sku", &c.SKU, text.Line, 1, MaxSKU)...)
	if c.Price != nil {
		wrong = append(wrong, validatePrice(*c.Price, now)...)
	}
	if c.LowStockThreshold != nil {
		wrong = append(wrong, validateCount("/low_stock_threshold", *c.LowStockThreshold, stock.MaxOnHand)...)
	}
	return wrong
}

// normaliseGiven is normaliseText for a text that may not be given. What was given
// stays as it is.
func normaliseGiven(pointer string, given **string, rule func(s string, least, most int) (string, error), least, most int) []fault.Field {
	if *given == nil {
		return nil
	}
	kept := **given
	*given = &kept
	return normaliseText(pointer, &kept, rule, least, most)
}

func (c *Change) applyTo(p Product) Product {
	setIfGiven(&p.Title, c.Title)
	setIfGiven(&p.Description, c.Description)
	setIfGiven(&p.SKU, c.SKU)
	setIfGiven(&p.Price, c.Price)
	setIfGiven(&p.Stock.LowThreshold, c.LowStockThreshold)
	setIfGiven(&p.MinQuantity, c.MinQuantity)
	setIfGiven(&p.MaxQuantity, c.MaxQuantity)
	return p
}

func setIfGiven[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// Match checks the version that a change is meant for, as operation.Conditional does.
// Nil accepts every version.
type Match func(version int64) error

func (m Match) matchVersion(version int64) error {
	if m == nil {
		return nil
	}
	return m(version)
}
