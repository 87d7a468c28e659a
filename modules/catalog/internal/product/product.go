// Package product is what merchants sell: products, who may change them, and how they
// are found.
package product

import (
	"cmp"
	"strconv"
	"time"

	"app/modules/catalog/internal/price"
	"app/modules/catalog/internal/status"
	"app/modules/catalog/internal/stock"
	"app/platform/fault"
	"app/platform/ids"
	"app/platform/metadata"
	"app/platform/money"
	"app/platform/slug"
	"app/platform/text"
)

// Bounds of a product. The lengths are in characters.
const (
	MaxTitle       = 200
	MaxDescription = 5_000
	MaxSKU         = 64
	MaxExternalID  = 64
	MaxPrice       = money.Max
	// DefaultLowStock is the number of available units at which a merchant is told
	// unless it chose another.
	DefaultLowStock = 5
	// MinQuantity and MaxQuantity bound the units of one product in one order, unless
	// the merchant chose narrower bounds.
	MinQuantity = 1
	MaxQuantity = 10_000
)

// Product is what a merchant sells, with its stock.
type Product struct {
	ID          string
	MerchantID  string
	Title       string
	Description string
	SKU         string
	Price       money.Money
	// CompareAt is the amount that the price is announced as a reduction of, 0 for none.
	CompareAt int64
	// PriceSince is when the product began to have its price, and Lowest30Days the lowest
	// amount that it cost in the 30 days before, in the same currency; nil when it had no
	// such price then.
	PriceSince   time.Time
	Lowest30Days *int64
	// Version counts the changes of the product itself, from 1; its stock has a version
	// of its own.
	Version   int64
	CreatedAt time.Time
	// Archived products are not sold any more; orders may still name them.
	Archived bool
	// MinQuantity and MaxQuantity bound the units of one order.
	MinQuantity, MaxQuantity int64
	// Metadata is the merchant's own, and everybody sees it.
	Metadata metadata.Metadata
	// ExternalID is the product in the merchant's own system, empty when it has not said;
	// no other listed product of the merchant has it.
	ExternalID string
	// Slug is what the product's page is called in its address; no other listed product of
	// the merchant has it. It is empty for a product of an earlier release until a
	// slug is made for it in the background.
	Slug string
	// CategoryIDs are the categories that it was put into, in the order of the merchant.
	CategoryIDs []string
	// Attributes are its values by the codes of attributes, each as JSON.
	Attributes map[string]string
	// PublicFrom is when the product becomes active; see StatusAt. The zero time: it always
	// was.
	PublicFrom time.Time
	Stock      stock.Stock
}

// Item is the product as stock knows it.
func (p Product) Item() stock.Item {
	return stock.Item{MerchantID: p.MerchantID, SKU: p.SKU, Stock: p.Stock}
}

// Draft is a product that is to be listed.
type Draft struct {
	MerchantID, Title, Description, SKU string
	Price                               money.Money
	// CompareAt is what the price is announced as a reduction of; nil for nothing.
	CompareAt *money.Money
	// Stock is the number of units to begin with.
	Stock             int64
	LowStockThreshold int64
	// MinQuantity and MaxQuantity bound the units of one order; 0 is the widest bound.
	MinQuantity, MaxQuantity int64
	Metadata                 metadata.Change
	ExternalID               string
	Slug                     string        // made of the title when empty
	Status                   status.Status // draft or active; active when empty
	// PublishAt is when a draft becomes active by itself.
	PublishAt *time.Time
}

// toProduct makes the product with the id, or says what is wrong with the draft.
func (d Draft) toProduct(id string, now time.Time) (Product, error) {
	p := Product{
		ID: id, MerchantID: d.MerchantID, Title: d.Title, Description: d.Description, SKU: d.SKU, Price: d.Price,
		MinQuantity: cmp.Or(d.MinQuantity, MinQuantity), MaxQuantity: cmp.Or(d.MaxQuantity, MaxQuantity),
		ExternalID: d.ExternalID, Slug: d.Slug, PublicFrom: status.PublicFrom(d.Status, d.PublishAt),
		Version: 1, CreatedAt: now.UTC().Truncate(time.Microsecond),
		Stock: stock.Stock{ProductID: id, OnHand: d.Stock, LowThreshold: d.LowStockThreshold, Version: 1},
	}
	p.PriceSince = p.CreatedAt
	wrong := normaliseProduct(&p, now)
	wrong = append(wrong, price.ValidateCompareAt(d.CompareAt, p.Price)...)
	p.CompareAt = price.CompareAt(d.CompareAt, 0, p.Price, p.Price)
	wrong = append(wrong, attachMetadata(&p, d.Metadata)...)
	wrong = append(wrong, status.Validate(d.Status, d.PublishAt)...)
	if p.Slug != "" {
		wrong = append(wrong, slug.Validate("/slug", p.Slug)...)
	}
	if !ids.Valid("mrc", p.MerchantID) {
		wrong = append(wrong, fault.Field{Pointer: "/merchant_id", Detail: "is not the id of a merchant"})
	}
	if len(wrong) > 0 {
		return Product{}, fault.Invalid(wrong...)
	}
	return p, nil
}

