package product

import (
	"math"
	"time"

	"app/platform/fault"
)

// Status is who can see and buy a product.
type Status string

// The statuses. A draft becomes active when somebody says so, or by the clock; what is
// archived stays so.
const (
	// StatusDraft is for the members of the merchant to see, and for nobody to buy.
	StatusDraft    Status = "draft"
	StatusActive   Status = "active"
	StatusArchived Status = "archived"
)

// never is when a draft becomes active by itself that waits for somebody.
var never = time.UnixMicro(math.MaxInt64).UTC()

// StatusAt is the status of the product at a time. It is decided when the product is
// read, so that a draft is published on time whatever else runs.
func (p Product) StatusAt(now time.Time) Status {
	switch {
	case p.Archived:
		return StatusArchived
	case p.PublicFrom.After(now):
		return StatusDraft
	}
	return StatusActive
}

// publishAt is when the product becomes active by itself, or has become so; nil when it
// is not by itself.
func (p Product) publishAt() *time.Time {
	if p.PublicFrom.IsZero() || p.PublicFrom.Equal(never) {
		return nil
	}
	return &p.PublicFrom
}

// publicFrom is Product.PublicFrom of a status and of the time that was sent with it.
func publicFrom(status Status, publishAt *time.Time) time.Time {
	switch {
	case publishAt != nil:
		return publishAt.UTC().Truncate(time.Microsecond)
	case status == StatusDraft:
		return never
	}
	return time.Time{}
}

// validateStatus lists what is wrong with the status of a product and with the time that
// was sent for it. An empty status is the default.
func validateStatus(status Status, publishAt *time.Time) (wrong []fault.Field) {
	if status != "" && status != StatusDraft && status != StatusActive {
		wrong = append(wrong, fault.Field{Pointer: "/status", Detail: "must be draft or active"})
	}
	switch {
	case publishAt == nil:
	case status != StatusDraft:
		wrong = append(wrong, fault.Field{Pointer: "/publish_at", Detail: "is for a draft: the status has to be draft"})
	case publishAt.Unix() <= 0:
		wrong = append(wrong, fault.Field{Pointer: "/publish_at", Detail: "must be after 1970"})
	}
	return wrong
}

// validateListed lists what is wrong with the status of the products to list.
func validateListed(f Filter) (wrong []fault.Field) {
	switch f.Status {
	case "":
		return nil
	case StatusDraft, StatusActive, StatusArchived:
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
	wrong = append(wrong, validateCompareAt(c.CompareAt, next.Price)...)
	status := p.StatusAt(now)
	setIfGiven(&status, c.Status)
	return append(wrong, validateStatus(status, c.PublishAt)...)
}
