package product

import (
	"time"

	"app/modules/catalog/internal/price"
	"app/modules/catalog/internal/status"
	"app/platform/fault"
)

// StatusAt is the status of the product at a time.
func (p Product) StatusAt(now time.Time) status.Status {
	if p.Archived {
		return status.Archived
	}
	return status.At(p.PublicFrom, now)
}

// validateListed lists what is wrong with the status of the products to list.
func validateListed(f Filter) (wrong []fault.Field) {
	switch f.Status {
	case "":
		return nil
	case status.Draft, status.Active, status.Archived:
	default:
		wrong = append(wrong, fault.Field{Pointer: "/status", Detail: "must be draft, active or archived"})
	}
	if f.MerchantID == "" {
		wrong = append(wrong, fault.Field{Pointer: "/merchant_id", Detail: "is required with a status"})
	}
	if f.CategoryID != "" {
		wrong = append(wrong, fault.Field{Pointer: "/category_id", Detail: "does not go with a status"})
	}
	if f.CollectionID != "" {
		wrong = append(wrong, fault.Field{Pointer: "/collection_id", Detail: "does not go with a status"})
	}
	return wrong
}

// validateChange lists what is wrong with a change of p as it is at the time, beyond what
// normaliseChange finds: values that depend on others, which may have been there before.
func (c *Change) validateChange(p Product, now time.Time) (wrong []fault.Field) {
	next := c.applyTo(p)
	wrong = append(wrong, validateQuantities(next)...)
	wrong = append(wrong, next.Metadata.Validate("/metadata")...)
	wrong = append(wrong, price.ValidateCompareAt(c.CompareAt, next.Price)...)
	is := p.StatusAt(now)
	setIfGiven(&is, c.Status)
	return append(wrong, status.Validate(is, c.PublishAt)...)
}