// normaliseProduct puts the product's texts in the form to keep and lists what keeps it
// from being listed.
func normaliseProduct(p *Product, now time.Time) (wrong []fault.Field) {
	wrong = append(wrong, normaliseText("/title", &p.Title, text.Line, 1, MaxTitle)...)
	wrong = append(wrong, normaliseText("/description", &p.Description, text.Block, 0, MaxDescription)...)
	wrong = append(wrong, normaliseText("/sku", &p.SKU, text.Line, 1, MaxSKU)...)
	wrong = append(wrong, normaliseText("/external_id", &p.ExternalID, text.Line, 0, MaxExternalID)...)
	wrong = append(wrong, validatePrice(p.Price, now)...)
	wrong = append(wrong, validateCount("/stock", p.Stock.OnHand, stock.MaxOnHand)...)
	wrong = append(wrong, validateCount("/low_stock_threshold", p.Stock.LowThreshold, stock.MaxOnHand)...)
	return append(wrong, validateQuantities(*p)...)
}

// attachMetadata gives a new product its metadata, or says what is wrong with it.
func attachMetadata(p *Product, sent metadata.Change) []fault.Field {
	kept, wrong := sent.Normalise("/metadata")
	p.Metadata = p.Metadata.Merge(kept)
	return append(wrong, p.Metadata.Validate("/metadata")...)
}

// validateQuantities lists what is wrong with how many units one order may have.
func validateQuantities(p Product) (wrong []fault.Field) {
	if p.MinQuantity < MinQuantity || p.MinQuantity > MaxQuantity {
		wrong = append(wrong, fault.Field{Pointer: "/min_quantity", Detail: "must be between 1 and " + strconv.Itoa(MaxQuantity)})
	}
	if p.MaxQuantity < p.MinQuantity || p.MaxQuantity > MaxQuantity {
		wrong = append(wrong, fault.Field{Pointer: "/max_quantity", Detail: "must be between min_quantity and " + strconv.Itoa(MaxQuantity)})
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

// Change holds the new values of a product; nil leaves a value as it is.
type Change struct {
	Title, Description, SKU *string
	Price                   *money.Money
	CompareAt               *money.Money // of amount 0 for none
	LowStockThreshold       *int64

	MinQuantity, MaxQuantity *int64

	// Metadata is merged into what the product has.
	Metadata metadata.Change
	// ExternalID is empty to take it away.
	ExternalID *string
	Slug       *string
	// Status is draft or active. One that is given takes away a time that is not.
	Status    *status.Status
	PublishAt *time.Time
}

// normaliseChange does for what is to be changed what is done for a new product, and for
// nothing else: a product that was listed before a rule still gets another price.
func (c *Change) normaliseChange(now time.Time) (wrong []fault.Field) {
	wrong = append(wrong, normaliseGiven("/title", &c.Title, text.Line, 1, MaxTitle)...)
	wrong = append(wrong, normaliseGiven("/description", &c.Description, text.Block, 0, MaxDescription)...)
	wrong = append(wrong, normaliseGiven("/sku", &c.SKU, text.Line, 1, MaxSKU)...)
	wrong = append(wrong, normaliseGiven("/external_id", &c.ExternalID, text.Line, 0, MaxExternalID)...)
	if c.Price != nil {
		wrong = append(wrong, validatePrice(*c.Price, now)...)
	}
	if c.LowStockThreshold != nil {
		wrong = append(wrong, validateCount("/low_stock_threshold", *c.LowStockThreshold, stock.MaxOnHand)...)
	}
	if c.Slug != nil {
		wrong = append(wrong, slug.Validate("/slug", *c.Slug)...)
	}
	kept, bad := c.Metadata.Normalise("/metadata")
	c.Metadata = kept
	return append(wrong, bad...)
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
	before := p.Price
	setIfGiven(&p.Price, c.Price)
	p.CompareAt = price.CompareAt(c.CompareAt, p.CompareAt, before, p.Price)
	setIfGiven(&p.Stock.LowThreshold, c.LowStockThreshold)
	setIfGiven(&p.MinQuantity, c.MinQuantity)
	setIfGiven(&p.MaxQuantity, c.MaxQuantity)
	p.Metadata = p.Metadata.Merge(c.Metadata)
	setIfGiven(&p.ExternalID, c.ExternalID)
	setIfGiven(&p.Slug, c.Slug)
	if c.Status != nil || c.PublishAt != nil {
		var is status.Status
		setIfGiven(&is, c.Status)
		p.PublicFrom = status.PublicFrom(is, c.PublishAt)
	}
	return p
}

func setIfGiven[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}
